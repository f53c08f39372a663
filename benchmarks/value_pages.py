"""What `pages.py` measures besides the pages people live in: those about value, and those of a day's work.

The portfolio is made without a team, tasks or plans, so whatever such pages show is added here first: a manager's own
customers, tasks, opportunities, segments, what-ifs and a draft of the costing. What pages ask the background for
(rankings of periods, matrix, cohorts, portfolio, what-ifs, comparison of models) is worked out as a worker would, and
timed.
"""

import time
from collections.abc import Iterable, Mapping
from datetime import timedelta

from django.test import Client
from django.utils import timezone

from crm_site.lib.accounts.models import User
from crm_site.lib.jobs.actions import run_job
from crm_site.lib.jobs.models import Job
from customers.models import (
    Customer,
    Opportunity,
    OpportunityStage,
    Order,
    ProductFamily,
    Run,
    Segment,
    SegmentFigures,
    Task,
)
from customers.segment_actions import keep_figures
from profitability.costing_actions import copy_costing
from profitability.models import Costing, ModelComparison, RunMonth, Scenario
from profitability.scenario_actions import create_scenario
from profitability.what_if.levers import Lever

OWN_CUSTOMERS, TASKS, OPPORTUNITIES = 300, 2_000, 2_000
SEGMENTS = {
    "Companies": "kind=company",
    "Customers in Pau": "city=Pau",
    "Customers in Vannes": "city=Vannes",
    "Stars": "category=1",
    "To be let go": "category=4",
    "Profitable companies": "kind=company&profit_min=100",
}
LEVERS = {
    "Prices 5 % up": [Lever(kind="price")],
    "Without the fourth category": [Lever(kind="let_go", rows="category", row="4")],
    "Minimum order": [Lever(kind="minimum", rows="category", row="3"), Lever(kind="discount")],
}
STAGES = (("Contacted", 20, "open"), ("Proposal", 50, "open"), ("Won", 100, "won"), ("Lost", 0, "lost"))
# Pages that the background makes something for, each once for a run.
PREPARED = (
    *("/ranking/groups/", "/ranking/?period=12m", "/ranking/?period=before-12m", "/ranking/moves/", "/matrix/"),
    *("/cohorts/", "/portfolio/", "/equity/"),
)


