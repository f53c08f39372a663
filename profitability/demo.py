"""Demonstration costing: invented cost pools and activities of a record shop, in proportion to what its records hold.

The amounts are what the shop would have entered month by month: a fixed part, and so much for each unit of work. Teams
whose work is time-driven have a practical capacity instead, of which some stays unused.
"""

import datetime as dt
from calendar import monthrange
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
from django.db import transaction
from django.db.models import Max, Min
from django.utils import timezone

from crm_site.lib.snapshot import HandedOver, Snapshot
from customers.models import Order
from profitability.actions import publish_costing
from profitability.models import Activity, ActivityShare, Costing, CostPool, CostPoolAmount, ValuePolicy
from profitability.recompute.gather import gather, read_records
from profitability.recompute.months import THOUSAND, day_number, month_columns, month_date
from profitability.recompute.plan import Plan
from profitability.recompute.records import Spool

COSTING_NAME = "Demonstration"
# What the fixed amounts and capacities were written for; a smaller demonstration is a smaller shop.
WHOLE_ORDERS = 69_659
ROUNDED_TO = Decimal(10)

Say = Callable[[str], None]
# Units of a driver in each month.
Quantities = Mapping[str, Mapping[dt.date, Decimal]]


@dataclass(frozen=True, kw_only=True)
class Work:
    """An activity: a percentage of its pool shared out by one driver, or minutes for each unit of several."""

    name: str
    name_fr: str
    driver: str = ""
    percent: str = ""
    minutes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Pool:
    """A resource: its dollars in a whole month, and for each unit of a driver; its minutes where it is time-driven."""

    name: str
    name_fr: str
    fixed: str
    variable: Mapping[str, str] = field(default_factory=dict)
    capacity: int | None = None
    works: tuple[Work, ...] = ()


POOLS = (
    Pool(
        name="Order desk",
        name_fr="Service des commandes",
        fixed="900",
        variable={"orders": "1.10", "order_lines": "0.25"},
        works=(
            Work(name="Process orders", name_fr="Traiter les commandes", driver="orders", percent="75"),
            Work(
                name="Process order lines",
                name_fr="Traiter les lignes de commande",
                driver="order_lines",
                percent="25",
            ),
        ),
    ),
    Pool(
        name="Warehouse and shipping",
        name_fr="Entrepôt et expédition",
        fixed="700",
        variable={"units": "0.28", "orders": "1.15"},
        works=(
            Work(name="Pick and pack", name_fr="Préparer les colis", driver="units", percent="40"),
            Work(name="Deliver", name_fr="Livrer", driver="orders", percent="60"),
        ),
    ),
    Pool(
        name="Website and IT",
        name_fr="Site web et informatique",
        fixed="1500",
        variable={"orders": "0.45"},
        works=(Work(name="Run the web shop", name_fr="Exploiter la boutique en ligne", driver="orders", percent="90"),),
    ),
    Pool(
        name="Customer accounts",
        name_fr="Comptes clients",
        fixed="0",
        variable={"new_customers": "1.80"},
        works=(
            Work(
                name="Set up new customers",
                name_fr="Ouvrir les comptes des nouveaux clients",
                driver="new_customers",
                percent="100",
            ),
        ),
    ),
    Pool(
        name="Mailings",
        name_fr="Publipostage",
        fixed="0",
        variable={"contacts_letter": "0.85"},
        works=(
            Work(
                name="Send printed catalogues",
                name_fr="Envoyer les catalogues imprimés",
                driver="contacts_letter",
                percent="100",
            ),
        ),
    ),
    Pool(
        name="Customer service team",
        name_fr="Équipe du service client",
        fixed="6240",
        capacity=12_000,
        works=(
            Work(
                name="Answer calls",
                name_fr="Répondre aux appels",
                minutes={"contacts_phone": "2", "minutes_phone": "1"},
            ),
            Work(name="Answer e-mails", name_fr="Répondre aux e-mails", minutes={"minutes_email": "1"}),
            Work(
                name="Answer chats and invoice questions",
                name_fr="Répondre aux discussions en ligne et aux questions de facture",
                minutes={"minutes_chat": "1", "minutes_invoice": "1"},
            ),
            Work(name="Advise in the shop", name_fr="Conseiller en magasin", minutes={"minutes_shop": "1"}),
        ),
    ),
    Pool(
        name="Sales representatives",
        name_fr="Représentants",
        fixed="4650",
        capacity=7_500,
        works=(
            Work(
                name="Visit customers",
                name_fr="Visiter les clients",
                # The way there and back, and the visit itself.
                minutes={"contacts_visit": "45", "minutes_visit": "1"},
            ),
        ),
    ),
    Pool(name="General management", name_fr="Direction générale", fixed="5800"),
)


