"""The account of a customer in a period, as a file."""

from django.utils.translation import gettext_lazy

from crm_site.lib.tables import Column, Table

ACCOUNT = Table(
    "profit-and-loss",
    gettext_lazy("Profit and loss"),
    (
        Column("label", gettext_lazy("Line")),
        Column("now", gettext_lazy("Period"), "money"),
        Column("before", gettext_lazy("Period before"), "money"),
        Column("change", gettext_lazy("Change"), "money"),
        Column("average", gettext_lazy("Average for comparison"), "money"),
    ),
)
