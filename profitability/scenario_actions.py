"""What people do with scenarios: make one, move its levers, keep it, share it; and working out what it comes to.

No action here writes anything but the scenario itself.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from hashlib import blake2s
from typing import Any

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.module_loading import import_string
from django.utils.translation import gettext_lazy as _

from crm_site.lib.accounts.models import User
from crm_site.lib.jobs.actions import enqueue
from crm_site.lib.jobs.models import Job
from crm_site.lib.jobs.registry import JobKind
from customers.models import Run
from profitability.matrix_actions import lines_about
from profitability.models import Scenario
from profitability.totals import RunTotals
from profitability.what_if.levers import Lever, LeverError

# So many customers and order lines are worked out while somebody waits; more in the background.
CUSTOMERS_AT_ONCE, LINES_AT_ONCE = 100_000, 300_000
MOST_LEVERS = 20


def _scenario_page(job: Job) -> str:
    return reverse("scenario", args=[job.params["scenario"]])


SCENARIO = JobKind(
    "scenario",
    label=_("What-if"),
    stages={"figures": _("Reading figures"), "levers": _("Pulling levers"), "keeping": _("Keeping the result")},
    result_url=_scenario_page,
    result_label=_("See the result"),
)


class TooManyLevers(Exception):
    """A scenario has as many levers as it can hold."""


class LeversChanged(Exception):
    """The levers of a scenario are not those that somebody saw: another window has changed them meanwhile."""


def seen_of(scenario: Scenario) -> str:
    """What a page that shows the levers of a scenario carries along, to tell whether they are still the same."""
    return blake2s(json.dumps(scenario.levers, sort_keys=True).encode(), digest_size=8).hexdigest()


@transaction.atomic
def create_scenario(*, owner: User, name: str, levers: Sequence[Lever] = ()) -> Scenario:
    """A new scenario of somebody, and its result."""
    scenario = Scenario.objects.create(owner=owner, name=name, levers=[lever.as_json() for lever in levers])
    return work_out(scenario=scenario, by=owner)


@transaction.atomic
def set_lever(*, scenario: Scenario, lever: Lever, at: int | None, seen: str = "", by: User) -> Scenario:
    """Add a lever, or put it in the place of the one at `at` among those seen.

    Raises LeverError and TooManyLevers, and LeversChanged where it would take the place of another one.
    """
    lever.check()
    scenario = _as_seen(scenario, None if at is None else seen)
    levers = list(scenario.levers)
    if at is None and len(levers) >= MOST_LEVERS:
        raise TooManyLevers
    if at is None:
        levers.append(lever.as_json())
    else:
        levers[at] = lever.as_json()
    return _with_levers(scenario, levers, by)


@transaction.atomic
def remove_lever(*, scenario: Scenario, at: int, seen: str, by: User) -> Scenario:
    """Take a lever away, of those seen. Raises LeversChanged."""
    scenario = _as_seen(scenario, seen)
    return _with_levers(scenario, [lever for place, lever in enumerate(scenario.levers) if place != at], by)


def _as_seen(scenario: Scenario, seen: str | None) -> Scenario:
    """The scenario as it is now, held until the change is written; None: whatever its levers are."""
    held = Scenario.objects.select_for_update(of=("self",)).select_related("owner__team").get(pk=scenario.pk)
    if seen is not None and seen != seen_of(held):
        raise LeversChanged
    return held


def _with_levers(scenario: Scenario, levers: list[dict[str, Any]], by: User) -> Scenario:
    scenario.levers = levers
    scenario.save(update_fields=["levers", "changed_at"])
    return work_out(scenario=scenario, by=by)


def keep_scenario(*, scenario: Scenario, name: str, shared: bool, for_all: bool = False) -> Scenario:
    """Name a scenario, and share it with the owner's team, with everybody who may see such figures, or no longer."""
    scenario.name, scenario.team, scenario.for_all = name, scenario.owner.team if shared else None, for_all
    scenario.save(update_fields=["name", "team", "for_all", "changed_at"])
    return scenario


@transaction.atomic
def copy_scenario(*, scenario: Scenario, owner: User, name: str) -> Scenario:
    """The same levers as a scenario of one's own."""
    copy = Scenario.objects.create(owner=owner, name=name[:120], levers=scenario.levers)
    return work_out(scenario=copy, by=owner)


def work_out(*, scenario: Scenario, by: AbstractUser | AnonymousUser) -> Scenario:
    """Work a scenario out on the current figures: at once where customers are few, else by a job that it names."""
    run = Run.objects.current()
    if run is None:
        return scenario
    scenario.result, scenario.computed_at, scenario.job = {}, None, None
    if RunTotals.from_json(run.totals).customers <= CUSTOMERS_AT_ONCE and lines_about() <= LINES_AT_ONCE:
        return _keep_result(scenario, run, keep=True)
    scenario.job = enqueue(kind=SCENARIO, params={"scenario": scenario.pk}, requested_by=by)
    scenario.save(update_fields=["result", "computed_at", "job"])
    return scenario


def compute_scenario(*, scenario_id: int, progress: Callable[[str], None]) -> Scenario | None:
    """Work a scenario out, in a job; None where it is gone. Levers that changed meanwhile have a job of their own."""
    scenario, run = Scenario.objects.filter(pk=scenario_id).first(), Run.objects.current()
    if scenario is None or run is None:
        return None
    progress("figures")
    return _keep_result(scenario, run, keep=False)


def _keep_result(scenario: Scenario, run: Run, *, keep: bool) -> Scenario:
    """The result is only kept with the levers that it belongs to."""
    levers = scenario.levers
    scenario.result, scenario.run, scenario.computed_at = _result(run, levers, keep=keep), run, timezone.now()
    Scenario.objects.filter(pk=scenario.pk, levers=levers).update(
        result=scenario.result, run=run, computed_at=scenario.computed_at, job=scenario.job
    )
    return scenario


def _result(run: Run, levers: list[dict[str, Any]], *, keep: bool) -> dict[str, Any]:
    """What the levers come to, or which problem keeps them from it."""
    # By name: it loads numpy, which pages do without until somebody asks for a result.
    calculate = import_string("profitability.scenario_base.work_out")
    try:
        found: dict[str, Any] = calculate(run, [Lever.from_json(lever) for lever in levers], keep=keep)
    except LeverError as error:
        return {"problem": error.code, "parameters": {name: str(value) for name, value in error.parameters.items()}}
    return found
