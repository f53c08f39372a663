"""Everything that a run takes from the database, in one state of it, and what it comes to for everybody."""

from collections.abc import Callable
from dataclasses import dataclass

from django.db import transaction

from crm_site.lib.bulk import Table
from crm_site.lib.snapshot import Snapshot
from customers.models import Company, Run
from profitability.models import ModelComparison, ValuePolicy
from profitability.recompute.accounts import Accounts, account_of_anonymous_sales, accounts_of_customers
from profitability.recompute.base import Extent, find_extent
from profitability.recompute.charges import MonthResult, charge_months
from profitability.recompute.contracts import read_spells
from profitability.recompute.gather import Gathered, gather, read_records
from profitability.recompute.laid_aside import lay_aside
from profitability.recompute.months import Months, day_number
from profitability.recompute.plan import Plan, read_plan
from profitability.recompute.records import People
from profitability.recompute.rows import rows_of


@dataclass(frozen=True, kw_only=True)
class Basis:
    """Settings, and what everybody did."""

    plan: Plan
    policy: ValuePolicy
    company: Company
    purchase_model: str  # the winner of the latest comparison
    gathered: Gathered
    spells: Table  # the contracts of subscribers, see `contracts`
    extent: Extent


@dataclass(frozen=True, kw_only=True)
class Accounting:
    """The accounts of everybody after costs were charged."""

    basis: Basis
    results: list[MonthResult]
    accounts: Accounts
    anonymous: Accounts


def read_basis(run: Run, check: Callable[[], None], *, full: bool) -> Basis:
    """All records and settings, as they are at one moment; or, of what stayed the same, what the last full run left."""
    with Snapshot() as snapshot:
        plan, policy, company = read_plan(), ValuePolicy.current(), Company.current()
        model = ModelComparison.objects.model_in_force()
        extent = find_extent(as_of=run.as_of, full=full, plan=plan, policy=policy, company=company, model=model)
        spells = read_spells(day_number(run.as_of))
        read = read_records(snapshot, drivers=plan.drivers, as_of=day_number(run.as_of), base=extent.base)
    if extent.base:
        gathered = gather(read, plan=plan, check=check)
    else:
        partition = rows_of(run.pk).laid_aside
        partition.create()

        def keep(number: int, months: Months, people: People) -> None:
            lay_aside(partition, number, months, people, plan.drivers)

        gathered = gather(read, plan=plan, check=check, keep=keep)
    return Basis(
        plan=plan,
        policy=policy,
        company=company,
        purchase_model=model,
        gathered=gathered,
        spells=spells,
        extent=extent,
    )


@transaction.atomic
def account(basis: Basis, run: Run, check: Callable[[], None]) -> Accounting:
    """Charge everybody, and keep rates and months of the run."""
    results = charge_months(basis.gathered, run=run, plan=basis.plan, check=check)
    return Accounting(
        basis=basis,
        results=results,
        accounts=accounts_of_customers(basis.gathered),
        anonymous=account_of_anonymous_sales(basis.gathered),
    )
