"""Everything that a run takes from the database, in one state of it."""

from dataclasses import dataclass

from crm_site.lib.bulk import Table
from crm_site.lib.snapshot import Snapshot
from customers.models import Company, Run
from profitability.models import ModelComparison, ValuePolicy
from profitability.recompute.base import Extent, find_extent
from profitability.recompute.contracts import read_spells
from profitability.recompute.gather import Read, read_records
from profitability.recompute.months import day_number
from profitability.recompute.plan import Plan, read_plan


@dataclass(frozen=True, kw_only=True)
class Basis:
    """Settings, and what was read of everybody."""

    plan: Plan
    policy: ValuePolicy
    company: Company
    purchase_model: str  # the winner of the latest comparison
    read: Read
    spells: Table  # the contracts of subscribers, see `contracts`
    extent: Extent


def read_basis(run: Run, *, full: bool) -> Basis:
    """All records and settings, as they are at one moment; or, of what stayed the same, what the last full run left."""
    with Snapshot() as snapshot:
        plan, policy, company = read_plan(), ValuePolicy.current(), Company.current()
        model = ModelComparison.objects.model_in_force()
        extent = find_extent(as_of=run.as_of, full=full, plan=plan, policy=policy, company=company, model=model)
        spells = read_spells(day_number(run.as_of))
        read = read_records(snapshot, drivers=plan.drivers, as_of=day_number(run.as_of), base=extent.base)
    return Basis(
        plan=plan,
        policy=policy,
        company=company,
        purchase_model=model,
        read=read,
        spells=spells,
        extent=extent,
    )
