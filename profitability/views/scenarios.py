"""What-if: scenarios of levers, what they come to, and how they compare.

A scenario that somebody may not see is not found: `visible_to` asks for the permission too.
"""

from __future__ import annotations

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import pgettext
from django.views.decorators.http import require_POST

from crm_site.lib import formatting
from crm_site.lib.accounts.models import User
from crm_site.lib.components import Fact
from crm_site.lib.jobs.progress import progress_of
from customers.models import Company, Run
from profitability.charts.scenarios import curves
from profitability.matrix_actions import matrix_for
from profitability.models import Scenario
from profitability.permissions import SEE_VALUE
from profitability.reports.scenario_words import ABOUT, ICONS, LEVERS, problem_words
from profitability.reports.scenarios import compared, levers_of, names_of, outcome_of, targets
from profitability.scenario_actions import (
    MOST_LEVERS,
    LeversChanged,
    TooManyLevers,
    copy_scenario,
    create_scenario,
    keep_scenario,
    remove_lever,
    seen_of,
    set_lever,
    work_out,
)
from profitability.scenario_forms import LeverForm, ScenarioForm, lever_asked
from profitability.tables.scenarios import (
    SHOWN,
    categories_table,
    comparison_table,
    figures_table,
    headline,
    lever_lines,
    moves_sentences,
    notes,
    scenarios_sheet,
    shared_with,
    signed,
)
from profitability.views.files import page_with_files
from profitability.views.runs import recompute_context
from profitability.what_if.levers import SPECS, Lever
from profitability.what_if.outcome import Outcome

LISTED, COMPARED, NAMED_LETTERS = 100, 5, 40


def me(request: HttpRequest) -> User:
    """Whoever asks; all these pages need a sign-in."""
    return cast(User, request.user)


def own(request: HttpRequest, pk: int) -> Scenario:
    """A scenario that this person may change: one's own."""
    scenarios = Scenario.objects.visible_to(request.user).select_related("owner__team")
    return get_object_or_404(scenarios, pk=pk, owner=request.user)


@permission_required(SEE_VALUE, raise_exception=True)
def scenario_list(request: HttpRequest) -> HttpResponseBase:
    """One's own scenarios and those of the team, the latest first."""
    run, currency = Run.objects.current(), Company.of(request).currency
    if run is None:
        context = {"page_title": _("What-if")} | recompute_context(request.user)
        return render(request, "profitability/not_computed.html", context)
    scenarios = Scenario.objects.visible_to(request.user).select_related("owner", "team")[:LISTED]
    lines = []
    for scenario in scenarios:
        outcome = outcome_of(scenario)
        change = outcome.after.result - outcome.before.result if outcome else None
        lines.append(
            {
                "scenario": scenario,
                "shared_with": shared_with(scenario),
                "levers": len(scenario.levers),
                "change": None if change is None else signed(change, currency),
                "is_loss": bool(change and change <= -SHOWN),
                "is_old": scenario.run_id != run.pk,
            }
        )
    context = {"page_title": _("What-if"), "lines": lines, "kinds": _kinds(reverse("scenario-new"))}
    sheet = scenarios_sheet(scenarios) if lines else None
    return page_with_files(request, "profitability/scenario_list.html", context, scenarios=sheet)


def _kinds(address: str) -> list[dict[str, str]]:
    """The levers there are, each with where it is added."""
    return [
        {"label": str(LEVERS[kind]), "about": str(ABOUT[kind]), "icon": ICONS[kind], "url": f"{address}?lever={kind}"}
        for kind in SPECS
    ]


@permission_required(SEE_VALUE, raise_exception=True)
def scenario_new(request: HttpRequest) -> HttpResponse:
    """A new scenario by its first lever, which a cell of the matrix may have filled in."""
    run, lever = Run.objects.current(), lever_asked(request.GET)
    if run is None or lever is None:
        return redirect("scenarios")
    form = _lever_form(request, run, lever)
    if request.method == "POST" and form.is_valid():
        made = form.made()
        scenario = create_scenario(owner=me(request), name=_first_name(made), levers=[made])
        return redirect(scenario)
    return _lever_page(request, form, cancel_url=reverse("scenarios"), trail=[])


def _first_name(lever: Lever) -> str:
    """What a scenario is called until somebody names it: what is done, to whom unless to everybody, and the day."""
    whom = [Truncator(names_of([lever]).group(lever)).chars(NAMED_LETTERS)] if lever.group[0] else []
    return ", ".join([str(LEVERS[lever.kind]), *whom, formatting.day(timezone.localdate())])


