"""The pages that people live in, as multiples of the least that a Django page can cost.

    python benchmarks/pages.py [--customers 1000000] [--orders 4000000] [--rounds 60] [--pages lived value]

The floor is a bare view behind the same middleware and sign-in: one indexed query of its own, 25 rows of eight cells
through a plain template. Every page is asked for in turn with the floor in one process, by Django's test client, as a
signed-in manager; figures are medians, except of the last column: the first visit by the new process. The column
before says how many of the milliseconds statements took. Another column compares with the same view when nobody is
signed in, which spares it session, person and rights. `--pages` chooses between the pages that people live in and
those about value (see `value_pages.py`), each with a goal of its own. A file with 500 contact moments and pairs of
likely duplicates are added to the portfolio. The database is the configured one (CRM_DATA_DIR, DATABASE_URL; by
default var/bench); when it is empty a portfolio is generated and computed first.
"""

import argparse
import os
import re
import statistics
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from html import unescape
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm_site.settings")
os.environ.setdefault("CRM_DATA_DIR", str(ROOT / "var" / "bench"))

import django  # noqa: E402
from django.conf import settings  # noqa: E402

from crm_site import embedded  # noqa: E402

django.setup()

import value_pages  # noqa: E402
from django.contrib.auth.decorators import login_not_required  # noqa: E402
from django.contrib.auth.models import Group  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.http import HttpRequest, HttpResponse  # noqa: E402
from django.template import Context, Engine  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import path  # noqa: E402
from django.utils import timezone  # noqa: E402

from crm_site.lib.accounts.models import User  # noqa: E402
from crm_site.lib.paging import Cursor  # noqa: E402
from crm_site.roles import MANAGER  # noqa: E402
from crm_site.urls import urlpatterns as site_patterns  # noqa: E402
from customers.importing.staging import Unwatched  # noqa: E402
from customers.journey_actions import count_usual_periods  # noqa: E402
from customers.models import ContactMoment, Customer, DuplicatePair, JourneyStep, Run, Touchpoint  # noqa: E402

GOAL, GOAL_OF_VALUE = 4, 6
LIVED, VALUE = "lived", "value"
MOMENTS_IN_A_FULL_FILE = 500
PAIRS = 2_000
ROWS, FAR_PAGE = 25, 1_000
FILTERS = ("stage=customer", "kind=company", "profit_min=0", "category=2")
FIGURES = ("profit", "net_revenue", "lifetime_value", "order_count", "last_order_on", "probability_alive")
BARE = Engine(debug=False).from_string(
    "<!doctype html><title>Bare</title><table>{% for row in rows %}<tr>{% for cell in row %}<td>{{ cell }}</td>"
    "{% endfor %}</tr>{% endfor %}</table>"
)
BARE_CELLS = ("id", "reference", "name", "given_name", "city", "country", "email", "phone")


def bare(request: HttpRequest) -> HttpResponse:
    """The floor: what a page that shows 25 rows cannot do without."""
    rows = Customer.objects.order_by("sort_key", "id").values_list(*BARE_CELLS)[:25]
    return HttpResponse(BARE.render(Context({"rows": rows})))


urlpatterns = [path("bare/", bare), path("public/", login_not_required(bare)), *site_patterns]


@dataclass
class Page:
    """A page, the addresses it is asked for by, and what was measured; only pages with a goal are held to it."""

    name: str
    addresses: list[str]
    goal: float | None = None
    milliseconds: list[float] = field(default_factory=list)
    in_database: list[float] = field(default_factory=list)
    queries: set[int] = field(default_factory=set)

    def ask(self, client: Client, turn: int) -> None:
        """Ask once, noting the time and the number of queries."""
        address = self.addresses[turn % len(self.addresses)]
        with timed_queries() as statements:
            began = time.perf_counter()
            response = client.get(address)
            self.milliseconds.append((time.perf_counter() - began) * 1000)
        if response.status_code != 200:
            sys.exit(f"{address} answered {response.status_code}.")
        self.queries.add(len(statements))
        self.in_database.append(sum(statements) * 1000)

    @property
    def median(self) -> float:
        return statistics.median(self.milliseconds)

    def worst(self) -> float:
        return statistics.quantiles(self.milliseconds, n=20)[-1]


@contextmanager
def timed_queries() -> Iterator[list[float]]:
    """The seconds that each statement takes, its way there and back included."""
    seconds: list[float] = []

    def note(execute, sql, params, many, context):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
        began = time.perf_counter()
        try:
            return execute(sql, params, many, context)
        finally:
            seconds.append(time.perf_counter() - began)

    with connection.execute_wrapper(note):
        yield seconds


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--customers", type=int, default=1_000_000)
    options.add_argument("--orders", type=int, default=4_000_000)
    options.add_argument("--rounds", type=int, default=60)
    options.add_argument("--pages", nargs="+", choices=(LIVED, VALUE), default=[LIVED, VALUE])
    chosen = options.parse_args()
    settings.ROOT_URLCONF = __name__
    settings.ALLOWED_HOSTS = ["testserver"]
    with embedded.servers_for(["manage.py", "bench"]):
        prepare(chosen.customers, chosen.orders)
        measure(chosen.rounds, chosen.pages)


def prepare(customers: int, orders: int) -> None:
    """A database with a portfolio and a published run."""
    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    if not Customer.objects.exists():
        print(f"Generating {customers:,} customers and {orders:,} orders ...", flush=True)
        call_command("generate_portfolio", customers=customers, orders=orders)
    if Run.objects.current() is None:
        print("Computing their figures ...", flush=True)
        call_command("recompute", wait=True)
    if not JourneyStep.objects.exists():
        began = time.perf_counter()
        count_usual_periods(at=timezone.now(), today=timezone.localdate(), watch=Unwatched())
        print(f"Counted the usual periods of the journey in {time.perf_counter() - began:.1f} s", flush=True)
    fill(full_file())
    if not DuplicatePair.objects.exists():
        add_pairs()
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")


