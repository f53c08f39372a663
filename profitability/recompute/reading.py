"""Everything that a run takes from the database, in one state of it."""

from dataclasses import dataclass

from django.db import connection, transaction

from customers.models import Company, Run
from profitability.models import ValuePolicy
from profitability.recompute.accounts import Accounts, account_of_anonymous_sales, accounts_of_customers
from profitability.recompute.charges import MonthResult, charge_months
from profitability.recompute.gather import gather
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
    # Inside a caller's transaction, as in tests, the isolation is the caller's business.
    outermost = not connection.in_atomic_block
    check = watch.context.check_stop
    with transaction.atomic():
        if outermost:
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ")
        plan, policy, company = read_plan(), ValuePolicy.current(), Company.current()
        months = rows_of(run.pk).months
        with watch.stage("facts"):
            months.create()
            gathered = gather(months, plan=plan, as_of=day_number(run.as_of), check=check)
        with watch.stage("costs"):
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
