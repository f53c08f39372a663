"""A few dozen customers over some months, bought and called at random, with costs: for figures checked from outside."""

import datetime as dt
import random
from decimal import Decimal

import numpy as np
import pandas as pd

from customers.models import Customer, Run
from customers.tests.factories import CompanyFactory, CustomerFactory
from profitability.models import ActivityRate, CustomerMonth, RunActivity
from profitability.models.figures import ANONYMOUS
from profitability.tests.shop import bought, called, current_costing, pool, shared_out, timed
from profitability.totals import RunTotals

FIRST, LAST = dt.date(2026, 1, 1), dt.date(2026, 6, 1)
MONTHS = tuple(dt.date(2026, month, 1) for month in range(1, 7))


def a_portfolio(customers: int = 24, seed: int = 7) -> list[Customer]:
    """Customers who buy and call at random from January to June, some of them never, and what serving them costs."""
    CompanyFactory()
    chance = random.Random(seed)
    made = [
        CustomerFactory(
            name=f"C{number:02d}", country=chance.choice(("FR", "BE")), city=chance.choice(("Lyon", "Liège", "")),
            postal_code=chance.choice(("69001", "69100", "4000", "")),
        )
        for number in range(customers)
    ]  # fmt: skip
    for customer in made[:-2]:
        for _order in range(chance.randint(1, 6)):
            price, cost = chance.randint(15, 160), chance.randint(1, 90)
            line = {"unit_price": price, "unit_cost": cost, "quantity": chance.choice((1, 2, 3, -1))}
            bought(customer, a_day(chance), line)
        if chance.random() < 0.6:
            called(customer, a_day(chance), minutes=chance.randint(1, 40))
    called(made[-1], a_day(chance), minutes=5)
    costing = current_costing(default_cost_ratio=Decimal("0.5"))
    amounts = {month: f"{90 + index}.37" for index, month in enumerate(MONTHS)}
    shared_out(costing, pool(costing, "Warehouse", amounts), "orders")
    desk = pool(costing, "Desk", dict.fromkeys(MONTHS, "77.10"), practical_capacity_minutes=120)
    timed(costing, desk, minutes_phone="1", contacts_phone="2.5")
    return made


def a_day(chance: random.Random) -> dt.date:
    return FIRST + dt.timedelta(days=chance.randrange(180))


def months_frame(run: Run) -> pd.DataFrame:
    """Every month of every customer with its profit, worked out with pandas alone; money in cents."""
    drivers = RunTotals.from_json(run.totals).drivers
    rates = {
        (rate.month, rate.activity_id): np.array(rate.coefficients)
        for rate in ActivityRate.objects.filter(activity__run=run)
    }
    activities = list(RunActivity.objects.filter(run=run).values_list("pk", flat=True))
    rows = []
    for month in CustomerMonth.objects.in_run(run).exclude(customer_id=ANONYMOUS):
        revenue = month.gross - month.discounts - month.returns + month.other
        nothing = np.zeros(len(drivers))
        charged = [np.rint(rates.get((month.month, pk), nothing) @ np.array(month.quantities)) for pk in activities]
        rows.append(
            {
                "customer": month.customer_id,
                "month": pd.Timestamp(month.month),
                "net_revenue": int(revenue * 100),
                "profit": int((revenue - month.cost_of_goods - month.direct_costs) * 100) - int(sum(charged)),
            }
        )
    return pd.DataFrame(rows)
