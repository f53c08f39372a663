"""The tables of the page about cohorts: retention and cumulative profit by month of life, and what each is worth."""

import datetime as dt
from collections.abc import Mapping, Sequence
from decimal import Decimal
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm_site.lib.cells import money_cell, number_cell
from crm_site.lib.components import Cell, Column, Row, Table
from crm_site.lib.conditions.grammar import SAFE_IN_ADDRESS, Condition, Group, Where, write
from crm_site.lib.export import Sheet
from crm_site.lib.formatting import money, number, percent
from profitability.cohorts import Cohort
from profitability.tables.heat import HeatCell, HeatRow, HeatTable, shade

AGES_SHOWN = 13  # the first month and a year after it


def retention_table(cohorts: Sequence[Cohort], names: Mapping[str, str]) -> HeatTable:
    """Which share of each cohort ordered in each month of life; the first has no shade, since all ordered in it."""
    later = [share for cohort in cohorts for age in range(1, AGES_SHOWN) if (share := cohort.retention(age))]
    largest = max(later, default=0.0)
    return HeatTable(
        caption=_("Share of each cohort that ordered in a month of life"),
        corner=_("Cohort, by month of life"),
        heads=_ages(),
        kind="percent",
        rows=[
            _row(
                cohort,
                names,
                [
                    HeatCell("")
                    if share is None
                    else HeatCell(percent(share, digits=0), shade(share, largest) if age else 0, value=share)
                    for age in range(AGES_SHOWN)
                    for share in [cohort.retention(age)]
                ],
            )
            for cohort in cohorts
        ],
    )


def profit_table(cohorts: Sequence[Cohort], names: Mapping[str, str], currency: str) -> HeatTable:
    """What one customer of each cohort has brought up to each month of life, all costs taken off."""
    reached = [cohort.cumulative_profit(age) for cohort in cohorts for age in range(AGES_SHOWN)]
    largest = max((float(amount) for amount in reached if amount is not None), default=0.0)
    return HeatTable(
        caption=_("Cumulative profit for one customer of each cohort"),
        corner=_("Cohort, by month of life"),
        heads=_ages(),
        kind="money",
        rows=[
            _row(
                cohort,
                names,
                [
                    HeatCell("")
                    if amount is None
                    else HeatCell(money(amount, currency), shade(float(amount), largest), value=amount)
                    for age in range(AGES_SHOWN)
                    for amount in [cohort.cumulative_profit(age)]
                ],
            )
            for cohort in cohorts
        ],
    )


def _ages() -> list[str]:
    return [_("Month %(number)s") % {"number": number(age + 1)} for age in range(AGES_SHOWN)]


def _row(cohort: Cohort, names: Mapping[str, str], cells: Sequence[HeatCell]) -> HeatRow:
    people = ngettext("%(count)s customer", "%(count)s customers", cohort.customers)
    return HeatRow(names[cohort.key], cells, note=people % {"count": number(cohort.customers)}, url=cohort_url(cohort))


def cohort_url(cohort: Cohort) -> str:
    """The customers of a cohort: those of a month of the first order, or those of a source who ever ordered."""
    if "-" in cohort.key:
        first = dt.date.fromisoformat(cohort.key)
        last = (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
        asked = [Condition("first_order_on", "between", (first.isoformat(), last.isoformat()))]
    else:
        source = Condition("source", "is", (cohort.key,)) if cohort.key else Condition("source", "empty")
        asked = [source, Condition("first_order_on", "known")]
    where = write(Where((Group(tuple(asked)),)))
    return f"{reverse('customers')}?{urlencode({'where': where}, safe=SAFE_IN_ADDRESS)}"


def worth_table(cohorts: Sequence[Cohort], names: Mapping[str, str], currency: str) -> Table:
    """What customers of each cohort cost to win, brought so far and are still worth, and when they had paid back."""
    return Table(
        caption=_("What it cost to win customers, and what they are worth"),
        columns=[
            Column(_("Cohort")),
            Column(_("Customers"), "number"),
            Column(_("Cost to win one"), "money"),
            Column(_("Profit of one so far"), "money", hint=_("The cost of winning taken off.")),
            Column(_("Lifetime value of one"), "money", hint=_("Expected from now on.")),
            Column(_("Paid back"), hint=_("The month of life from which cumulative profit has stayed above nothing.")),
        ],
        rows=[_worth_row(cohort, names[cohort.key], currency) for cohort in cohorts],
    )


def _worth_row(cohort: Cohort, name: str, currency: str) -> Row:
    return Row(
        [
            Cell(name, cohort_url(cohort)),
            number_cell(cohort.customers),
            money_cell(_each(cohort.acquisition_cost, cohort), currency),
            money_cell(_each(cohort.profit_so_far, cohort), currency),
            money_cell(_each(cohort.lifetime_value, cohort), currency),
            Cell(_paid_back(cohort), value=cohort.payback_months),
        ]
    )


def _each(amount: Decimal, cohort: Cohort) -> Decimal:
    return amount / cohort.customers


def _paid_back(cohort: Cohort) -> str:
    month = cohort.payback_months
    return _("not yet") if month is None else _("in month %(number)s") % {"number": number(month)}


def cohort_sheet(name: str, cohorts: Sequence[Cohort], names: Mapping[str, str]) -> Sheet:
    """Every month of life of every cohort, for a file."""
    return Sheet(
        name=name,
        title=_("Every month of life of every cohort"),
        headings=[
            _("Cohort"),
            _("Customers"),
            _("Month of life"),
            _("Customers with an order"),
            _("Profit"),
            _("Cumulative profit of one customer"),
        ],
        kinds=["text", "number", "number", "number", "money", "money"],
        rows=[
            [names[cohort.key], cohort.customers, age + 1, one.active, one.profit, round(reached, 2)]
            for cohort in cohorts
            for age, one in enumerate(cohort.ages)
            if (reached := cohort.cumulative_profit(age)) is not None
        ],
    )
