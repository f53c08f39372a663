"""A shop small enough that every figure of its recompute can be worked out on paper; see `test_recompute.py`."""

import datetime as dt
from decimal import Decimal
from typing import Any

from django.utils import timezone

from crm_site.lib.jobs.actions import run_job
from crm_site.lib.jobs.models import Job
from customers.models import Customer, Order, Product, Run, Scorecard
from customers.models.moment import Channel
from customers.tests.factories import (
    CompanyFactory,
    ContactMomentFactory,
    CustomerFactory,
    OrderFactory,
    OrderLineFactory,
    ProductFactory,
    TouchpointFactory,
)
from profitability.actions import publish_costing, request_recompute
from profitability.models import Activity, Costing, CostPool

TODAY = dt.date(2026, 6, 30)
MAY, JUNE = dt.date(2026, 5, 1), dt.date(2026, 6, 1)


def asked(as_of: dt.date = TODAY) -> Job:
    """A recompute by the latest draft, if there is one, done in this process; how it ended is the caller's to see."""
    for draft in Costing.objects.drafts().order_by("id"):
        publish_costing(costing=draft, at=timezone.now())
    job = request_recompute(reason=Run.Reason.ASKED, as_of=as_of)
    run_job(job.pk)
    job.refresh_from_db()
    return job


def recomputed(as_of: dt.date = TODAY) -> Run:
    """The run that a recompute published."""
    job = asked(as_of)
    assert job.state == Job.State.DONE, job.problem
    return Run.objects.get(pk=job.result["run"])


def card(customer: Customer) -> Scorecard:
    """The customer's figures in the current run, with rank and cumulative share."""
    run = Run.objects.get(is_current=True)
    return run.with_shares(run.with_ranks(Scorecard.objects.in_run(run))).get(customer=customer)


def bought(customer: Customer | None, day: dt.date, *lines: dict[str, Any]) -> Order:
    """An order of goods; each line says what differs from one piece at 10.00 that cost 6.00."""
    order = OrderFactory(customer=customer, ordered_on=day)
    for line in lines or ({},):
        OrderLineFactory(order=order, **{"quantity": 1, **line})
    return order


def called(customer: Customer, day: dt.date, minutes: int | None) -> None:
    """A call, of which nobody noted how long it took where `minutes` is None: its touchpoint says 8."""
    line = TouchpointFactory(channel=Channel.PHONE, standard_minutes=8)
    at = timezone.make_aware(dt.datetime.combine(day, dt.time(10)))
    ContactMomentFactory(customer=customer, touchpoint=line, occurred_at=at, minutes=minutes)


def current_costing(**fields: Any) -> Costing:
    """A draft: the first recompute publishes it, and from then on it stays as it is."""
    return Costing.objects.create(name="Shop", **fields)


def pool(costing: Costing, name: str, amounts: dict[dt.date, str], **fields: Any) -> CostPool:
    created = costing.pools.create(name=name, **fields)
    for month, amount in amounts.items():
        created.amounts.create(month=month, amount=Decimal(amount))
    return created


def shared_out(costing: Costing, pool: CostPool, driver: str, percent: int = 100) -> Activity:
    activity = costing.activities.create(name=f"By {driver}", driver=driver, position=costing.activities.count())
    activity.shares.create(pool=pool, percent=percent)
    return activity


def timed(costing: Costing, pool: CostPool, **minutes: str) -> Activity:
    return costing.activities.create(
        name=f"At {pool.name}",
        method=Activity.Method.TIME_DRIVEN,
        resource=pool,
        equation=" + ".join(f"{each} * {driver}" for driver, each in minutes.items()),
        position=costing.activities.count(),
    )


class Shop:
    """Ada buys much and sends back, Bob buys little, Cy only calls, and somebody without a name buys once."""

    def __init__(self) -> None:
        CompanyFactory()
        self.ada, self.cy = CustomerFactory(name="Ada"), CustomerFactory(name="Cy")
        self.bob = CustomerFactory(name="Bob", acquisition_cost=Decimal(4))
        kinds = Product.Kind
        self.delivery, self.rebate, self.fee = (
            ProductFactory(kind=kind) for kind in (kinds.DELIVERY, kinds.DISCOUNT, kinds.FEE)
        )
        self.costing = current_costing(default_cost_ratio=Decimal("0.5"))
        warehouse = pool(self.costing, "Warehouse", {MAY: "12.00", JUNE: "10.00"})
        desk = pool(self.costing, "Desk", {JUNE: "30.00"}, practical_capacity_minutes=60)
        pool(self.costing, "Rent", {JUNE: "7.00"}, company_level=True)
        self.orders = shared_out(self.costing, warehouse, "orders")
        self.calls = timed(self.costing, desk, minutes_phone="1", contacts_phone="2")
        self._sell()

    def _sell(self) -> None:
        charge = {"unit_cost": None, "product": self.delivery, "unit_price": 5}
        large = {"unit_price": 50, "unit_cost": 30}
        bought(self.ada, dt.date(2026, 5, 4), {**large, "quantity": 2, "discount": 10}, charge)
        bought(self.ada, dt.date(2026, 5, 4), {"unit_price": 20, "unit_cost": 12})
        bought(self.ada, dt.date(2026, 6, 10), {**large, "quantity": -1, "discount": -5})
        fee = {"unit_cost": None, "product": self.fee, "unit_price": 3}
        bought(self.ada, dt.date(2026, 6, 20), {"unit_price": 40, "unit_cost": None}, fee)
        rebate = {"unit_cost": None, "product": self.rebate, "unit_price": -1}
        bought(self.bob, dt.date(2026, 6, 15), {"unit_price": 10, "unit_cost": 8}, rebate)
        bought(None, JUNE, {"unit_price": 30, "unit_cost": 18})
        called(self.ada, dt.date(2026, 6, 11), minutes=10)
        called(self.cy, dt.date(2026, 6, 12), minutes=None)
