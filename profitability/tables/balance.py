"""The tables of the reconciliation of a period, and of both kinds of rates."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.lib import components as drawn
from crm_site.lib.addresses import reverse
from crm_site.lib.cells import money_cell, month_cell
from crm_site.lib.export import Sheet
from crm_site.lib.formatting import listed, money, month, percent
from crm_site.lib.tables import Column, Table
from profitability.periods import Period
from profitability.reports.balance import PARTS, Balance, Difference, PeriodBalance
from profitability.reports.rates import BothRates, ComparedRates
from profitability.tables.costing import plain_number, unit_cell

# Parts that most companies never have: shown where there are any.
RARE = ("charged_anonymous", "overload")
LABELS = {
    "entered": gettext_lazy("Entered"),
    "charged": gettext_lazy("To customers"),
    "charged_anonymous": gettext_lazy("To anonymous sales"),
    "unused_capacity": gettext_lazy("Unused capacity"),
    "overload": gettext_lazy("Overload"),
    "company_level": gettext_lazy("At company level"),
    "rounding_difference": gettext_lazy("Rounding"),
}
# What became of the costs entered, in the order of the sentence that tells it.
WENT = {
    "charged": gettext_lazy("%(charged)s went to customers"),
    "charged_anonymous": gettext_lazy("%(charged_anonymous)s went to anonymous sales"),
    "unused_capacity": gettext_lazy("%(unused_capacity)s was unused capacity"),
    "company_level": gettext_lazy("%(company_level)s stayed at company level"),
}
DETAILS = Table(
    "reconciliation",
    gettext_lazy("Where every cent went, by cost pool and month"),
    (
        Column("label", gettext_lazy("Cost pool")),
        Column("month", gettext_lazy("Month"), "date"),
        *(Column(name, label, "money") for name, label in LABELS.items()),
        Column("difference", gettext_lazy("Difference"), "money"),
        Column("used", gettext_lazy("Minutes used"), "number"),
        Column("capacity", gettext_lazy("Practical capacity (minutes)"), "number"),
    ),
)


def details_sheet(balance: PeriodBalance, period: Period) -> Sheet:
    """Each cost pool in each month of a period, as it goes into a file."""
    return Sheet(
        name=f"reconciliation-{period.code or 'all'}",
        title=str(DETAILS.caption),
        headings=[str(column.label) for column in DETAILS.columns],
        kinds=[column.kind for column in DETAILS.columns],
        rows=[[column.read(row) for column in DETAILS.columns] for row in balance.details],
    )


def balance_in_words(balance: PeriodBalance, currency: str) -> list[str]:
    """What became of the costs entered, and whether it adds up; then what is unusual, a sentence each."""
    total = balance.total
    words = {name: money(getattr(total, name), currency) for name in PARTS}
    sentences = [_where_it_went(balance, words)]
    if total.overload:
        sentences.append(
            _("Overload: %(overload)s was charged for minutes beyond practical capacity, more than was entered.")
            % words
        )
    if total.rounding_difference:
        sentences.append(
            _("Rounding: %(rounded)s, since each customer is charged whole cents for each activity and month.")
            % {"rounded": words["rounding_difference"]}
        )
    return sentences


def _where_it_went(balance: PeriodBalance, words: dict[str, str]) -> str:
    if not fits(balance):
        return _("%(entered)s was entered, and not every cent of it is accounted for.") % words
    parts = [text % words for name, text in WENT.items() if name not in RARE or getattr(balance.total, name)]
    if balance.total.overload:
        text = _("%(entered)s was entered: %(parts)s, less %(overload)s of overload. It adds up to the cent.")
    else:
        text = _("Of %(entered)s entered, %(parts)s. It adds up to the cent.")
    return text % (words | {"parts": listed(parts)})


def fits(balance: PeriodBalance) -> bool:
    """Whether every cent entered stands in one of the parts, in each cost pool and month."""
    rows = [*balance.pools, *balance.months]
    return not balance.differences and not any(row.difference for row in rows)


def pools_balance(balance: PeriodBalance, currency: str) -> drawn.Table:
    """Each cost pool of the period, and all of them together."""
    rows = [*balance.pools, balance.total]
    return _table(_("Where every cent went, by cost pool"), _("Cost pool"), rows, balance, currency)


def months_balance(balance: PeriodBalance, currency: str) -> drawn.Table:
    """Each month of the period."""
    return _table(_("Where every cent went, by month"), _("Month"), balance.months, balance, currency)


def _table(caption: str, heading: str, rows: Sequence[Balance], balance: PeriodBalance, currency: str) -> drawn.Table:
    everything = [*balance.pools, *balance.months]
    names = [name for name in PARTS if name not in RARE or any(getattr(row, name) for row in everything)]
    return drawn.Table(
        caption=caption,
        columns=[
            drawn.Column(heading),
            *(drawn.Column(str(LABELS[name]), "money") for name in names),
            drawn.Column(_("Adds up"), "badge"),
        ],
        rows=[drawn.Row(_cells(row, names, currency)) for row in rows],
    )


def _cells(row: Balance, names: Sequence[str], currency: str) -> list[drawn.Cell]:
    amounts = ((name, getattr(row, name)) for name in names)
    fits = not row.difference
    return [
        _head(row),
        *(money_cell(-value if name == "overload" else value, currency) for name, value in amounts),
        drawn.Cell(_("Yes") if fits else money(row.difference, currency), badge="success" if fits else "danger"),
    ]


def _head(row: Balance) -> drawn.Cell:
    if row.month:
        return month_cell(row.month, url=reverse("costing-month", args=[row.month]))
    if row.use is None or (not row.pool and not row.label):
        return drawn.Cell(row.label or _("Together"))
    words = _("%(share)s of its minutes used, overload") if row.use > 1 else _("%(share)s of its minutes used")
    return drawn.Cell(row.label, note=words % {"share": percent(row.use, digits=0)})


def difference_in_words(found: Difference, currency: str) -> str:
    """Two figures that should be equal, in a sentence."""
    values = {
        "about": found.about,
        "month": month(found.month),
        "expected": money(found.expected, currency),
        "found": money(found.found, currency),
        "difference": money(found.found - found.expected, currency),
        "part": str(LABELS.get(found.code, "")).lower(),
    }
    match found.code:
        case "entered" if found.about:
            text = _("%(about)s, %(month)s: %(expected)s stand entered, but %(found)s were computed (%(difference)s).")
        case "activities":
            text = _(
                "%(month)s: activities charged customers %(expected)s, but %(found)s came out of the cost pools "
                "for them (%(difference)s)."
            )
        case _:
            text = _(
                "%(month)s, %(part)s: the month has %(expected)s and its cost pools together %(found)s "
                "(%(difference)s)."
            )
    return text % values


# --- Rates ----------------------------------------------------------------------------------------------------------


def both_rates(found: ComparedRates, currency: str) -> drawn.Table:
    """Each activity under both methods, and all time-driven ones together."""
    return drawn.Table(
        caption=_("Traditional and time-driven rates"),
        columns=[
            drawn.Column(_("Activity")),
            drawn.Column(_("Quantity"), align="end"),
            drawn.Column(_("Time-driven rate"), align="end"),
            drawn.Column(_("Traditional rate"), align="end"),
            drawn.Column(_("Time-driven cost"), "money"),
            drawn.Column(_("Traditional cost"), "money"),
        ],
        rows=[*(drawn.Row(_rate_cells(row, currency)) for row in found.rows), *_foot(found, currency)],
    )


def _rate_cells(row: BothRates, currency: str) -> list[drawn.Cell]:
    unit = str(row.driver.unit) if row.driver else _("minutes")
    timed = row.time_driven_rate
    absorbed = row.traditional_rate
    note = _("by estimated share") if row.estimated else ""
    each = (
        _("%(minutes)s min each") % {"minutes": plain_number(row.minutes_each)}
        if row.driver and row.minutes_each and row.minutes_each != 1
        else ""
    )
    return [
        drawn.Cell(row.label, note=each),
        drawn.Cell(plain_number(round(row.quantity, 3)), note=unit, value=row.quantity),
        unit_cell(timed, currency),
        unit_cell(absorbed, currency, note=note),
        money_cell(row.time_driven_cost, currency),
        money_cell(row.traditional_cost, currency),
    ]


def _foot(found: ComparedRates, currency: str) -> list[drawn.Row]:
    """What time-driven rates leave with the company, and that both come to the same."""
    if not any(row.time_driven_cost is not None for row in found.rows):
        return []
    nothing = Decimal()
    parts = [(_("Unused capacity"), found.unused, nothing)]
    if found.overload:
        parts.append((_("Overload"), -found.overload, nothing))
    timed = found.time_driven + found.unused - found.overload
    parts.append((_("Time-driven activities together"), timed, found.traditional))
    empty = drawn.Cell("—")
    return [
        drawn.Row(
            [
                drawn.Cell(label),
                empty,
                empty,
                empty,
                money_cell(one, currency),
                money_cell(other, currency),
            ]
        )
        for label, one, other in parts
    ]
