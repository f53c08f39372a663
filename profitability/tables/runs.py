"""The columns of the list of recomputes, and the facts of one."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from crm_site.lib import components as drawn
from crm_site.lib.addresses import reverse
from crm_site.lib.cells import number_cell
from crm_site.lib.components import Fact
from crm_site.lib.formatting import UNKNOWN, day, moment, money, number
from crm_site.lib.paging import Sort
from crm_site.lib.tables import Column, Table
from customers.models import Run
from profitability.actions import STAGES
from profitability.charts.drawings import category_name
from profitability.reports.runs import RunReport, amount, state_of
from profitability.reports.scope_words import extent_in_words, read_in_short
from profitability.totals import Changes, Move, RunTotals

RUN_STATES = {
    "current": (pgettext_lazy("recompute", "Current"), "success"),
    "published": (pgettext_lazy("recompute", "Published"), "neutral"),
    "waiting": (pgettext_lazy("recompute", "Waiting"), "info"),
    "running": (pgettext_lazy("recompute", "Running"), "info"),
    "failed": (pgettext_lazy("recompute", "Failed"), "danger"),
    "stopped": (pgettext_lazy("recompute", "Stopped"), "warning"),
    "unfinished": (pgettext_lazy("recompute", "Not finished"), "warning"),
}


def run_name(run: Run) -> str:
    return _run_title(run.pk)


def who_asked(run: Run) -> str:
    """The person behind a run; nobody for what goes by the clock."""
    person = run.job.requested_by if run.job else None
    return str(person) if person else ""


def duration(run: Run) -> str:
    """How long a run took, in the reader's language; empty while it goes on."""
    ended = state_of(run).ended_at
    return seconds_in_words((ended - run.started_at).total_seconds()) if ended else ""


def seconds_in_words(seconds: float) -> str:
    """A duration as short as it can be said, on one line."""
    if seconds < 60:
        said = _("%(seconds)s s") % {"seconds": number(seconds, digits=1 if seconds < 10 else 0)}
    else:
        minutes, rest = divmod(round(seconds), 60)
        said = _("%(minutes)s min %(seconds)s s") % {"minutes": number(minutes), "seconds": number(rest)}
    return said.replace(" ", "\N{NO-BREAK SPACE}")


def _amount_column(name: str, label: Any, **options: Any) -> Column:
    return Column(name, label, "money", value=lambda run: amount(getattr(run, name)), **options)


RUNS = Table(
    "recomputes",
    gettext_lazy("Recomputes, the latest first"),
    (
        Column(
            "number",
            gettext_lazy("Recompute"),
            "link",
            value=run_name,
            sort=Sort("number"),
            link=lambda run: reverse("run", args=[run.pk]),
            note=lambda run: _("as of %(day)s") % {"day": day(run.as_of)},
        ),
        Column(
            "state",
            gettext_lazy("State"),
            "badge",
            value=lambda run: str(RUN_STATES[state_of(run).code][0]),
            badge=lambda run: RUN_STATES[state_of(run).code][1],
        ),
        Column("reason", gettext_lazy("Reason"), value=lambda run: run.get_reason_display(), note=who_asked),
        Column("started_at", gettext_lazy("Started"), "datetime", note=duration),
        Column(
            "ranked",
            gettext_lazy("Customers"),
            "number",
            value=lambda run: amount(run.ranked),
            note=lambda run: read_in_short(run.because, run.read_anew),
        ),
        _amount_column("profit", gettext_lazy("Profit")),
        _amount_column("profit_change", gettext_lazy("Change of profit")),
        _amount_column("equity", gettext_lazy("Customer equity")),
        _amount_column("equity_change", gettext_lazy("Change of equity"), default=False),
    ),
    default_sort="-number",
)


def run_facts(report: RunReport) -> list[Fact]:
    """Who, why, when and how long."""
    run, (label, _tone) = report.run, RUN_STATES[report.state.code]
    costing = report.totals.costing if report.totals else None
    return [
        Fact(_("State"), str(label)),
        Fact(_("Figures as of"), day(run.as_of)),
        Fact(_("Reason"), run.get_reason_display()),
        *_extent(report.totals),
        *([Fact(_("Asked by"), who_asked(run))] if who_asked(run) else []),
        Fact(_("Started"), moment(run.started_at)),
        Fact(_("Published"), moment(run.published_at) if run.published_at else UNKNOWN),
        Fact(_("Duration"), duration(run)),
        Fact(_("Costing"), costing or "", reverse("costing")),
        *([Fact(_("Rows per customer"), _rows_kept(run))] if run.published_at else []),
    ]


def _extent(totals: RunTotals | None) -> list[Fact]:
    """Whose records were read; not known of runs of before there was a choice."""
    scope = totals.scope if totals else None
    if scope is None:
        return []
    facts = [Fact(_("Extent"), extent_in_words(scope))]
    if scope.base_run:
        facts.append(Fact(_("Started from"), _run_title(scope.base_run), reverse("run", args=[scope.base_run])))
    return facts


def _rows_kept(run: Run) -> str:
    return _("kept") if run.has_rows else _("dropped; the totals remain")


def stage_facts(totals: RunTotals) -> list[Fact]:
    """How long each stage of a run took."""
    return [Fact(str(STAGES.get(one.stage, one.stage)), seconds_in_words(one.seconds)) for one in totals.durations]


def moves_table(moves: Iterable[Move]) -> drawn.Table:
    """How many customers went from which category to which."""
    ordered = sorted(moves, key=lambda move: -move.customers)
    return drawn.Table(
        caption=_("Customers who changed category"),
        columns=[drawn.Column(_("Before")), drawn.Column(_("Now"), "badge"), drawn.Column(_("Customers"), "number")],
        rows=[
            drawn.Row([_category(move.before), _category(move.after), number_cell(move.customers)]) for move in ordered
        ],
    )


def _category(category: int | None) -> drawn.Cell:
    if category is None:
        return drawn.Cell(_("Not ranked"), badge="neutral")
    return drawn.Cell(category_name(category), badge=f"category-{category}")


def change_facts(changes: Changes, currency: str) -> list[Fact]:
    """What a run found different from the one before."""
    moved = sum(move.customers for move in changes.moves if move.before != move.after)
    return [
        Fact(_("Against"), _run_title(changes.previous_run), reverse("run", args=[changes.previous_run])),
        Fact(_("Customers"), _signed(changes.customers, number(changes.customers))),
        Fact(_("Net revenue"), _signed(changes.net_revenue, money(changes.net_revenue, currency))),
        Fact(_("Profit"), _signed(changes.profit, money(changes.profit, currency))),
        Fact(_("Customer equity"), _signed(changes.customer_equity, money(changes.customer_equity, currency))),
        Fact(_("Customers who changed category"), number(moved) if changes.moves else ""),
    ]


def _run_title(pk: int) -> str:
    return _("Recompute %(number)s") % {"number": pk}


def _signed(change: Decimal | int | None, text: str) -> str:
    return f"+{text}" if change and change > 0 else text