def _lever_form(request: HttpRequest, run: Run, lever: Lever) -> LeverForm:
    """The form of a lever; groups and products are those of the matrix, which is worked out where it was not."""
    matrix_for(run=run, by=request.user)
    named = names_of([lever])
    data = request.POST if request.method == "POST" else None
    return LeverForm(
        data,
        lever=lever,
        targets=targets(run, request.user),
        named=named.groups | named.products,
        currency=Company.of(request).currency,
    )


def _lever_page(
    request: HttpRequest, form: LeverForm, *, cancel_url: str, trail: list[tuple[str, str]], seen: str = ""
) -> HttpResponse:
    kind = form.lever.kind
    context = {
        "page_title": LEVERS[kind],
        "breadcrumbs": [(_("What-if"), reverse("scenarios")), *trail],
        "form": form,
        "form_intro": ABOUT[kind],
        "submit_label": _("Work it out"),
        "cancel_url": cancel_url,
        "seen": seen,
    }
    return render(request, "profitability/scenario_lever.html", context, status=422 if form.is_bound else 200)


def scenario_page(request: HttpRequest, pk: int) -> HttpResponseBase:
    """One scenario: its levers and assumptions, before and after."""
    found = Scenario.objects.visible_to(request.user).select_related("owner", "team", "run", "job")
    scenario = get_object_or_404(found, pk=pk)
    outcome, currency = outcome_of(scenario), Company.of(request).currency
    levers = levers_of(scenario)
    is_mine = scenario.owner_id == request.user.pk
    current = Run.objects.current()
    context: dict[str, Any] = {
        "page_title": scenario.name,
        "breadcrumbs": [(_("What-if"), reverse("scenarios"))],
        "scenario": scenario,
        "seen": seen_of(scenario),
        "is_mine": is_mine,
        "levers": lever_lines(levers, outcome, names_of(levers), currency),
        "kinds": _kinds(reverse("scenario-lever-add", args=[pk])) if is_mine and len(levers) < MOST_LEVERS else [],
        "problem": problem_words(scenario.result),
        "job": progress_of(scenario.job, reload="done") if scenario.job and not outcome else None,
        "is_old": bool(current and scenario.run_id and scenario.run_id != current.pk),
        "form": ScenarioForm(instance=scenario, user=me(request)) if is_mine else None,
        "facts": _facts(scenario),
    }
    if outcome:
        context |= {
            "headline": headline(outcome, currency),
            "notes": notes(outcome, currency),
            "figures": figures_table(outcome, currency),
            "whale": curves([(_("Then"), outcome)], currency),
            "categories": categories_table(outcome, currency),
            "moves": moves_sentences(outcome),
        }
    drawn = {name: context.get(name) for name in ("figures", "categories", "whale")}
    return page_with_files(request, "profitability/scenario.html", context, **drawn)


def _facts(scenario: Scenario) -> list[Fact]:
    return [
        Fact(_("Made by"), str(scenario.owner)),
        Fact(_("Shared with"), shared_with(scenario) or pgettext("shared with", "nobody")),
        Fact(_("Figures as of"), formatting.day(scenario.run.as_of) if scenario.run else ""),
        Fact(_("Worked out"), formatting.moment(scenario.computed_at)),
    ]


def scenario_lever_add(request: HttpRequest, pk: int) -> HttpResponse:
    """One more lever for a scenario of one's own."""
    scenario, lever = own(request, pk), lever_asked(request.GET)
    return redirect(scenario) if lever is None else _lever_edited(request, scenario, lever, None)


def scenario_lever(request: HttpRequest, pk: int, at: int) -> HttpResponse:
    """Change a lever and its assumptions."""
    scenario = own(request, pk)
    if at >= len(scenario.levers):
        raise Http404
    return _lever_edited(request, scenario, levers_of(scenario)[at], at)


def _lever_edited(request: HttpRequest, scenario: Scenario, lever: Lever, at: int | None) -> HttpResponse:
    run = Run.objects.current()
    if run is None:
        return redirect("scenarios")
    form = _lever_form(request, run, lever)
    if request.method == "POST" and form.is_valid():
        try:
            set_lever(scenario=scenario, lever=form.made(), at=at, seen=request.POST.get("seen", ""), by=me(request))
        except LeversChanged:
            _tell_changed(request)
        except TooManyLevers:
            messages.error(request, _("A scenario holds %(count)s levers at most.") % {"count": MOST_LEVERS})
        return redirect(scenario)
    address = scenario.get_absolute_url()
    seen = "" if at is None else request.POST.get("seen") or seen_of(scenario)
    return _lever_page(request, form, cancel_url=address, trail=[(scenario.name, address)], seen=seen)