@transaction.atomic
def load(*, say: Say) -> None:
    """Make the demonstration costing the current one, for all months from the first order to the last."""
    costing = Costing.objects.create(name=COSTING_NAME)
    ValuePolicy.objects.get_or_create(pk=1)
    quantities, months = read_quantities(), months_of_orders()
    scale = Decimal(Order.objects.count()) / WHOLE_ORDERS
    for spec in POOLS:
        pool = _create_pool(costing, spec, scale)
        CostPoolAmount.objects.bulk_create(
            CostPoolAmount(
                pool=pool,
                month=month,
                # The capacity is that of a whole month, so the team is paid for whole months too.
                amount=amount_of(spec, month, quantities, scale if spec.capacity else scale * part),
            )
            for month, part in months.items()
        )
    _create_activities(costing)
    publish_costing(costing=costing, at=timezone.now())
    say(f"{len(POOLS)} invented cost pools over {len(months)} months")


def _create_pool(costing: Costing, spec: Pool, scale: Decimal) -> CostPool:
    return CostPool.objects.create(
        costing=costing,
        name=spec.name,
        name_fr=spec.name_fr,
        practical_capacity_minutes=None if spec.capacity is None else max(round(spec.capacity * scale), 1),
        company_level=not spec.works,
    )


def _create_activities(costing: Costing) -> None:
    pools = {pool.name: pool for pool in costing.pools.all()}
    works = [(pools[spec.name], work) for spec in POOLS for work in spec.works]
    for position, (pool, work) in enumerate(works, start=1):
        activity = Activity.objects.create(
            costing=costing,
            name=work.name,
            name_fr=work.name_fr,
            method=Activity.Method.TIME_DRIVEN if work.minutes else Activity.Method.TRADITIONAL,
            driver=work.driver,
            resource=pool if work.minutes else None,
            equation=equation_of(work),
            position=position,
        )
        if work.percent:
            ActivityShare.objects.create(activity=activity, pool=pool, percent=Decimal(work.percent))


def equation_of(work: Work) -> str:
    """The time equation of an activity, as people would write it."""
    terms = ((driver, Decimal(minutes)) for driver, minutes in work.minutes.items())
    return " + ".join(driver if minutes == 1 else f"{minutes} * {driver}" for driver, minutes in terms)


def amount_of(spec: Pool, month: dt.date, quantities: Quantities, scale: Decimal) -> Decimal:
    """What a pool cost in a month: nothing where it is shared out by drivers and there was no work at all."""
    drivers = {work.driver for work in spec.works if work.driver}
    if drivers and not all(quantities[driver].get(month) for driver in drivers):
        return Decimal(0)
    variable = sum(Decimal(each) * quantities[driver].get(month, 0) for driver, each in spec.variable.items())
    return ((Decimal(spec.fixed) * scale + variable) / ROUNDED_TO).quantize(Decimal(1)) * ROUNDED_TO


def read_quantities() -> Quantities:
    """How much of each driver that the pools name customers caused in each month, as a recompute would find it."""
    wanted = {driver for spec in POOLS for driver in spec.variable}
    wanted |= {work.driver for spec in POOLS for work in spec.works if work.driver}
    drivers = tuple(sorted(wanted))
    with Snapshot() as snapshot:
        read = read_records(snapshot, drivers=drivers, as_of=day_number(dt.date.max), base=None)
    gathered = gather(
        read,
        plan=Plan.without_costing(drivers),
        months=Spool(month_columns(drivers)),
        finished=HandedOver(),  # nobody waits for the slices
        check=lambda: None,
    )
    found: dict[str, dict[dt.date, Decimal]] = {driver: {} for driver in drivers}
    for month, total in gathered.customers.items():
        for driver, thousandths in zip(drivers, np.broadcast_to(total.quantities, len(drivers)).tolist(), strict=True):
            found[driver][month_date(month)] = Decimal(thousandths) / THOUSAND
    return found


def months_of_orders() -> dict[dt.date, Decimal]:
    """The months from the first order to the last, and which part of each lies between them."""
    span = Order.objects.aggregate(first=Min("ordered_on"), last=Max("ordered_on"))
    first, last = span["first"], span["last"]
    months: dict[dt.date, Decimal] = {}
    month = first.replace(day=1)
    while month <= last:
        length = monthrange(month.year, month.month)[1]
        end = min(last, month.replace(day=length))
        months[month] = Decimal((end - max(first, month)).days + 1) / length
        month = (month + dt.timedelta(days=length)).replace(day=1)
    return months
