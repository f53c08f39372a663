"""Everything that a run takes from the database, in one state of it, and what it comes to for everybody."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction

from crm_site.lib.bulk import Table
from crm_site.lib.snapshot import HandedOver, Snapshot
from customers.models import Company, Run
from profitability.models import ModelComparison, ValuePolicy
from profitability.recompute.accounts import Accounts, account_of_anonymous_sales, accounts_of_customers
from profitability.recompute.base import Extent, find_extent
from profitability.recompute.charges import MonthResult, charge_months
from profitability.recompute.contracts import read_spells
from profitability.recompute.gather import Gathered, Read, gather, read_records
from profitability.recompute.laid_aside import lay_aside
from profitability.recompute.months import Months, day_number
from profitability.recompute.plan import Plan, read_plan
from profitability.recompute.records import People, Spool
from profitability.recompute.rows import rows_of


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


@dataclass(frozen=True, kw_only=True)
class Accounting:
    """The accounts of everybody after costs were charged."""

    basis: Basis
    gathered: Gathered
    results: list[MonthResult]
    accounts: Accounts
    anonymous: Accounts


def read_basis(run: Run, *, full: bool) -> Basis:
    """All records and settings, as they are at one moment; or, of what stayed the same, what the last full run left."""
    with Snapshot() as snapshot:
        plan, policy, company = read_plan(), ValuePolicy.current(), Company.current()
        model = ModelComparison.objects.model_in_force()
        extent = find_extent(as_of=run.as_of, full=full, plan=plan, policy=policy, company=company, model=model)
        spells = read_spells(day_number(run.as_of))
        read = read_records(snapshot, drivers=plan.drivers, as_of=day_number(run.as_of), base=extent.base)
    return Basis(
        plan=plan, policy=policy, company=company, purchase_model=model, read=read, spells=spells, extent=extent
    )


def add_up(basis: Basis, run: Run, *, months: Spool, finished: HandedOver[int], check: Callable[[], None]) -> Gathered:
    """What everybody did; a full run lays it aside for later ones."""
    if basis.extent.base:
        return gather(basis.read, plan=basis.plan, months=months, finished=finished, check=check)
    partition = rows_of(run.pk).laid_aside
    partition.create()

    def keep(number: int, rows: Months, people: People) -> None:
        lay_aside(partition, number, rows, people, basis.plan.drivers)

    return gather(basis.read, plan=basis.plan, months=months, finished=finished, check=check, keep=keep)


@transaction.atomic
def account(basis: Basis, gathered: Gathered, run: Run, check: Callable[[], None]) -> Accounting:
    """Charge everybody, and keep rates and months of the run."""
    results = charge_months(gathered, run=run, plan=basis.plan, check=check)
    return Accounting(
        basis=basis,
        gathered=gathered,
        results=results,
        accounts=accounts_of_customers(gathered),
        anonymous=account_of_anonymous_sales(gathered),
    )
