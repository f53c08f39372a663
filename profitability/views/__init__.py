"""Screens of profitability."""

from profitability.views.accounts import customer_profit_and_loss
from profitability.views.cohorts import cohorts_page, rfm_page
from profitability.views.costing import costing_month, costing_page
from profitability.views.dashboard import dashboard_page
from profitability.views.equity import customer_equity, equity_customers
from profitability.views.groups import ranking_groups, ranking_sizes
from profitability.views.history import customer_value_history
from profitability.views.management import management_report, report_wishes
from profitability.views.matrix import matrix_cell, matrix_page
from profitability.views.moves import MovedList, ranking_moves
from profitability.views.policy import value_policy
from profitability.views.portfolio import (
    portfolio_concentration,
    portfolio_customers,
    portfolio_let_go,
    portfolio_page,
)
from profitability.views.profit_changes import ranking_changes
from profitability.views.ranking import RankingList
from profitability.views.runs import RunList, run_as_of, run_page, run_start
from profitability.views.scenarios import (
    scenario_compare,
    scenario_compute,
    scenario_copy,
    scenario_delete,
    scenario_lever,
    scenario_lever_add,
    scenario_lever_remove,
    scenario_list,
    scenario_new,
    scenario_page,
    scenario_save,
)
from profitability.views.value_models import value_models, value_models_compare

__all__ = [
    "MovedList",
    "RankingList",
    "RunList",
    "cohorts_page",
    "costing_month",
    "costing_page",
    "customer_equity",
    "customer_profit_and_loss",
    "customer_value_history",
    "dashboard_page",
    "equity_customers",
    "management_report",
    "matrix_cell",
    "matrix_page",
    "portfolio_concentration",
    "portfolio_customers",
    "portfolio_let_go",
    "portfolio_page",
    "ranking_changes",
    "ranking_groups",
    "ranking_moves",
    "ranking_sizes",
    "report_wishes",
    "rfm_page",
    "run_as_of",
    "run_page",
    "run_start",
    "scenario_compare",
    "scenario_compute",
    "scenario_copy",
    "scenario_delete",
    "scenario_lever",
    "scenario_lever_add",
    "scenario_lever_remove",
    "scenario_list",
    "scenario_new",
    "scenario_page",
    "scenario_save",
    "value_models",
    "value_models_compare",
    "value_policy",
]
