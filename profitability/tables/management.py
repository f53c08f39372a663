"""The management report as a document: its parts in order, every word in the reader's language."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _

from crm_site.lib import components as drawn
from crm_site.lib import paper
from crm_site.lib.components import Fact
from crm_site.lib.formatting import day, moment, number
from crm_site.lib.paper import Block
from crm_site.lib.tables import Column, Table
from customers.models import Company
from profitability.charts import (
    category_cards,
    key_figures,
    key_figures_of_equity,
    profit_by_category,
    profit_by_month,
    whale_curve,
)
from profitability.charts.equity import equity_bridge, equity_over_time
from profitability.reports.equity import change_in_words, policy_changes
from profitability.reports.management import ManagementReport, Moves
from profitability.reports.model_words import lifetime_model_facts, notes_in_words
from profitability.reports.move_words import moves_in_words
from profitability.reports.notices import warnings_about
from profitability.reports.profit_changes import costings_in_words, profit_change_in_words
from profitability.reports.sentences import peak, twenty_eighty
from profitability.tables.balance import balance_in_words, difference_in_words, pools_balance
from profitability.tables.costing import MONTH
from profitability.tables.equity import STEPS, step_rows
from profitability.tables.moves import move_table
from profitability.tables.profit_changes import lines_table
from profitability.tables.ranking import NAMED, unsorted
from profitability.tables.runs import run_name
from profitability.totals import RunTotals

MONTHS = 12  # in the table; the drawing above it shows three years
CATEGORIES = Table(
    "categories",
    gettext_lazy("Customers, profit and lifetime value of each category"),
    (
        Column("name", gettext_lazy("Category")),
        Column("customers", gettext_lazy("Customers"), "number"),
        Column("share_of_customers", gettext_lazy("Share of customers"), "percent"),
        Column("profit", gettext_lazy("Profit"), "money"),
        Column("lifetime_value", gettext_lazy("Lifetime value"), "money"),
    ),
)
MONTH_FIGURES = Table(
    "months",
    gettext_lazy("The latest months"),
    (
        MONTH,
        Column("orders", gettext_lazy("Orders"), "number"),
        Column("net_revenue", gettext_lazy("Net revenue"), "money"),
        Column("gross_margin", gettext_lazy("Gross margin"), "money"),
        Column("cost_to_serve", gettext_lazy("Cost to serve"), "money"),
        Column("profit", gettext_lazy("Profit"), "money"),
    ),
)


def document(report: ManagementReport, company: Company) -> dict[str, Any]:
    """The whole report for the template `management`."""
    run = report.published.run
    return {
        "language": get_language() or "en",
        "title": _("Management report"),
        "company": company.name,
        "notice": company.demo_notice,
        "lines": [
            _("Figures as of %(day)s") % {"day": day(run.as_of, "long")},
            _("%(run)s, computed %(when)s") % {"run": run_name(run), "when": moment(run.published_at)},
        ],
        "page_of": _("Page {page} of {pages}"),
        "sections": [
            part
            for part in (
                _who_earns(report, company.currency),
                _categories(report, company.currency),
                _months(report, company.currency),
                _profits(report, company.currency),
                _customers(report, company.currency),
                _equity(report, company.currency),
                _costs(report, company.currency),
                _moves(report),
                _how(report, company.currency),
            )
            if part["blocks"]
        ],
    }


def _who_earns(report: ManagementReport, currency: str) -> Block:
    totals, months = report.published.totals, report.board.months
    finding, highest = twenty_eighty(totals.ranking, currency), peak(totals.ranking, currency)
    return paper.section(
        _("Who makes the profit"),
        paper.paragraph(finding.text, "lead"),
        paper.paragraph(" ".join([highest.text] if highest else []), "plain"),
        paper.paragraph(" ".join(finding.notes), "note"),
        paper.key_figures(key_figures(totals, months, currency)),
        paper.chart(whale_curve(totals.ranking, currency), height=215) if totals.ranking.customers else None,
        *(
            paper.paragraph(notice.text, "warning")
            for notice in warnings_about(totals, report.board.freshness, report.board.run.as_of)
        ),
    )


def _categories(report: ManagementReport, currency: str) -> Block:
    totals = report.published.totals
    cards = category_cards(totals, report.board.policies)
    return paper.section(
        _("Four categories of customers"),
        paper.table(unsorted(CATEGORIES, cards, currency)),
        paper.chart(profit_by_category(totals.categories, currency), height=140),
        paper.facts([Fact(card.name, card.policy) for card in cards]),
    )


def _months(report: ManagementReport, currency: str) -> Block:
    months = report.board.months
    chart = profit_by_month(months, currency) if months else None
    return paper.section(
        _("Profit by month"),
        paper.paragraph(chart.summary if chart else ""),
        paper.chart(chart),
        paper.table(unsorted(MONTH_FIGURES, months[-MONTHS:], currency)),
    )


def _profits(report: ManagementReport, currency: str) -> Block:
    """Why profit changed with another costing; left out where the costing is that of the recompute before."""
    heading, compared = _("What changed in profits"), report.profits
    if compared is None:
        return paper.section(heading)
    finding = profit_change_in_words(compared, currency)
    return paper.section(
        heading,
        paper.paragraph(finding.text, "lead"),
        paper.paragraph(" ".join([costings_in_words(compared), *finding.notes]), "note"),
        paper.table(lines_table(compared, currency)),
    )


def _customers(report: ManagementReport, currency: str) -> Block:
    """The best and the worst, one table below the other; their names are not for everybody."""
    if not report.names_customers:
        left_out = _("Customers are named in the reports of those who may see all customers.")
        return paper.section(_("Best and worst customers"), paper.paragraph(left_out, "note"))
    best = replace(unsorted(NAMED, report.board.best, currency), caption=_("Best customers"))
    worst = replace(unsorted(NAMED, report.board.worst, currency), caption=_("Worst customers"))
    return paper.section(_("Best and worst customers"), paper.table(best), paper.table(worst))


def _equity(report: ManagementReport, currency: str) -> Block:
    totals, bridge = report.published.totals, report.equity.bridge
    change = report.equity.change.whole if report.equity.change else None
    finding = change_in_words(change, currency) if change else None
    before = RunTotals.from_json(bridge.previous.totals) if bridge and bridge.previous.totals else None
    unknown = _("There is no recompute before this one, so no change can be told yet.")
    return paper.section(
        _("Customer equity"),
        paper.key_figures(key_figures_of_equity(totals, currency)),
        paper.paragraph(finding.text if finding else "", "lead"),
        paper.paragraph(" ".join(finding.notes) if finding else unknown, "note"),
        paper.paragraph(policy_changes(totals, before), "warning"),
        paper.chart(equity_bridge(change, currency, summary=finding.text), height=165) if change and finding else None,
        paper.table(unsorted(STEPS, step_rows(change), currency)) if change else None,
        _equity_over_time(report, currency),
    )


def _equity_over_time(report: ManagementReport, currency: str) -> Block | None:
    history = report.equity.history
    if len(history) < 2:
        return None
    return paper.chart(equity_over_time(history, currency, may_see_runs=False), height=150)


def _costs(report: ManagementReport, currency: str) -> Block:
    balance = report.balance
    if not balance.pools:
        nothing = _("No costs were entered, so profit is gross margin less direct costs.")
        return paper.section(_("Where the costs went"), paper.paragraph(nothing))
    first, *others = balance_in_words(balance, currency)
    return paper.section(
        _("Where the costs went"),
        paper.paragraph(first, "lead"),
        paper.paragraph(" ".join(others), "note"),
        *(paper.paragraph(difference_in_words(one, currency), "warning") for one in balance.differences),
        paper.table(pools_balance(balance, currency)),
    )


def _moves(report: ManagementReport) -> Block:
    found, heading = report.moves, _("Moves between categories")
    if found is None:
        nothing = _("There is no recompute before this one to compare with.")
        return paper.section(heading, paper.paragraph(nothing))
    finding = moves_in_words(found.moves)
    between = (
        _("Before: %(before)s. After: %(after)s.") % {"before": found.before, "after": found.after}
        if found.before
        else _("Since the recompute before.")
    )
    return paper.section(
        heading,
        paper.paragraph(finding.text, "lead"),
        paper.paragraph(" ".join([between, *finding.notes]), "note"),
        paper.table(_table_of_moves(found)),
    )


def _table_of_moves(found: Moves) -> drawn.Table:
    """Categories before down, categories after across."""
    grid = move_table(found.moves, lambda move: "")
    return drawn.Table(
        caption=_("Customers by category before (rows) and after (columns)"),
        columns=[
            drawn.Column(_("Category before")),
            *(drawn.Column(name, "number") for _place, name in grid.heads),
            drawn.Column(_("Together"), "number"),
        ],
        rows=[
            drawn.Row([drawn.Cell(row.name), *_counts([*(cell.customers for cell in row.cells), row.customers])])
            for row in grid.rows
        ]
        + [drawn.Row([drawn.Cell(_("Together")), *_counts([*grid.sums, sum(grid.sums)])])],
    )


def _counts(numbers: Iterable[int]) -> list[drawn.Cell]:
    return [drawn.Cell(number(count)) for count in numbers]


def _how(report: ManagementReport, currency: str) -> Block:
    """The formulas of the headline figures, and the model behind lifetime values."""
    totals = report.published.totals
    formulas = [Fact(one.label, one.formula) for one in key_figures(totals, report.board.months, currency)]
    costing = [Fact(_("Costing"), totals.costing)] if totals.costing else []
    return paper.section(
        _("How these figures are reached"),
        paper.facts([*formulas, *costing, *lifetime_model_facts(totals.lifetime_model, currency)]),
        *(paper.paragraph(note, "note") for note in notes_in_words(totals)),
    )
