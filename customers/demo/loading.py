"""The steps that fill an empty database, in their order; everything drawn follows from one seed."""

import datetime as dt
import gzip
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Model

from customers.demo.baskets import fill_baskets, store_lines
from customers.demo.catalogue import create_journey, create_products, create_sources
from customers.demo.consents import invent_consents
from customers.demo.daily import invent_daily_work
from customers.demo.families import invent_families
from customers.demo.history import History, read_history, weeks_to_shift
from customers.demo.identities import invent_identities
from customers.demo.moments import Staff, Stage, draw_moments, store_moments
from customers.demo.segments import invent_segments
from customers.demo.traits import Traits, draw_traits
from customers.import_actions import import_orders
from customers.importing.mappings import CDNOW
from customers.models import Company, ContactMoment, Customer, Order, OrderLine, Product

PURCHASES = settings.BASE_DIR / "sample_data" / "CDNOW_master.txt.gz"
COMPANY_NAME = "Disques Compagnon (demo)"
COMPANY_CURRENCY = "USD"
# Each part has its own stream of chance, so that changing one leaves the others as they are.
TRAITS, IDENTITIES, PRODUCTS, BASKETS, MOMENTS, DAILY, CONSENTS, CHANGES, FAMILIES = range(9)

Say = Callable[[str], None]


@dataclass(frozen=True, kw_only=True)
class Request:
    """What is loaded: so many customers of the file, taken evenly, or all of them."""

    today: dt.date
    seed: int
    staff: Staff
    customers: int | None = None

    def chance(self, part: int) -> np.random.Generator:
        return np.random.default_rng([self.seed, part])


@transaction.atomic
def load(request: Request, *, say: Say) -> None:
    """Load everything that `customers` owns, or nothing."""
    weeks = weeks_to_shift(request.today)
    _name_company(weeks)
    import_id = _import_purchases(request, weeks)
    _analyse(Customer, Order, OrderLine)
    history = read_history(import_id)
    say(f"{history.orders:,} real orders of {history.customers:,} customers, moved by {weeks:,} weeks")
    traits = draw_traits(history, owners=request.staff.sales, rng=request.chance(TRAITS))
    invent_identities(history, traits, sources=create_sources(), rng=request.chance(IDENTITIES))
    _analyse(Customer)
    say(f"{history.customers:,} invented identities")
    say(f"{invent_families(request.chance(FAMILIES)):,} members of households, contact persons and branches")
    say(f"{_load_baskets(request, history, traits):,} order lines of invented products")
    say(f"{_load_moments(request, history, traits):,} invented contact moments")
    _analyse(OrderLine, Product, ContactMoment)
    in_hand = invent_daily_work(request.staff, request.today, request.chance(DAILY))
    say(f"{in_hand:,} invented tasks and opportunities")
    say(f"{invent_segments(request.staff):,} segments")
    say(f"{invent_consents(request.today, request.chance(CONSENTS)):,} invented answers about consent")


def _name_company(weeks: int) -> None:
    Company.objects.update_or_create(
        pk=1, defaults={"name": COMPANY_NAME, "currency": COMPANY_CURRENCY, "demo_weeks_shifted": weeks}
    )


def _import_purchases(request: Request, weeks: int) -> int:
    """Import the file like any other; the id of the import."""
    whole = nullcontext(PURCHASES)
    with whole if request.customers is None else _some_customers(PURCHASES, request.customers) as path:
        report = import_orders(path=path, mapping="cdnow", shift=dt.timedelta(weeks=weeks), today=request.today)
    assert report.import_id is not None
    return report.import_id


@contextmanager
def _some_customers(path: Path, customers: int) -> Iterator[Path]:
    """The lines of so many customers, taken evenly from the whole file, in a file of the same name.

    The file is in the order in which customers were won: the first of them alone would all be of one week.
    """
    with tempfile.TemporaryDirectory() as folder, gzip.open(path, "rt") as whole:
        part = Path(folder) / path.name
        head, *lines = whole
        keys = list(dict.fromkeys(line.split(maxsplit=1)[0] for line in lines))
        chosen = {keys[number * len(keys) // customers] for number in range(customers)}
        with gzip.open(part, "wt") as kept:
            kept.write(head)
            kept.writelines(line for line in lines if line.split(maxsplit=1)[0] in chosen)
        yield part


def _load_baskets(request: Request, history: History, traits: Traits) -> int:
    products = create_products(request.chance(PRODUCTS))
    stored = store_lines(fill_baskets(history, traits, request.chance(BASKETS)), history, products)
    # The import needed a product to hang its lines on; nothing is left of it.
    Product.objects.filter(sku=CDNOW.product[0], lines=None).delete()
    return stored


def _load_moments(request: Request, history: History, traits: Traits) -> int:
    zone = ZoneInfo(settings.TIME_ZONE)
    stage = Stage(history=history, traits=traits, staff=request.staff, zone=zone, rng=request.chance(MOMENTS))
    touchpoints = {code: point.pk for code, point in create_journey().items()}
    return store_moments(draw_moments(stage), history, touchpoints)


def _analyse(*tables: type[Model]) -> None:
    """Tell the planner what is there: the next step, and the checks of foreign keys, read what this one wrote."""
    with connection.cursor() as cursor:
        for model in tables:
            cursor.execute(f"ANALYZE {model._meta.db_table}")
