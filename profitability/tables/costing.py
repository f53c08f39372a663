"""The columns of the costing: what became of each month's costs, and at what rates."""

from collections.abc import Iterable, Sequence
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.lib import components as drawn
from crm_site.lib.addresses import reverse
from crm_site.lib.cells import money_cell
from crm_site.lib.formatting import labelled, money, month, number, percent
from crm_site.lib.tables import Column, Table, draw
from profitability.charts import month_url
from profitability.drivers import driver_named
from profitability.models import Activity, RunActivity, RunMonth
from profitability.reports.costing import ActivityPlan, MonthLine, Months, Plan, PoolPlan
from profitability.reports.tracing import follows_contacts


def _month_name(row: RunMonth) -> str:
    return month(row.month)


def _month_address(row: RunMonth) -> str:
    return month_url(row.month)


def accounted_for(row: RunMonth) -> Decimal:
    """What the parts of a month's costs come to."""
    charged = row.cost_to_serve + row.anonymous_cost_to_serve - row.overload
    return charged + row.unused_capacity + row.company_level + row.rounding_difference


def _check(row: RunMonth) -> str:
    return _("Yes") if accounted_for(row) == row.entered else _("No")


MONTH = Column("month", gettext_lazy("Month"), "link", value=_month_name, link=_month_address)
RECONCILIATION = Table(
    "reconciliation",
    gettext_lazy("Where the costs of each month went"),
    (
        MONTH,
        Column("entered", gettext_lazy("Entered"), "money"),
        Column("cost_to_serve", gettext_lazy("To customers"), "money"),
        Column("anonymous_cost_to_serve", gettext_lazy("To anonymous sales"), "money"),
        Column("unused_capacity", gettext_lazy("Unused capacity"), "money"),
        Column(
            "overload",
            gettext_lazy("Overload"),
            "money",
            value=lambda row: -row.overload,
            hint=gettext_lazy("Charged for minutes beyond practical capacity, and so more than was entered."),
        ),
        Column("company_level", gettext_lazy("At company level"), "money"),
        Column("rounding_difference", gettext_lazy("Rounding"), "money"),
        Column(
            "check",
            gettext_lazy("Adds up"),
            "badge",
            value=_check,
            badge=lambda row: "success" if accounted_for(row) == row.entered else "danger",
        ),
    ),
    default_sort="-month",
)


# Parts that most companies never have: shown where there are any.
RARE = {"anonymous_cost_to_serve", "overload"}
RATE_MONTHS = 6


def reconciliation(months: Sequence[RunMonth], currency: str) -> drawn.Table:
    """Where the costs of these months went."""
    rare = {name for name in RARE if not any(getattr(row, name) for row in months)}
    columns = [column for column in RECONCILIATION.columns if column.name not in rare]
    return draw(RECONCILIATION, columns, months, currency=currency)


def rates_table(months: Months, currency: str) -> drawn.Table:
    """The rates of each activity in the latest months, the newest first."""
    shown = months.months[:RATE_MONTHS]
    return drawn.Table(
        caption=_("Rate of each activity by month"),
        columns=[drawn.Column(_("Activity")), *(drawn.Column(month(row.month), "money") for row in shown)],
        rows=[
            drawn.Row([_activity_cell(activity), *(_rate_cell(months, row, activity, currency) for row in shown)])
            for activity in months.activities
        ],
    )


def _activity_cell(activity: RunActivity) -> drawn.Cell:
    if activity.method == Activity.Method.TIME_DRIVEN:
        return drawn.Cell(activity.label, note=_("for each minute"))
    units = ", ".join(str(driver_named(code).label) for code in activity.drivers)
    return drawn.Cell(activity.label, note=_("for each unit: %(driver)s") % {"driver": units})


def _rate_cell(months: Months, row: RunMonth, activity: RunActivity, currency: str) -> drawn.Cell:
    found = months.rates.get((row.month, activity.pk))
    return unit_cell(found.rate if found and found.quantity else None, currency)


def month_lines(
    lines: Iterable[MonthLine], currency: str, *, orders_url: str = "", moments_url: str = ""
) -> drawn.Table:
    """Each activity of one month: how much was used (which opens the records), at what rate, and who was charged."""
    return drawn.Table(
        caption=_("Activities of the month"),
        columns=[
            drawn.Column(_("Activity")),
            drawn.Column(_("Quantity"), align="end"),
            drawn.Column(_("Rate"), align="end"),
            drawn.Column(_("Cost"), "money"),
            drawn.Column(_("Charged to customers"), "money"),
            drawn.Column(_("To anonymous sales"), "money"),
            drawn.Column(_("Rounding"), "money"),
        ],
        rows=[
            drawn.Row(
                _month_cells(line, currency, moments_url if follows_contacts(line.activity.drivers) else orders_url)
            )
            for line in lines
        ],
    )


