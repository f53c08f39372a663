"""Why customer equity changed, as tables and files."""

from dataclasses import dataclass
from decimal import Decimal
from urllib.parse import urlencode

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.lib.addresses import reverse
from crm_site.lib.tables import Column, Table
from profitability.reports.equity import shown_steps, step_names
from profitability.tables.customers import OF_A_CUSTOMER
from profitability.totals import Bridge


@dataclass(frozen=True, slots=True)
class StepRow:
    """One line of the bridge."""

    label: str
    amount: Decimal
    customers: int | None  # None where it is of no use to count them
    url: str = ""  # the customers it is made of


@dataclass(frozen=True, slots=True)
class SegmentRow:
    """The bridge of one segment on one line."""

    name: str
    url: str
    bridge: Bridge

    @property
    def change(self) -> Decimal:
        return self.bridge.after - self.bridge.before


STEPS = Table(
    "customer-equity",
    gettext_lazy("Why customer equity changed"),
    (
        Column("label", gettext_lazy("Reason"), "link", link=lambda row: row.url),
        Column("amount", gettext_lazy("Amount"), "money"),
        Column("customers", gettext_lazy("Customers"), "number"),
    ),
)


def _of_bridge(name: str, label: object) -> Column:
    return Column(name, label, "money", value=lambda row: getattr(row.bridge, name))  # type: ignore[arg-type]


SEGMENTS = Table(
    "customer-equity-by-segment",
    gettext_lazy("Customer equity by segment"),
    (
        Column("name", gettext_lazy("Segment"), "link", link=lambda row: row.url),
        _of_bridge("before", gettext_lazy("Before")),
        _of_bridge("won", gettext_lazy("Won")),
        _of_bridge("lost", gettext_lazy("Lost")),
        _of_bridge("activity", gettext_lazy("Activity")),
        _of_bridge("margin", gettext_lazy("Margin")),
        _of_bridge("cost", gettext_lazy("Cost")),
        _of_bridge("after", gettext_lazy("Now")),
    ),
)


# The customers behind a step.
STEP_CUSTOMERS = Table(
    "customer-equity-customers",
    gettext_lazy("Customers behind this change"),
    (
        *OF_A_CUSTOMER,
        Column("before", gettext_lazy("Lifetime value before"), "money"),
        Column("part", gettext_lazy("Part in this change"), "money"),
        Column("after", gettext_lazy("Lifetime value now"), "money"),
    ),
)


def step_url(name: str) -> str:
    """The customers whom a step is made of."""
    return f"{reverse('equity-customers')}?{urlencode({'step': name})}"


def step_rows(bridge: Bridge) -> list[StepRow]:
    """From equity before, step by step, to equity now; each step opens its customers."""
    names = step_names()
    counts = {
        "won": bridge.customers_won,
        "lost": bridge.customers_lost,
        "activity": bridge.customers_activity_up + bridge.customers_activity_down,
    }
    steps = [
        StepRow(names[name], amount, counts.get(name), step_url(name) if amount or counts.get(name) else "")
        for name in shown_steps(bridge)
        for amount in [getattr(bridge, name)]
    ]
    return [
        StepRow(_("Customer equity before"), bridge.before, None),
        *steps,
        StepRow(_("Customer equity now"), bridge.after, None, f"{reverse('ranking')}?sort=-lifetime_value"),
    ]
