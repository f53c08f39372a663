"""Who may do what with profitability, by the names that views ask for; `crm_site/roles.py` ties them to roles."""

SEE_VALUE = "profitability.view_profitability"
SEE_RUNS = "customers.view_run"
START_RUN = "customers.request_run"
EDIT_COSTING = "profitability.change_costing"
EDIT_POLICY = "profitability.change_categorypolicy"
EDIT_VALUE_POLICY = "profitability.change_valuepolicy"
