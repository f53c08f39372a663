"""Recomputes of a generated portfolio, against the least that any full recompute would have to do.

    python benchmarks/recompute.py [--customers 100000 1000000] [--rounds 3] [--data-dir DIR]

The floor is one pass over all order lines, grouped by customer, written as one row for each customer as wide as a
scorecard. Each round measures the floor, then the full recompute, then one after 1,000 customers were changed in a way
that concerns them alone (other prices on an order of theirs), then one after the same have ordered again in a month
whose costs are shared out by orders, which moves the rates of all who ordered in it. The goal of a change is set for
the former. So all meet the same machine.
Every size has embedded servers and a database of its own below the data folder, which is kept: a second time starts at
once. CPU seconds count the worker's and PostgreSQL's; memory is the peak of one process, with what it shares.
"""

import argparse
import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import partial
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parents[1]
GOAL_CUSTOMERS, GOAL_RATIO, GOAL_GIBIBYTES = 1_000_000, 3, 2
CHANGED, GOAL_OF_CHANGES = 1_000, 0.05
THEIRS_ALONE = "prices"  # the change that concerns nobody but the changed customers
ORDERS_EACH, LINES_EACH = 4, 10
TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class Spent:
    """What one piece of work took."""

    seconds: float
    cpu_seconds: float
    peak_mebibytes: dict[str, int] = field(default_factory=dict)  # by process
    stages: dict[str, float] = field(default_factory=dict)  # seconds


@dataclass(frozen=True, kw_only=True)
class Result:
    """One size of portfolio."""

    customers: int
    lines: int
    floors: list[Spent]
    recomputes: list[Spent]
    changes: dict[str, list[Spent]]  # by what was changed


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--customers", type=int, nargs="+", default=[100_000, 1_000_000])
    options.add_argument("--rounds", type=int, default=3)
    options.add_argument("--ranges", type=int, default=2, help="how many parts of the records are read at a time")
    options.add_argument("--data-dir", type=Path, default=ROOT / "var" / "benchmarks")
    options.add_argument("--measure", action="store_true", help=argparse.SUPPRESS)
    chosen = options.parse_args()
    if chosen.measure:
        print(json.dumps(asdict(measured(chosen.customers[0], chosen.rounds, chosen.ranges))))
        return
    results = [in_process(customers, chosen) for customers in sorted(chosen.customers)]
    for result in results:
        report(result)
    for small, large in pairwise(results):
        print(f"\n{growth(small, large)}")


def in_process(customers: int, chosen: argparse.Namespace) -> dict[str, Any]:
    """Measure one size in a process whose settings point at that size's own servers."""
    command = [sys.executable, __file__, "--measure", "--customers", str(customers), "--rounds", str(chosen.rounds)]
    command += ["--ranges", str(chosen.ranges)]
    place = {"CRM_DATA_DIR": str(chosen.data_dir.resolve() / f"recompute-{customers}")}
    clean = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    answer = subprocess.run(command, env=clean | place, stdout=subprocess.PIPE, check=True, text=True)
    found: dict[str, Any] = json.loads(answer.stdout.splitlines()[-1])
    return found


def report(result: dict[str, Any]) -> None:
    """A table of medians over the rounds."""
    floor, work = (
        {name: median(one[name] for one in result[kind]) for name in ("seconds", "cpu_seconds")}
        for kind in ("floors", "recomputes")
    )
    ratio = work["seconds"] / floor["seconds"]
    print(f"\n{result['customers']:,} customers, {result['lines']:,} order lines")
    print(f"{'':14}{'seconds':>10}{'CPU s':>10}{'÷ floor':>10}")
    print(f"{'floor':14}{floor['seconds']:10.2f}{floor['cpu_seconds']:10.2f}{1:10.2f}")
    for stage in result["recomputes"][0]["stages"]:
        seconds = median(one["stages"][stage] for one in result["recomputes"])
        print(f"  {stage:12}{seconds:10.2f}{'':10}{seconds / floor['seconds']:10.2f}")
    print(f"{'recompute':14}{work['seconds']:10.2f}{work['cpu_seconds']:10.2f}{ratio:10.2f}")
    if result["customers"] == GOAL_CUSTOMERS:
        print(f"goal: {GOAL_RATIO} x the floor {verdict(ratio <= GOAL_RATIO)}")
    for what in result["changes"]:
        report_changes(result, what)
    for process in ("worker", "postgres"):
        of_changes = (one for each in result["changes"].values() for one in each)
        peak = max(one["peak_mebibytes"][process] for one in (*result["recomputes"], *of_changes))
        met = verdict(peak < GOAL_GIBIBYTES * 1024)
        print(f"peak memory of one {process} process: {peak:,} MiB (goal: {GOAL_GIBIBYTES} GiB {met})")


