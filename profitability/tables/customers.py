"""The columns that name the customer of a row, whatever else the row says of it."""

from django.utils.translation import gettext_lazy

from crm_site.lib.addresses import reverse
from crm_site.lib.tables import Column

# Of rows that have a `customer`.
OF_A_CUSTOMER = (
    Column(
        "name",
        gettext_lazy("Customer"),
        "link",
        value=lambda row: row.customer.full_name,
        link=lambda row: reverse("customer", args=[row.customer.pk]),
    ),
    Column("reference", gettext_lazy("Reference"), value=lambda row: row.customer.reference),
)
