"""Customers as a portfolio of shares: return against risk by group and by customer, better mixes, concentration."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, wraps
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from crm_site.lib.addresses import addresses, reverse
from crm_site.lib.components import KeyFigure, Tab
from crm_site.lib.downloads import Later, Tabular
from crm_site.lib.formatting import month, number, percent
from crm_site.lib.jobs.progress import progress_of
from crm_site.lib.plain import revived
from profitability.charts.portfolio import returns_of_customers, returns_of_groups
from profitability.models import RunPortfolio
from profitability.permissions import SEE_VALUE
from profitability.portfolio.concentration import TEN
from profitability.portfolio.results import AVERAGE_MONTH, BASES, Concentration, Mix
from profitability.portfolio_actions import Question, answer_to, customers_of, portfolio_for
from profitability.portfolio_statements import SEGMENT
from profitability.portfolio_totals import Answer
from profitability.reports.portfolio import (
    GROUPED,
    OVER,
    REACHES,
    WINDOWS,
    best_customers,
    customer_names,
    group_names,
    group_urls,
    visible_segments,
)
from profitability.reports.portfolio_words import (
    MIXES,
    concentration_finding,
    customers_finding,
    leaving_sentence,
    mix_named,
    portfolio_finding,
    portfolio_notes,
)
from profitability.reports.runs import Published, published_now
from profitability.scenario_actions import create_scenario
from profitability.tables import portfolio as tables
from profitability.tables import unsorted
from profitability.views.files import page_with_files
from profitability.views.periods import currency_of, empty_page
from profitability.views.runs import run_url
from profitability.views.scenarios import me
from profitability.what_if.levers import Lever

LISTED = 50  # single customers in the table of the page; the file has all that are told
TABS = {"portfolio": "chart-dots", "portfolio-customers": "users", "portfolio-concentration": "target"}


@dataclass(frozen=True)
class Asked:
    """The portfolio of the published run, as one of its pages asks for it."""

    request: HttpRequest
    published: Published

    @cached_property
    def portfolio(self) -> RunPortfolio:
        """Its sums, added up now if customers are few (1 query once they are there)."""
        return portfolio_for(run=self.published.run, totals=self.published.totals, by=self.request.user)

    @property
    def currency(self) -> str:
        return currency_of(self.request)

    def page(self, template: str, page: str, context: dict[str, Any], **tables: Tabular | None) -> HttpResponseBase:
        shared = {
            "page_title": _("Portfolio"),
            "data_as_of": self.published.run.published_at,
            "data_url": run_url(self.request.user, self.published),
            "computed_at": self.portfolio.computed_at,
            "tabs": _tabs(page),
        }
        return page_with_files(self.request, template, shared | context, **tables)

    def waiting_page(self, page: str) -> HttpResponseBase:
        job = self.portfolio.job
        return self.page(
            "profitability/portfolio_waiting.html", page, {"job": progress_of(job, reload="done") if job else None}
        )


def _asked(request: HttpRequest) -> Asked | None:
    published = published_now()
    return Asked(request, published) if published and published.run.has_rows else None


def _page(name: str) -> Callable[[Callable[[Asked], HttpResponseBase]], Callable[[HttpRequest], HttpResponseBase]]:
    """Make a page of the portfolio out of what it shows: it is asked only once there are sums to show."""

    def with_sums(show: Callable[[Asked], HttpResponseBase]) -> Callable[[HttpRequest], HttpResponseBase]:
        @permission_required(SEE_VALUE, raise_exception=True)
        @wraps(show)
        def view(request: HttpRequest) -> HttpResponseBase:
            asked = _asked(request)
            if asked is None:
                return empty_page(request, _("Portfolio"))
            return show(asked) if asked.portfolio.computed_at else asked.waiting_page(name)

        return view

    return with_sums


def _tabs(active: str) -> list[Tab]:
    labels = {
        "portfolio": _("By group"),
        "portfolio-customers": _("By customer"),
        "portfolio-concentration": _("Concentration"),
    }
    return [Tab(label, reverse(name), name == active, icon=TABS[name]) for name, label in labels.items()]


@_page("portfolio")
def portfolio_page(asked: Asked) -> HttpResponseBase:
    """Return against risk by group, correlations and better mixes (4 queries once the question was answered)."""
    question, found = _answered(asked)
    keys = [group.key for group in found.analysis.groups]
    names, urls = group_names(question.by, keys, asked.currency), group_urls(question.by, keys)
    aim, mix = _aim(asked.request, found)
    context = _groups_context(asked, question, found, names, urls) | _mix_context(asked, found, aim, mix, names, urls)
    drawn = {name: context.get(name) for name in ("returns", "returns_chart", "correlations", "compared", "moves")}
    return asked.page("profitability/portfolio.html", "portfolio", context, **drawn)


def _answered(asked: Asked) -> tuple[Question, Answer]:
    """The question of an address with its answer; where it names no grouping, the first that tells customers apart."""
    by = asked.request.GET.get("by", "")
    for offered in (by,) if by in GROUPED else GROUPED:
        question = _question(asked.request, offered)
        found = answer_to(portfolio=asked.portfolio, question=question)
        if len(found.analysis.groups) > 1:
            break
    return question, found


def _question(request: HttpRequest, by: str) -> Question:
    """The question of an address by one grouping; what the address does not know is what is asked for at first."""
    query = request.GET
    return Question(
        by=by,
        over=query.get("over", "") if query.get("over") in BASES else AVERAGE_MONTH,
        months=_one_of(WINDOWS, query.get("months", ""), WINDOWS[0]),
        reach=_one_of(REACHES, query.get("reach", ""), 50),
        segments=visible_segments(request.user) if by == SEGMENT else (),
    )


def _one_of(offered: tuple[int, ...], text: str, default: int) -> int:
    return next((value for value in offered if str(value) == text), default)


def _aim(request: HttpRequest, found: Answer) -> tuple[str, Mix | None]:
    """Which better mix is looked at, and the mix; where every mix loses the steadiest one."""
    mixes = found.analysis.mixes
    aim = request.GET.get("aim", "")
    aim = aim if aim in MIXES else "best"
    if mixes is None:
        return aim, None
    if mix_named(mixes, aim) is None:
        aim = "least_risk"
    return aim, mix_named(mixes, aim)


def _groups_context(
    asked: Asked, question: Question, found: Answer, names: Mapping[str, str], urls: Mapping[str, str]
) -> dict[str, Any]:
    analysis = found.analysis
    query = {name: value for name, value in asked.request.GET.items() if name not in ("by", "format", "table")}
    return {
        "by": question.by,
        "groupings": [
            Tab(str(label), "?" + urlencode({"by": name} | query), name == question.by)
            for name, label in GROUPED.items()
        ],
        "choices": _choices(question, _aim(asked.request, found)[0], with_mixes=analysis.mixes is not None),
        "span": _span(found),
        "finding": portfolio_finding(analysis, names) if analysis.groups else "",
        "notes": portfolio_notes(found) if analysis.groups else [],
        "overlapping": question.by == SEGMENT and len(analysis.groups) > 1,
        "returns": unsorted(tables.RETURNS, tables.group_rows(analysis, names, urls), asked.currency)
        if analysis.groups
        else None,
        "correlations": tables.correlation_table(analysis, names) if analysis.correlations else None,
        "intensity": analysis.intensity,
        "common_months": analysis.months,
    }


def _mix_context(
    asked: Asked, found: Answer, aim: str, mix: Mix | None, names: Mapping[str, str], urls: Mapping[str, str]
) -> dict[str, Any]:
    analysis = found.analysis
    context: dict[str, Any] = {"returns_chart": returns_of_groups(analysis, aim, mix, names, urls)}
    if analysis.mixes and mix:
        context |= {
            "aim_label": str(MIXES[aim]),
            "every_mix_loses": analysis.mixes.best is None,
            "compared": unsorted(tables.COMPARED, tables.mix_rows(analysis.mixes, analysis.cost), asked.currency),
            "moves": unsorted(tables.MOVES, tables.move_rows(analysis, mix, names, urls), asked.currency),
        }
    return context


def _choices(question: Question, aim: str, *, with_mixes: bool) -> list[dict[str, Any]]:
    """What else the page can be asked, each with what is offered; about mixes only where there are any."""
    months = {0: _("All whole months")} | {
        count: ngettext("The last %(count)s month", "The last %(count)s months", count) % {"count": number(count)}
        for count in WINDOWS[1:]
    }
    reaches = {reach: _("by up to %(share)s of it") % {"share": percent(reach / 100, digits=0)} for reach in REACHES}
    offered: tuple[tuple[str, str, Mapping[Any, Any], object], ...] = (
        ("over", _("Profit over the cost"), OVER, question.over),
        ("months", _("Months"), months, question.months),
        ("reach", _("A group’s share may move"), reaches, question.reach),
        ("aim", _("Better mix"), MIXES, aim),
    )
    return [
        {"name": name, "label": label, "options": [(key, words, key == chosen) for key, words in options.items()]}
        for name, label, options, chosen in (offered if with_mixes else offered[:2])
    ]


def _span(found: Answer) -> str:
    """From which month to which the figures are."""
    if not found.first or not found.last:
        return ""
    first, last = (month(dt.date.fromisoformat(day)) for day in (found.first, found.last))
    return _("Whole months from %(first)s to %(last)s") % {"first": first, "last": last}


@_page("portfolio-customers")
def portfolio_customers(asked: Asked) -> HttpResponseBase:
    """Return against risk of the largest customers, and all of them in four fields (4 queries)."""
    found, address = customers_of(asked.portfolio), addresses("customer")
    names = customer_names([point.customer for point in found.points], asked.request.user)
    rows = [
        tables.PointRow(names[point.customer], address(point.customer), point)
        for point in found.points
        if point.customer in names
    ]
    points = returns_of_customers(found, rows)
    context: dict[str, Any] = {
        "finding": customers_finding(found),
        "found": found,
        "points": points,
        "shown": len(points.x_values) if points else 0,
        "beyond": len(rows) - len(points.x_values) if points else 0,
        "table": unsorted(tables.CUSTOMERS, rows[:LISTED], asked.currency),
        "fields": unsorted(tables.FIELDS, tables.field_rows(found), asked.currency),
    }
    return asked.page(
        "profitability/portfolio_customers.html",
        "portfolio-customers",
        context,
        customers=Later(str(tables.CUSTOMERS.caption), lambda: unsorted(tables.CUSTOMERS, rows, asked.currency))
        if found.told
        else None,
        fields=context["fields"] if found.told else None,
        points=context["points"],
    )


@_page("portfolio-concentration")
def portfolio_concentration(asked: Asked) -> HttpResponseBase:
    """How much hangs on the best customers, and what if they left (4 queries)."""
    found: Concentration = revived(Concentration, asked.portfolio.concentration)
    best = best_customers(asked.published.run, found.profit, asked.request.user)
    names = {row.card.rank: row.name for row in best if row.card.rank}
    context: dict[str, Any] = {
        "finding": concentration_finding(found, asked.currency),
        "leaving": leaving_sentence(found, asked.currency, names),
        "found": found,
        "figures": _concentration_figures(found),
        "best": unsorted(tables.BEST, tables.best_rows(best, TEN), asked.currency) if found.customers else None,
        "outlooks": unsorted(tables.OUTLOOKS, tables.outlook_rows(found), asked.currency),
        "second": names.get(2, ""),
        "eleventh": names.get(TEN + 1, ""),
    }
    drawn = {name: context[name] for name in ("best", "outlooks")}
    return asked.page("profitability/portfolio_concentration.html", "portfolio-concentration", context, **drawn)


def _concentration_figures(found: Concentration) -> list[KeyFigure]:
    by_profit, by_revenue = found.effective_by_profit, found.effective_by_revenue
    formula = _("1 ÷ the sum of squared shares (Herfindahl index), of amounts above zero.")
    return [
        KeyFigure(_("Profit of the best customer"), percent(found.share_of_best), hint=_("of all profit")),
        KeyFigure(
            _("Profit of the ten best"),
            percent(found.share_of_ten),
            hint=ngettext(
                "of all profit, with %(count)s customer", "of all profit, with %(count)s customers", found.customers
            )
            % {"count": number(found.customers)},
            url=reverse("ranking"),
        ),
        KeyFigure(
            _("Effective number by profit"),
            _effective(by_profit),
            hint=_("As many customers of equal profit would be as concentrated."),
            formula=formula,
        ),
        KeyFigure(
            _("Effective number by revenue"),
            _effective(by_revenue),
            hint=_("As many customers of equal net revenue would be as concentrated."),
            formula=formula,
        ),
    ]


def _effective(customers: float | None) -> str:
    """Tenths of a customer tell something only where there are few."""
    return number(customers, digits=0 if customers and customers >= 100 else 1)


@require_POST
@permission_required(SEE_VALUE, raise_exception=True)
def portfolio_let_go(request: HttpRequest) -> HttpResponse:
    """A what-if in which the best customers leave: one or ten of them, each by a lever."""
    asked = _asked(request)
    if asked is None or not asked.portfolio.computed_at:
        return redirect("portfolio-concentration")
    found: Concentration = revived(Concentration, asked.portfolio.concentration)
    leaving = found.ten[: TEN if request.POST.get("leaving") == str(TEN) else 1]
    if not leaving:
        messages.info(request, _("No customer has ordered yet, so nobody could leave."))
        return redirect("portfolio-concentration")
    name = ngettext("If the best customer left", "If the %(count)s best customers left", len(leaving))
    levers = [Lever(kind="let_go", rows="customers", row=key) for key in leaving]
    scenario = create_scenario(owner=me(request), name=name % {"count": number(len(leaving))}, levers=levers)
    return redirect(scenario)