def add_work(user: User) -> None:
    """A manager's customers, tasks, opportunities, segments, what-ifs and a draft; each only where there is none."""
    ids = list(Customer.objects.order_by("pk").values_list("pk", flat=True)[: max(TASKS, OPPORTUNITIES)])
    today, costing = timezone.localdate(), Costing.objects.current()
    if not Customer.objects.filter(owner=user).exists():
        Customer.objects.filter(pk__in=ids[:OWN_CUSTOMERS]).update(owner=user)
        wished = Customer.objects.filter(pk__in=ids[: OWN_CUSTOMERS // 10])
        wished.update(needs="Delivery before nine", preferred_channel="phone", birth_date=today.replace(year=1980))
    if not Task.objects.exists():
        Task.objects.bulk_create(
            Task(title=f"Call back {n}", customer_id=key, owner=user, due_on=today + timedelta(days=n % 60 - 20))
            for n, key in enumerate(ids[:TASKS])
        )
    if not Opportunity.objects.exists():
        Opportunity.objects.bulk_create(_opportunities(user, ids[:OPPORTUNITIES]))
    if not Segment.objects.exists():
        for name, query in SEGMENTS.items():
            Segment.objects.create(name=name, query=query, owner=user)
    if (run := Run.objects.current()) and not SegmentFigures.objects.filter(run=run).exists():
        keep_figures(run=run)  # as the recompute would have
    if costing and not Costing.objects.filter(published_at=None).exists():
        copy_costing(costing=costing, name="Draft")
    for name, levers in LEVERS.items() if not Scenario.objects.exists() else ():
        create_scenario(owner=user, name=name, levers=levers)


def _opportunities(user: User, customers: Iterable[int]) -> Iterable[Opportunity]:
    if not OpportunityStage.objects.exists():
        for place, (name, probability, outcome) in enumerate(STAGES):
            OpportunityStage.objects.create(name=name, position=place, probability=probability, outcome=outcome)
    stages = list(OpportunityStage.objects.all())
    for n, key in enumerate(customers):
        yield Opportunity(
            title=f"Sale {n}", customer_id=key, owner=user, stage=stages[n % len(stages)], expected_value=100 + n
        )


def work_out(client: Client) -> None:
    """Ask for what is made once for a run, and do that work as the background does."""
    if not ModelComparison.objects.exists():
        client.post("/value-models/compare/")
    for address in PREPARED:
        client.get(address)
        do_jobs()


def do_jobs() -> None:
    """Every job that waits, with how long it took."""
    for job in Job.objects.active().order_by("pk"):
        began = time.perf_counter()
        run_job(job.pk)
        job.refresh_from_db()
        print(f"{job.label} ({job.state}): {time.perf_counter() - began:.1f} s", flush=True)


def addresses() -> Mapping[str, list[str]]:
    """The pages by what they are called in the table, each with addresses that are asked for in turn."""
    return {**_ranking(), **_value(), **_what_if(), **_costing(), **_customers(), **_day()}


def _ranking() -> dict[str, list[str]]:
    references = Customer.objects.filter(pk__gt=0).order_by("pk").values_list("reference", flat=True)[:40_000:2000]
    moves = (f"/ranking/moves/customers/?was={was}&is={now}" for was, now in ("12", "41", "24"))
    return {
        "ranking with its whale curve": ["/ranking/"],
        "ranking, a customer sought": [f"/ranking/?here={reference}" for reference in references],
        "ranking, one category": [f"/ranking/?category={category}" for category in (1, 2, 3, 4)],
        "ranking of twelve months": ["/ranking/?period=12m"],
        "ranking of twelve months, one category": [f"/ranking/?period=12m&category={n}" for n in (1, 2, 3, 4)],
        "ranking by group": [f"/ranking/groups/?by={by}" for by in ("segment", "family", "town", "category")],
        "size against profit": ["/ranking/sizes/", "/ranking/sizes/?period=12m"],
        "moves between categories": ["/ranking/moves/"],
        "moves since the recompute before": ["/ranking/moves/?runs=1"],
        "customers who made a move": list(moves),
        "customer equity": ["/equity/"],
    }


def _value() -> dict[str, list[str]]:
    families = ProductFamily.objects.values_list("pk", flat=True)[:4]
    cells = (f"/matrix/cell/?rows=category&columns=family&row={n}&column={key}" for n, key in enumerate(families, 1))
    asked = ("", "&months=24", "&reach=25", "&aim=least_risk")
    return {
        "matrix": [f"/matrix/?rows={rows}" for rows in ("category", "segment", "kind", "town")],
        "matrix of products": ["/matrix/?columns=product"],
        "matrix of single customers": ["/matrix/?rows=customers", "/matrix/?rows=customers&of_rows=category&of=4"],
        "one cell of the matrix": list(cells),
        "recency, frequency, value": ["/rfm/"],
        "cohorts by month": ["/cohorts/"],
        "cohorts by source": ["/cohorts/?by=sources"],
        "portfolio by group": [f"/portfolio/?by=town{question}" for question in asked],
        "portfolio by customer": ["/portfolio/customers/"],
        "portfolio, concentration": ["/portfolio/concentration/"],
        "how sure are we": ["/value-models/"],
        "value policy": ["/value-policy/"],
        "report by e-mail": ["/dashboard/report/monthly/"],
    }


def _what_if() -> dict[str, list[str]]:
    scenarios = list(Scenario.objects.order_by("pk").values_list("pk", flat=True))
    cell = "rows=category&row=4&columns=family"
    return {
        "what-if": ["/what-if/"],
        "a new lever": [f"/what-if/new/?lever={kind}&{cell}" for kind in ("price", "drop", "service", "pool")],
        "a scenario": [f"/what-if/{key}/" for key in scenarios],
        "a scenario's lever": [f"/what-if/{key}/lever/0/" for key in scenarios],
        "scenarios compared": ["/what-if/compare/?" + "&".join(f"s={key}" for key in scenarios)],
    }


def _costing() -> dict[str, list[str]]:
    months = RunMonth.objects.order_by("-month").values_list("month", flat=True).distinct()[:24:8]
    newest, oldest = Costing.objects.order_by("-pk")[0], Costing.objects.order_by("pk")[0]
    version = f"/costing/versions/{newest.pk}/"
    pools, activities = (rows.values_list("pk", flat=True) for rows in (newest.pools, newest.activities))
    latest = Run.objects.order_by("-pk").values_list("pk", flat=True)[0]
    return {
        "costing": ["/costing/"],
        "costing of a month": [f"/costing/{month:%Y-%m}/" for month in months],
        "reconciliation": ["/costing/reconciliation/"],
        "rates": ["/costing/rates/"],
        "versions of the costing": ["/costing/versions/"],
        "a version": [version],
        "two versions compared": [f"/costing/versions/compare/?before={oldest.pk}&after={newest.pk}"],
        "amounts of a version": [f"{version}amounts/"],
        "amounts from a file": [f"{version}amounts/import/"],
        "a cost pool": [f"/costing/pools/{key}/" for key in pools],
        "an activity": [f"/costing/activities/{key}/" for key in activities],
        "publishing a version": [f"{version}publish/"],
        "recomputes": ["/runs/"],
        "a recompute": [f"/runs/{latest}/"],
        "figures as of another day": ["/runs/another-day/"],
    }


def _customers() -> dict[str, list[str]]:
    ids = list(Customer.objects.filter(pk__gt=0).order_by("pk").values_list("pk", flat=True)[:100_000:2000])
    return {
        "profit and loss of a customer": [f"/customers/{pk}/profit-and-loss/" for pk in ids],
        "profit and loss, twelve months": [f"/customers/{pk}/profit-and-loss/?period=12m" for pk in ids],
        "value of a customer over time": [f"/customers/{pk}/value-history/" for pk in ids],
        "changes of a customer": [f"/customers/{pk}/changes/" for pk in ids],
        "contact moments of a customer": [f"/customers/{pk}/moments/" for pk in ids],
        "editing a customer": [f"/customers/{pk}/edit/" for pk in ids],
        "consent of a customer": [f"/customers/{pk}/consent/" for pk in ids],
    }


def _day() -> dict[str, list[str]]:
    orders = list(Order.objects.order_by("pk").values_list("pk", flat=True)[:40_000:2000])
    tasks, segments = (rows.values_list("pk", flat=True)[:6] for rows in (Task.objects, Segment.objects))
    blocks = ("incomplete", "unowned", "newest", "moves", "replies", "birthdays", "silent", "preferences")
    return {
        "today": ["/today/"],
        "today, proposals": ["/today/proposals/"],
        **{f"today, {block}": [f"/today/{block}/"] for block in blocks},
        "tasks": ["/tasks/", "/tasks/?whose=mine"],
        "a task": [f"/tasks/{key}/" for key in tasks],
        "segments": ["/segments/"],
        "a segment": [f"/segments/{key}/" for key in segments],
        "filters of the customer list": ["/customers/filter/"],
        "opportunities": ["/opportunities/"],
        "opportunities as a list": ["/opportunities/list/"],
        "an order": [f"/orders/{key}/" for key in orders],
        "imports": ["/imports/"],
        "changes": ["/changes/"],
        "merges": ["/merges/"],
    }
