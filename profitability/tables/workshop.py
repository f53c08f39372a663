"""The tables of the costing workshop: versions, and two of them compared."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from crm_site.lib.addresses import reverse
from crm_site.lib.cells import money_cell, number_cell
from crm_site.lib.components import Cell, Column, Row, Table
from crm_site.lib.formatting import moment, month, number, percent
from profitability.charts.drawings import category_name
from profitability.models import ActivityRate
from profitability.reports.costing import ActivityPlan
from profitability.reports.versions import Comparison, Pair, PoolFigures
from profitability.reports.workshop import Version
from profitability.tables.costing import plain_number, reaches, takes, unit_cell

MONTHS_NAMED = 3
TONES = {"added": "success", "removed": "danger", "changed": "warning", "same": "neutral"}


def versions_table(versions: Sequence[Version]) -> Table:
    """Every version with its state and what is in it."""
    return Table(
        caption=_("Versions of the costing"),
        columns=[
            Column(_("Version")),
            Column(_("State")),
            Column(_("Months")),
            Column(_("Cost pools"), "number"),
            Column(_("Activities"), "number"),
            Column(_("Copied from")),
        ],
        rows=[_version_row(version) for version in versions],
    )


def _version_row(version: Version) -> Row:
    costing = version.costing
    published = moment(costing.published_at) if costing.published_at else ""
    months = f"{month(version.first)} – {month(version.last)}" if version.first else ""
    return Row(
        [
            Cell(costing.name, url=reverse("costing-version", args=[costing.pk])),
            Cell(_state(version), badge=_tone(version), note=published),
            Cell(months),
            number_cell(version.pools),
            number_cell(version.activities),
            Cell(costing.copied_from.name if costing.copied_from else "—"),
        ]
    )


def _state(version: Version) -> str:
    if version.costing.is_draft:
        return _("Draft")
    return _("In force") if version.costing.is_current else _("Published")


def _tone(version: Version) -> str:
    return "warning" if version.costing.is_draft else "success" if version.costing.is_current else "neutral"


# --- Two versions ---------------------------------------------------------------------------------------------------


def compared_pools(found: Comparison, currency: str) -> Table:
    """Amounts over the months that both have, and capacities; where single months differ, which ones."""

    def write(pool: PoolFigures) -> Cell:
        capacity = pool.plan.pool.practical_capacity_minutes
        minutes = _("%(minutes)s min a month") % {"minutes": plain_number(capacity)} if capacity else ""
        note = _("at company level") if pool.plan.pool.company_level else minutes
        return money_cell(pool.amount, currency, note=note)

    return _compared(
        found,
        _("Cost pools"),
        _("Cost pool"),
        found.pools,
        write,
        name=lambda pool: pool.plan.pool.label,
        note=_months_that_differ,
    )


def _months_that_differ(pair: Pair[PoolFigures]) -> str:
    """The first of them, since a list of years fits no cell."""
    if pair.before is None or pair.after is None:
        return ""
    before, after = pair.before.months, pair.after.months
    months = sorted(each for each in before.keys() | after.keys() if before.get(each) != after.get(each))
    named = ", ".join(month(each) for each in months[:MONTHS_NAMED])
    return named if len(months) <= MONTHS_NAMED else _("%(months)s and others") % {"months": named}


def compared_activities(found: Comparison) -> Table:
    """What each activity takes, and how it reaches customers."""

    def write(plan: ActivityPlan) -> Cell:
        estimate = plan.activity.estimated_percent
        if estimate is None:
            return Cell(reaches(plan) or "—", note=takes(plan))
        words = {"what": takes(plan), "share": percent(estimate / 100)}
        return Cell(reaches(plan) or "—", note=_("%(what)s, estimated share %(share)s") % words)

    return _compared(
        found, _("Activities"), _("Activity"), found.activities, write, name=lambda plan: plan.activity.label
    )


def compared_rates(found: Comparison, currency: str) -> Table:
    """What a unit cost in the last month that both were computed for."""

    def write(rate: ActivityRate) -> Cell:
        unit = _("for each minute") if rate.activity.method == "time_driven" else _("for each unit")
        return unit_cell(rate.rate if rate.quantity else None, currency, note=unit)

    return _compared(found, _("Rates"), _("Activity"), found.rates, write, name=lambda rate: rate.activity.label)


def compared_categories(found: Comparison, currency: str) -> Table:
    """The profit of each category under both, and the difference; and that of all together."""
    rows, sums = [], [Decimal(), Decimal()]
    for pair in found.categories:
        if pair.before is None or pair.after is None:
            continue
        sums = [sums[0] + pair.before.profit, sums[1] + pair.after.profit]
        difference = pair.after.profit - pair.before.profit
        cells = [Cell(category_name(pair.before.category))]
        for total in (pair.before, pair.after):
            customers = _("customers: %(count)s") % {"count": number(total.customers)}
            cells.append(money_cell(total.profit, currency, digits=0, note=customers))
        rows.append(Row([*cells, money_cell(difference, currency, digits=0)]))
    whole = [money_cell(amount, currency, digits=0) for amount in (*sums, sums[1] - sums[0])]
    rows.append(Row([Cell(_("Together")), *whole]))
    return Table(
        caption=_("Profit of each category"),
        columns=[
            Column(_("Category")),
            Column(found.before.name, "money"),
            Column(found.after.name, "money"),
            Column(_("Difference"), "money"),
        ],
        rows=rows,
    )


def _compared(
    found: Comparison,
    caption: str,
    heading: str,
    pairs: Sequence[Pair[Any]],
    write: Callable[[Any], Cell],
    *,
    name: Callable[[Any], str],
    note: Callable[[Any], str] = lambda pair: "",
) -> Table:
    words = {
        "added": pgettext("change", "Added"),
        "removed": pgettext("change", "Removed"),
        "changed": pgettext("change", "Changed"),
        "same": pgettext("change", "Same"),
    }
    rows = []
    for pair in pairs:
        cells = [write(side) if side is not None else Cell("—") for side in (pair.before, pair.after)]
        label = name(pair.after if pair.after is not None else pair.before)
        rows.append(Row([Cell(label), *cells, Cell(words[pair.change], badge=TONES[pair.change], note=note(pair))]))
    columns = [Column(heading), Column(found.before.name), Column(found.after.name), Column(_("Change"))]
    return Table(caption=caption, columns=columns, rows=rows)
