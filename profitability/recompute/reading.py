"""Everything that a run takes from the database, in one state of it, and what it comes to for everybody."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

from django.db import transaction

from crm_site.lib.bulk import Table
from crm_site.lib.snapshot import Snapshot
from customers.models import Company, Run
from profitability.models import ModelComparison, ValuePolicy
from profitability.recompute.accounts import Accounts, account_of_anonymous_sales, accounts_of_customers
from profitability.recompute.charges import MonthResult, charge_months
from profitability.recompute.contracts import read_spells
from profitability.recompute.gather import Gathered, gather, read_records
from profitability.recompute.months import day_number
from profitability.recompute.plan import Plan, read_plan


@dataclass(frozen=True, kw_only=True)
class Basis:
    """Settings, and what everybody did."""

    plan: Plan
    policy: ValuePolicy
    company: Company
    purchase_model: str  # the winner of the latest comparison
    gathered: Gathered
    spells: Table  # the contracts of subscribers, see `contracts`


@dataclass(frozen=True, kw_only=True)
class Accounting:
    """The accounts of everybody after costs were charged."""

    basis: Basis
    results: list[MonthResult]
    accounts: Accounts
    anonymous: Accounts


def read_basis(as_of: date, check: Callable[[], None]) -> Basis:
    """All records and settings, as they are at one moment."""
    with Snapshot() as snapshot:
        plan, policy, company = read_plan(), ValuePolicy.current(), Company.current()
        model = ModelComparison.objects.model_in_force()
        spells = read_spells(day_number(as_of))
        records = read_records(snapshot, drivers=plan.drivers, as_of=day_number(as_of))
    gathered = gather(records, plan=plan, check=check)
    return Basis(plan=plan, policy=policy, company=company, purchase_model=model, gathered=gathered, spells=spells)


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
