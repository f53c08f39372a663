"""Whether a recompute reads the records of everybody or of those who changed, and what it then starts from.

A run of what changed takes up what the last full run laid aside, reads the records of the customers who changed since
then, and computes anew what that moves. It keeps what the full run learned of everybody: the purchase model, the
Gamma-Gamma, and the means that customers with few orders are drawn towards. So it comes to the figures of a full run
with these parameters, to the cent.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from crm_site.lib.partitions import partitions_of
from customers.models import Company, Customer, Run
from profitability.changes import changed_customers, state_of_database
from profitability.drivers import DirectCostSource, DriverSource, direct_cost_sources, sources_of
from profitability.lifetime_value import BgNbd, CustomerLoss, EquityParts, FittedModel, GammaGamma, MbgNbd, ParetoNbd
from profitability.models import ValuePolicy
from profitability.recompute.accounts import InAll
from profitability.recompute.laid_aside import Gone, basis_of, is_whole
from profitability.recompute.plan import Plan
from profitability.recompute.rows import MONTHS, rows_of
from profitability.totals import Because, RunTotals, Scope

# What changed for fewer customers than either is computed by itself; beyond, reading everybody's records costs no more.
FEW_CUSTOMERS, FEW_OF = 1_000, 10
MODELS: Mapping[str, type[BgNbd] | type[ParetoNbd]] = {kind.__name__: kind for kind in (BgNbd, MbgNbd, ParetoNbd)}
# Raised when figures come to be computed in another way, so that old months are not mixed with new ones.
WAY_OF_COMPUTING = 4


@dataclass(frozen=True, kw_only=True)
class Means:
    """What is usual, in cents: customers of whom little is known are drawn towards it."""

    per_order: float | None  # cost of an order; None where nobody had any
    per_month: float | None  # cost of a month of the relation
    of_segments: tuple[float | None, ...]  # margin of an order, see `lifetime_value.base.segment_means`


@dataclass(frozen=True, kw_only=True)
class Models:
    """What was learned of everybody's orders."""

    purchases: FittedModel
    margins: GammaGamma
    means: Means

    def as_json(self) -> dict[str, Any]:
        purchases = asdict(self.purchases)
        if self.purchases.covariance is not None:
            purchases["covariance"] = self.purchases.covariance.tolist()
        return {
            "kind": type(self.purchases).__name__,
            "purchases": purchases,
            "margins": asdict(self.margins),
            "means": asdict(self.means),
        }

    @classmethod
    def from_json(cls, found: dict[str, Any]) -> "Models":
        purchases = dict(found["purchases"])
        purchases["loss"] = CustomerLoss(purchases["loss"])
        if purchases["covariance"] is not None:
            purchases["covariance"] = np.array(purchases["covariance"])
        return cls(
            purchases=MODELS[found["kind"]](**purchases),
            margins=GammaGamma(**found["margins"]),
            means=Means(**found["means"] | {"of_segments": tuple(found["means"]["of_segments"])}),
        )


@dataclass(frozen=True, kw_only=True)
class Base:
    """The full run that a run of what changed starts from."""

    run_id: int
    slices: int
    changed: NDArray[np.int64]  # ids of customers, ascending; 0 stands for sales without one
    models: Models
    months: Sequence[Mapping[str, Any]]  # see `MonthResult.as_json`
    parts: EquityParts
    in_all: InAll
    usual: Mapping[str, int]  # see `forecast.Usual`
    subscriptions: int


@dataclass(frozen=True, kw_only=True)
class Extent:
    """What a run reads, why, and what it is computed with."""

    base: Base | None  # None: everything
    scope: Scope
    settings: dict[str, str]  # fingerprints of all that concerns everybody