def _month_cells(line: MonthLine, currency: str, records_url: str) -> list[drawn.Cell]:
    rate, timed = line.rate, line.activity.method == Activity.Method.TIME_DRIVEN
    amounts = (rate.cost, rate.charged, rate.charged_anonymous, rate.rounding_difference)
    each = [labelled(charge.driver.label, unit_amount(charge.amount, currency)) for charge in line.charges]
    unit = _("minutes") if timed else ", ".join(str(charge.driver.unit) for charge in line.charges)
    return [
        drawn.Cell(line.activity.label, note=line.activity.get_method_display()),
        drawn.Cell(plain_number(rate.quantity), records_url if rate.quantity else "", note=unit, value=rate.quantity),
        unit_cell(rate.rate if rate.quantity else None, currency, note=" · ".join(each) if timed else ""),
        *(money_cell(amount, currency) for amount in amounts),
    ]


def unit_amount(amount: float, currency: str) -> str:
    """The price of one unit, with more places where cents would hide it."""
    return money(amount, currency, digits=2 if abs(amount) >= 10 else 4)


def unit_cell(amount: float | None, currency: str, *, note: str = "") -> drawn.Cell:
    """The price of one unit in a list; a dash where there is none."""
    return drawn.Cell("" if amount is None else unit_amount(amount, currency), note=note, value=amount)


def plain_number(value: float | Decimal) -> str:
    """A quantity with the places that it needs, three at most."""
    exponent = Decimal(str(round(value, 3))).normalize().as_tuple().exponent
    return number(value, digits=max(0, -int(exponent)))


def pools_table(plan: Plan, currency: str, *, editable: bool = False) -> drawn.Table:
    """The cost pools of a costing, and which activities take what of them; names open their forms in a draft."""
    return drawn.Table(
        caption=_("Cost pools"),
        columns=[
            drawn.Column(_("Cost pool")),
            drawn.Column(_("Last amount"), "money"),
            drawn.Column(_("Capacity (minutes a month)"), "number"),
            drawn.Column(_("Taken by")),
            drawn.Column(_("At company level"), "percent"),
        ],
        rows=[drawn.Row(_pool_cells(pool, currency, editable=editable)) for pool in plan.pools],
    )


def _pool_cells(plan: PoolPlan, currency: str, *, editable: bool) -> list[drawn.Cell]:
    capacity = plan.pool.practical_capacity_minutes
    takers = [f"{share.activity} {_share(share.share)}" for share in plan.shares]
    if plan.time_driven:
        takers.append(_("time-driven activities, by the minute"))
    return [
        drawn.Cell(plan.pool.label, url=reverse("costing-pool", args=[plan.pool.pk]) if editable else ""),
        money_cell(plan.last.amount, currency, note=month(plan.last.month)) if plan.last else drawn.Cell(""),
        drawn.Cell(plain_number(capacity), value=capacity) if capacity else drawn.Cell(""),
        drawn.Cell(_("nobody, on purpose") if plan.pool.company_level else ", ".join(takers) or _("nobody")),
        drawn.Cell(_("what is unused") if plan.kept is None else _share(plan.kept), value=plan.kept),
    ]


def activities_table(plan: Plan, *, editable: bool = False) -> drawn.Table:
    """The activities of a costing in words: what they take, and how that reaches customers."""
    return drawn.Table(
        caption=_("Activities"),
        columns=[drawn.Column(_("Activity")), drawn.Column(_("Takes")), drawn.Column(_("Reaches customers by"))],
        rows=[drawn.Row(_activity_cells(activity, editable=editable)) for activity in plan.activities],
    )


def _activity_cells(plan: ActivityPlan, *, editable: bool) -> list[drawn.Cell]:
    activity = plan.activity
    url = reverse("costing-activity", args=[activity.pk]) if editable else ""
    return [
        drawn.Cell(activity.label, url=url, note=activity.get_method_display()),
        drawn.Cell(takes(plan)),
        drawn.Cell(reaches(plan)),
    ]


def takes(plan: ActivityPlan) -> str:
    """What an activity takes of cost pools, in words."""
    if plan.is_time_driven:
        resource = plan.activity.resource
        return _("minutes of %(pool)s") % {"pool": resource.label if resource else ""}
    return ", ".join(
        _("%(share)s of %(pool)s") % {"share": _share(share.share), "pool": share.pool} for share in plan.shares
    )


def reaches(plan: ActivityPlan) -> str:
    """How the cost of an activity reaches customers, in words."""
    return equation(plan) if plan.is_time_driven else str(plan.driver.label if plan.driver else "")


def equation(plan: ActivityPlan) -> str:
    """A time equation as people read it: 8 min × orders + 2 min × order lines."""
    return " + ".join(
        _("%(minutes)s min × %(driver)s")
        % {"minutes": plain_number(float(term.minutes)), "driver": str(term.driver.label).lower()}
        for term in plan.terms
    )


def _share(share: Decimal) -> str:
    return percent(share, digits=0 if share * 100 == int(share * 100) else 1)