def report_changes(result: dict[str, Any], what: str) -> None:
    """What a recompute after changes takes, as a part of the full one of the same round."""
    changes = result["changes"][what]
    pairs = list(zip(changes, result["recomputes"], strict=True))
    seconds, cpu = (median(one[name] for one, _full in pairs) for name in ("seconds", "cpu_seconds"))
    part = median(one["seconds"] / full["seconds"] for one, full in pairs)
    for stage in changes[0]["stages"]:
        print(f"  {stage:12}{median(one['stages'][stage] for one in changes):10.2f}")
    print(f"{what:14}{seconds:10.2f}{cpu:10.2f}{part:10.2%} of the full one after {CHANGED:,} changed customers")
    if result["customers"] == GOAL_CUSTOMERS and what == THEIRS_ALONE:
        print(f"goal: {GOAL_OF_CHANGES:.0%} {verdict(part <= GOAL_OF_CHANGES)}")


def growth(small: dict[str, Any], large: dict[str, Any]) -> str:
    """How much longer the larger portfolio takes."""
    seconds = [median(one["seconds"] for one in result["recomputes"]) for result in (small, large)]
    times, longer = large["customers"] / small["customers"], seconds[1] / seconds[0]
    goal = f"no faster than linear {verdict(longer <= times)}"
    return f"{times:g} times the customers take {longer:.1f} times as long (goal: {goal})"


def verdict(met: bool) -> str:
    return "met" if met else "MISSED"


def measured(customers: int, rounds: int, ranges: int) -> Result:
    """Have servers and a portfolio, and measure both in turn."""
    sys.path.insert(0, str(ROOT))
    os.environ["DJANGO_SETTINGS_MODULE"] = "crm_site.settings"
    from crm_site import embedded  # noqa: PLC0415  only this process has the environment for it

    with embedded.servers(embedded.data_dir()):
        prepare(customers)
        postmaster = int((embedded.data_dir() / "postgres" / "postmaster.pid").read_text().split("\n", 1)[0])
        floors: list[Spent] = []
        recomputes: list[Spent] = []
        changes: dict[str, list[Spent]] = {what: [] for what in CHANGES}
        for _ in range(rounds):
            floors.append(spent(floor, postmaster))
            recomputes.append(spent(partial(recompute, "True", ranges), postmaster))
            for what, statement in CHANGES.items():
                started(CHANGE_CODE.replace("STATEMENT", statement)).communicate()
                changes[what].append(spent(partial(recompute, "False", ranges), postmaster))
        lines = customers * LINES_EACH
        return Result(customers=customers, lines=lines, floors=floors, recomputes=recomputes, changes=changes)


def prepare(customers: int) -> None:
    """A migrated database with the portfolio in it."""
    manage("migrate", "--verbosity", "0")
    if manage("shell", "-c", "from customers.models import Customer; print(Customer.objects.exists())") != "True":
        numbers = {"customers": customers, "orders": customers * ORDERS_EACH, "lines": customers * LINES_EACH}
        manage("generate_portfolio", *(f"--{name}={number}" for name, number in numbers.items()))


def manage(*arguments: str) -> str:
    command = [sys.executable, str(ROOT / "manage.py"), *arguments]
    return subprocess.run(command, stdout=subprocess.PIPE, check=True, text=True).stdout.strip().rpartition("\n")[2]


def floor() -> subprocess.Popen[str]:
    return started(FLOOR_CODE)


def recompute(full: str, ranges: int) -> subprocess.Popen[str]:
    return started(RECOMPUTE_CODE.replace("FULL", full).replace("RANGES", str(ranges)))


def started(code: str) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", code], cwd=ROOT, stdout=subprocess.PIPE, text=True)