def full_file() -> Customer:
    """The customer with many contact moments: the first one of the portfolio."""
    return Customer.objects.order_by("pk")[0]


def fill(customer: Customer) -> None:
    """Add contact moments until they are so many as to fill many pages."""
    touchpoints, now = list(Touchpoint.objects.all()), timezone.now()
    ContactMoment.objects.bulk_create(
        ContactMoment(
            customer=customer,
            touchpoint=touchpoints[number % len(touchpoints)],
            occurred_at=now - timedelta(days=number),
            summary=f"Spoke about order {number}",
        )
        for number in range(MOMENTS_IN_A_FULL_FILE - customer.moments.count())
    )


def add_pairs() -> None:
    """Likely duplicates, as a search would have left them."""
    ids = list(Customer.objects.order_by("pk").values_list("pk", flat=True)[: 2 * PAIRS])
    DuplicatePair.objects.bulk_create(
        DuplicatePair(first_id=first, second_id=second, score=60 + first % 40, reasons=["name"])
        for first, second in zip(ids[::2], ids[1::2], strict=True)
    )


def measure(rounds: int, chosen: list[str]) -> None:
    client, visitor = Client(), Client()
    client.force_login(manager())
    public, pages = Page("bare view, not signed in", ["/public/"]), [Page("bare view", ["/bare/"])]
    if LIVED in chosen:
        pages += site_pages(client)
    if VALUE in chosen:
        value_pages.add_work(manager())
        value_pages.work_out(client)
        pages += [Page(name, asked, GOAL_OF_VALUE) for name, asked in value_pages.addresses().items()]
    for turn in range(rounds):
        for page in (public, *pages):
            page.ask(visitor if page is public else client, turn)
    report(public, pages)


def manager() -> User:
    user, _ = User.objects.get_or_create(username="bench", defaults={"email": "bench@example.com"})
    user.groups.set(Group.objects.filter(name=MANAGER.name))
    return user


def site_pages(client: Client) -> list[Page]:
    """The pages to measure, at places all over the table."""
    ids = list(Customer.objects.filter(pk__gt=0).order_by("pk").values_list("pk", flat=True)[:200_000:2000])
    by_value = [f"/customers/?{condition}&sort=-lifetime_value" for condition in FILTERS]
    names = list(Customer.objects.filter(pk__in=ids[:20]).values_list("name", flat=True))
    first = client.get("/customers/?sort=-profit").content.decode()
    (following,) = re.findall(r'rel="next" href="([^"]+)"', first)
    return [
        Page("customer list, by name", ["/customers/"], GOAL),
        Page("customer list, by each figure", [f"/customers/?sort=-{name}" for name in FIGURES], GOAL),
        Page("customer list, later page", ["/customers/" + unescape(following)], GOAL),
        Page(f"customer list, page {FAR_PAGE:,}", [f"/customers/?after={far_page()}"], GOAL),
        Page("customer list, one category", ["/customers/?category=1&sort=-profit", "/customers/?category=4"]),
        Page("customer list, filtered, by value", by_value, GOAL),
        Page("customer list, name searched", [f"/customers/?q={name}" for name in names], GOAL),
        Page("customer list, three letters", [f"/customers/?q={name[:3]}" for name in names], GOAL),
        Page("customer file", [f"/customers/{pk}/" for pk in ids], GOAL),
        Page(f"customer file, {MOMENTS_IN_A_FULL_FILE} moments", [full_file().get_absolute_url()], GOAL),
        Page("customer file, profit and loss", [f"/customers/{pk}/account/" for pk in ids]),
        Page("customer file, consent and more", [f"/customers/{pk}/more/" for pk in ids]),
        Page("search everything", [f"/search/?q={name}" for name in names], GOAL),
        Page("orders", ["/orders/"], GOAL),
        Page("customer journey", ["/journey/"], GOAL),
        Page("likely duplicates", ["/customers/duplicates/"], GOAL),
        Page("dashboard", ["/dashboard/"], GOAL_OF_VALUE),
    ]


def far_page() -> str:
    """The place where the thousandth page of the list by name begins."""
    rows = Customer.objects.order_by("sort_key", "id").values_list("sort_key", "id")
    last = min((FAR_PAGE - 1) * ROWS, rows.count()) - 1
    return Cursor(*rows[last]).encode()


def report(public: Page, pages: list[Page]) -> None:
    floor, missed = pages[0], False
    print(f"{Customer.objects.count():,} customers")
    head = f"{'page':40} {'median ms':>10} {'p95 ms':>8} {'× floor':>8} {'queries':>9}  {'goal':12} × not signed in"
    print(f"{head}  ms in statements  ms at first")
    for page in (public, *pages):
        ratio = page.median / floor.median
        counts = "-".join(str(count) for count in sorted({min(page.queries), max(page.queries)}))
        goal = "" if page.goal is None else f"≤ {page.goal:g}" + ("" if ratio <= page.goal else "  missed")
        missed = missed or goal.endswith("missed")
        beside = page.median / public.median
        print(
            f"{page.name:40} {page.median:10.2f} {page.worst():8.2f} {ratio:8.2f} {counts:>9}  {goal:12} {beside:14.2f}"
            f"  {statistics.median(page.in_database):16.1f}  {page.milliseconds[0]:11.0f}"
        )
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