def find_extent(*, as_of: date, full: bool, plan: Plan, policy: ValuePolicy, company: Company, model: str) -> Extent:
    """Decide it, in the snapshot in which the records are then read (5 queries at most)."""
    found = _settings(as_of, plan, policy, company, model)
    state = state_of_database()
    outcome = Because.ASKED if full else _start(plan, found)
    if isinstance(outcome, Because):
        return Extent(base=None, scope=Scope(because=outcome, seen=state), settings=found)
    scope = Scope(base_run=outcome.run_id, customers=len(outcome.changed), because=None, seen=state)
    return Extent(base=outcome, scope=scope, settings=found)


def _start(plan: Plan, now: Mapping[str, str]) -> Base | Because:
    """Where a run of what changed starts, or why it cannot."""
    current = Run.objects.current()
    scope = RunTotals.from_json(current.totals).scope if current and current.totals else None
    if current is None or scope is None:
        return Because.FIRST
    sources: list[DriverSource | DirectCostSource] = [*sources_of(plan.drivers), *direct_cost_sources()]
    if not all(source.watches for source in sources):
        return Because.UNWATCHED
    run_id = scope.base_run or current.pk
    try:
        basis = basis_of(run_id)
    except Gone:
        return Because.GONE
    if rows_of(run_id).months not in partitions_of(MONTHS):
        return Because.GONE
    for name, because in SETTINGS.items():
        if basis["settings"].get(name) != now[name]:
            return because
    if not is_whole(run_id, basis["slices"]):
        return Because.GONE
    changed, everybody = changed_customers()
    if everybody:
        return Because.EVERYBODY
    # Counting all of them takes longer than anything else here.
    if len(changed) > FEW_CUSTOMERS and len(changed) > Customer.objects.count() // FEW_OF:
        return Because.MANY
    return Base(
        run_id=run_id,
        slices=basis["slices"],
        changed=np.array(changed, np.int64),
        models=Models.from_json(basis["models"]),
        months=basis["months"],
        parts=EquityParts.from_json(basis["parts"]),
        in_all=InAll.from_json(basis["in_all"]),
        usual=basis["usual"],
        subscriptions=basis["subscriptions"],
    )


# What concerns everybody, and the reason for a full run that a difference is; the first that differs is told.
SETTINGS = {
    "day": Because.DAY,
    "costing": Because.COSTING,
    "policy": Because.POLICY,
    "company": Because.COMPANY,
    "model": Because.MODEL,
    "sources": Because.SOURCES,
}


def _settings(as_of: date, plan: Plan, policy: ValuePolicy, company: Company, model: str) -> dict[str, str]:
    sources = [
        *((each.rows, each.customer, each.day, sorted(each.drivers_among(plan.drivers).items()))
          for each in sources_of(plan.drivers)),
        *((each.rows, each.customer, each.day, each.cents) for each in direct_cost_sources()),
    ]  # fmt: skip
    columns = [field.attname for field in ValuePolicy._meta.concrete_fields]
    return {
        "day": as_of.isoformat(),
        "costing": _fingerprint(_costing(plan)),
        "policy": _fingerprint([getattr(policy, column) for column in columns]),
        "company": _fingerprint([company.former_after_days, settings.TIME_ZONE]),
        "model": model,
        "sources": _fingerprint([WAY_OF_COMPUTING, *sources]),
    }


def _costing(plan: Plan) -> Sequence[Any]:
    """Everything of a costing that figures come from; its names may change."""
    return [
        plan.costing.pk if plan.costing else None,
        plan.cost_ratio,
        plan.drivers,
        [(activity.pk, _sorted(asdict(plan.terms[activity.pk][0]))) for activity in plan.activities],
        [(pool.pk, pool.practical_capacity_minutes, pool.company_level) for pool in plan.pools],
        _sorted(plan.amounts),
        _sorted(plan.capacities),
    ]


def _sorted(value: Any) -> Any:
    """Mappings in one order, so that equal ones look alike."""
    if isinstance(value, Mapping):
        return sorted((key, _sorted(each)) for key, each in value.items())
    return value


def _fingerprint(value: Any) -> str:
    return hashlib.sha256(repr(value).encode()).hexdigest()[:16]
