"""Everything that a run takes from the database, in one state of it."""

from dataclasses import dataclass

from django.db import transaction

from crm_site.lib.snapshot import Snapshot
from customers.models import Company, Run
from profitability.models import ValuePolicy
from profitability.recompute.accounts import Accounts, account_of_anonymous_sales, accounts_of_customers
from profitability.recompute.charges import MonthResult, charge_months
from profitability.recompute.gather import gather, read_records
from profitability.recompute.months import day_number
from profitability.recompute.plan import Plan, read_plan
from profitability.recompute.rows import rows_of
from profitability.recompute.stopwatch import Stopwatch


@dataclass(frozen=True, kw_only=True)
class Reading:
    """Settings, and what everybody did and cost."""

    plan: Plan
    policy: ValuePolicy
    company: Company
    results: list[MonthResult]
    accounts: Accounts
    anonymous: Accounts
    without_cost: int  # cents


def read(run: Run, watch: Stopwatch) -> Reading:
    """Read all records in one state of the database, load the months of the run, and charge everybody."""
    check = watch.context.check_stop
    months = rows_of(run.pk).months
    with watch.stage("facts"):
        with Snapshot() as snapshot:
            plan, policy, company = read_plan(), ValuePolicy.current(), Company.current()
            records = read_records(snapshot, drivers=plan.drivers, as_of=day_number(run.as_of))
        with transaction.atomic():
            months.create()
            gathered = gather(records, months, plan=plan, check=check)
    with watch.stage("costs"), transaction.atomic():
        results = charge_months(gathered, run=run, plan=plan, check=check)
    return Reading(
        plan=plan,
        policy=policy,
        company=company,
        results=results,
        accounts=accounts_of_customers(gathered),
        anonymous=account_of_anonymous_sales(gathered),
        without_cost=gathered.without_cost,
    )
