"""What the contact moments at each touchpoint cost: those activities that follow contacts or their minutes."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from crm_site.lib.fields import amount_of
from customers.journey_counting import Met
from customers.journey_reports import Stage
from customers.models import Run
from profitability.models import RunActivity
from profitability.reports.profit_and_loss import rates_of
from profitability.reports.tracing import CONTACT_DRIVERS

# Cents for a unit of each driver, by month: what all activities together ask for it.
Asked = dict[dt.date, dict[str, float]]


@dataclass(frozen=True, slots=True)
class TouchpointCost:
    """What a touchpoint cost in a period. `costed` moments lie in months whose rates are known, the others do not."""

    amount: Decimal | None  # None where no month is costed
    moments: int
    costed: int


@dataclass(frozen=True, slots=True)
class JourneyCosts:
    """The costs of some touchpoints by their key, and the activities that they are made of."""

    touchpoints: dict[int, TouchpointCost]
    activities: list[str]

    @property
    def total(self) -> Decimal | None:
        """Everything that is known; None where nothing is."""
        known = [cost.amount for cost in self.touchpoints.values() if cost.amount is not None]
        return sum(known, Decimal()) if known else None


def journey_costs(run: Run, stages: Sequence[Stage]) -> JourneyCosts:
    """The costs of the stages by the rates of a run (3 queries the first time, then none).

    Cost = Σ over months of Σ over drivers of cents a unit × units. A touchpoint has the drivers of its own contacts and
    minutes, and its part of those of its channel. All touchpoints of all customers in a month come to what the run
    found that its activities cost, as far as these follow contacts.
    """
    activities, _rates = rates_of(run.pk)
    asked = _asked_of(run.pk)
    found = {stage.touchpoint.pk: _cost(stage, asked) for stage in stages}
    return JourneyCosts(found, _followed(activities, stages))


@lru_cache(maxsize=4)
def _asked_of(run_id: int) -> Asked:
    """What a unit of each driver cost in each month of a run: written once, so read once (1 query, and the rates)."""
    drivers = Run.objects.values_list("totals__drivers", flat=True).get(pk=run_id)
    _activities, rates = rates_of(run_id)
    asked: Asked = {}
    for (month, _activity), rate in rates.items():
        in_month = asked.setdefault(month, defaultdict(float))
        for driver, cents in zip(drivers, rate.coefficients, strict=True):
            in_month[driver] += cents
    return asked


def _cost(stage: Stage, asked: Asked) -> TouchpointCost:
    contacts, minutes = drivers_of(stage)
    cents, costed = 0.0, 0
    for met in stage.months:
        in_month = asked.get(met.month, {})
        each = sum(in_month.get(code, 0.0) for code in contacts)
        a_minute = sum(in_month.get(code, 0.0) for code in minutes)
        if _is_costed(met, each, a_minute):
            cents += each * met.moments + a_minute * float(met.minutes or 0)
            costed += met.moments
    return TouchpointCost(amount_of(round(cents)) if costed else None, stage.moments, costed)


def _is_costed(met: Met, each: float, a_minute: float) -> bool:
    """A rate of nothing means that no costs were entered for the month, or that the run had no such contacts yet."""
    return each > 0 or (a_minute > 0 and met.minutes is not None)


def drivers_of(stage: Stage) -> tuple[tuple[str, str], tuple[str, str]]:
    """The drivers that moments at a touchpoint add to: contacts, and minutes; of the touchpoint and of its channel."""
    point, channel = f"at_{stage.touchpoint.pk}", stage.touchpoint.channel
    contacts, minutes = ((f"{kind}{point}", f"{kind}{channel}") for kind in CONTACT_DRIVERS)
    return contacts, minutes


def _followed(activities: Iterable[RunActivity], stages: Iterable[Stage]) -> list[str]:
    """The names of the activities that any of the stages adds to, in their order."""
    codes = {code for stage in stages for both in drivers_of(stage) for code in both}
    return [activity.label for activity in activities if codes.intersection(activity.drivers)]