SETUP = "import django, json, time; django.setup(); from django.db import connection\n"
# One row for each customer, as wide as a scorecard, with what a single pass over the lines can say.
FLOOR_CODE = f"""{SETUP}
from customers.models import Scorecard
said = {{"customer_id": "o.customer_id", "orders": "count(*)", "net_revenue": "sum(l.gross)"}}
kinds = {{field.column: field.db_type(connection) for field in Scorecard._meta.concrete_fields}}
filler = {{"date": "'2026-01-01'", "varchar(8)": "'customer'", "varchar(30)": "'few_orders_segment_mean'"}}
columns = ", ".join(f"{{said.get(name, filler.get(kind, '1'))}}::{{kind}} AS {{name}}" for name, kind in kinds.items())
source = "customers_orderline l JOIN customers_order o ON o.id = l.order_id GROUP BY o.customer_id"
with connection.cursor() as cursor:
    cursor.execute("DROP TABLE IF EXISTS benchmark_floor; CHECKPOINT")
    begun = time.monotonic()
    cursor.execute(f"CREATE TABLE benchmark_floor AS SELECT {{columns}} FROM {{source}}")
    print(json.dumps({{"seconds": time.monotonic() - begun, "cpu_seconds": 0.0, "stages": {{}}}}))
    cursor.execute("DROP TABLE benchmark_floor")
"""
RECOMPUTE_CODE = f"""{SETUP}
from crm_site.lib.jobs.actions import run_job
from customers.models import Run
from crm_site.lib import snapshot
from crm_site.lib.jobs.registry import handler_of
from profitability.actions import RECOMPUTE, request_recompute
handler_of(RECOMPUTE.name)  # a worker has loaded what it needs
snapshot.AT_ONCE = RANGES
with connection.cursor() as cursor:
    cursor.execute("CHECKPOINT")
job = request_recompute(reason=Run.Reason.ASKED, full=FULL)
begun, idle = time.time(), time.process_time()
run_job(job.pk)
job.refresh_from_db()
seconds = job.finished_at.timestamp() - begun  # figures are public; what is then told of them to others comes after
run = Run.objects.get(pk=job.result["run"])
assert (run.totals["scope"]["because"] is None) is not FULL, run.totals["scope"]
stages = {{time["stage"]: time["seconds"] for time in run.totals["durations"]}}
stages["publishing"] = seconds - sum(stages.values())
print(json.dumps({{"seconds": seconds, "cpu_seconds": time.process_time() - idle, "stages": stages}}))
"""

# Each thousandth customer, of those with an order.
CHOSEN = f"""
    chosen AS (
        SELECT id FROM (
            SELECT c.id, row_number() OVER (ORDER BY c.id) AS n, count(*) OVER () AS all_of FROM customers_customer c
            WHERE EXISTS (SELECT FROM customers_order o WHERE o.customer_id = c.id)
        ) numbered
        WHERE n % greatest(all_of / {CHANGED}, 1) = 0 LIMIT {CHANGED}
    )
"""
CHANGES = {
    "prices": f"""
        WITH {CHOSEN}, latest AS (
            SELECT DISTINCT ON (o.customer_id) l.id FROM chosen c JOIN customers_order o ON o.customer_id = c.id
            JOIN customers_orderline l ON l.order_id = o.id ORDER BY o.customer_id, l.id DESC
        )
        UPDATE customers_orderline l SET unit_price = unit_price + 1 FROM latest WHERE l.id = latest.id
    """,
    "orders": f"""
        WITH {CHOSEN}, ordered AS (
            INSERT INTO customers_order (number, customer_id, ordered_on, currency, exchange_rate)
            SELECT gen_random_uuid()::text, id, (SELECT max(ordered_on) FROM customers_order), '', 1 FROM chosen
            RETURNING id
        )
        INSERT INTO customers_orderline (order_id, product_id, quantity, unit_price, discount)
        SELECT o.id, p.id, 1, 20, 0 FROM ordered o, (SELECT id FROM customers_product WHERE kind = 'goods' LIMIT 2) p
    """,
}
CHANGE_CODE = f"""{SETUP}
with connection.cursor() as cursor:
    cursor.execute('''STATEMENT''')
"""


def spent(start: Callable[[], subprocess.Popen[str]], postmaster: int) -> Spent:
    """Let a process work, and watch it and PostgreSQL meanwhile."""
    before = cpu_of_ended(postmaster)
    process = start()
    with watched(process.pid, postmaster) as peaks:
        output = process.communicate()[0]
    if process.returncode:
        raise SystemExit(f"The measured process failed: {output}")
    time.sleep(0.5)  # until PostgreSQL has noticed that its sessions ended
    said = json.loads(output.splitlines()[-1])
    return Spent(
        seconds=said["seconds"],
        cpu_seconds=said["cpu_seconds"] + cpu_of_ended(postmaster) - before,
        peak_mebibytes=dict(peaks),
        stages=said["stages"],
    )


def cpu_of_ended(postmaster: int) -> float:
    """CPU seconds of PostgreSQL's sessions and workers that have ended."""
    fields = Path(f"/proc/{postmaster}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[13]) + int(fields[14])) / TICK


@contextmanager
def watched(worker: int, postmaster: int) -> Iterator[dict[str, int]]:
    """Peak resident memory in MiB of the worker, and of whichever process of PostgreSQL takes most."""
    peaks = {"worker": 0, "postgres": 0}
    over = threading.Event()

    def look() -> None:
        while not over.wait(0.2):
            peaks["worker"] = max(peaks["worker"], peak_of(worker))
            children = Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()
            peaks["postgres"] = max([peaks["postgres"], *(peak_of(int(child)) for child in children)])

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield peaks
    finally:
        over.set()
        thread.join()


def peak_of(process: int) -> int:
    try:
        status = Path(f"/proc/{process}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0
    high = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
    return int(high[0]) // 1024 if high else 0


if __name__ == "__main__":
    main()