@require_POST
def scenario_lever_remove(request: HttpRequest, pk: int, at: int) -> HttpResponse:
    """Take a lever away."""
    scenario = own(request, pk)
    try:
        remove_lever(scenario=scenario, at=at, seen=request.POST.get("seen", ""), by=me(request))
    except LeversChanged:
        _tell_changed(request)
    return redirect(scenario)


def _tell_changed(request: HttpRequest) -> None:
    text = _(
        "The levers were changed in another window meanwhile, so nothing was written. Here they are as they stand."
    )
    messages.error(request, text)


@require_POST
def scenario_save(request: HttpRequest, pk: int) -> HttpResponse:
    """Name a scenario and share it with the team."""
    scenario = own(request, pk)
    form = ScenarioForm(request.POST, instance=own(request, pk), user=me(request))
    if not form.is_valid():
        context = {"page_title": scenario.name, "form": form, "cancel_url": scenario.get_absolute_url()}
        return render(request, "generic/form.html", context, status=422)
    given = form.cleaned_data
    keep_scenario(scenario=scenario, name=given["name"], shared=form.wants_sharing, for_all=given["for_all"])
    messages.success(request, _("The scenario “%(name)s” was saved.") % {"name": form.cleaned_data["name"]})
    return redirect(scenario)


@require_POST
def scenario_compute(request: HttpRequest, pk: int) -> HttpResponse:
    """Work a scenario out again on the figures of today."""
    scenario = own(request, pk)
    work_out(scenario=scenario, by=request.user)
    return redirect(scenario)


@require_POST
def scenario_copy(request: HttpRequest, pk: int) -> HttpResponse:
    """The levers of a scenario as one's own."""
    scenario = get_object_or_404(Scenario.objects.visible_to(request.user), pk=pk)
    name = _("Copy of %(name)s") % {"name": scenario.name}
    return redirect(copy_scenario(scenario=scenario, owner=me(request), name=name))


def scenario_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then forget a scenario; no figure of the company is concerned."""
    scenario = own(request, pk)
    if request.method == "POST":
        scenario.delete()
        messages.success(request, _("The scenario “%(name)s” was deleted.") % {"name": scenario})
        return redirect("scenarios")
    context = {
        "page_title": _("Delete the scenario “%(name)s”?") % {"name": scenario},
        "confirm_text": _("Only the levers and their result are deleted; no record was ever changed by them."),
        "confirm_label": _("Delete"),
        "confirm_tone": "danger",
        "cancel_url": scenario.get_absolute_url(),
    }
    return render(request, "generic/confirm.html", context)


@permission_required(SEE_VALUE, raise_exception=True)
def scenario_compare(request: HttpRequest) -> HttpResponseBase:
    """Several scenarios side by side."""
    keys = [int(key) for key in request.GET.getlist("s") if key.isdecimal() and len(key) < 18][:COMPARED]
    scenarios = list(Scenario.objects.visible_to(request.user).filter(pk__in=keys))
    found, currency = compared(scenarios), Company.of(request).currency
    if not found:
        messages.info(request, _("Choose scenarios that were worked out, to compare them."))
        return redirect("scenarios")
    context: dict[str, Any] = {
        "page_title": _("Scenarios compared"),
        "breadcrumbs": [(_("What-if"), reverse("scenarios"))],
        "figures": comparison_table(found, currency),
        "whale": curves(_drawn(found), currency),
        "scenarios": [scenario for scenario, _outcome in found],
        "mixed": len({scenario.run_id for scenario, _outcome in found}) > 1,
    }
    return page_with_files(
        request, "profitability/scenario_compare.html", context, figures=context["figures"], whale=context["whale"]
    )


def _drawn(found: list[tuple[Scenario, Outcome]]) -> list[tuple[str, Outcome]]:
    """The curves by name; scenarios of one name are told apart by their number."""
    names = [scenario.name for scenario, _outcome in found]
    return [
        (name if names.count(name) == 1 else f"{name} ({scenario.pk})", outcome)
        for name, (scenario, outcome) in zip(names, found, strict=True)
    ]
