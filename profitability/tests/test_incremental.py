"""A recompute of what changed comes to the figures of a full one, to the cent, and says when it must be a full one."""

import datetime as dt
import random
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from crm_site.lib.jobs.actions import run_job
from crm_site.lib.jobs.context import JobContext
from crm_site.lib.jobs.models import Job
from crm_site.lib.partitions import Partition, partitions_of
from customers.models import Company, Customer, OrderLine, Product, Run, Scorecard
from customers.models.moment import Touchpoint
from profitability.actions import RECOMPUTE, request_recompute
from profitability.changes import changed_customers
from profitability.models import CustomerMonth, ReadAnew, ValuePolicy
from profitability.models.figures import months_in_sql
from profitability.recompute import run_recompute
from profitability.recompute.base import Models
from profitability.recompute.laid_aside import basis_of
from profitability.recompute.publish import drop_old_rows
from profitability.recompute.rows import LAID_ASIDE, MONTHS, SCORECARDS
from profitability.reports.profit_and_loss import customer_profit_and_loss, profit_of_years
from profitability.tests.edits import EDITS, Edit, anonymous_sale, merge, nothing_of_figures, order, order_gone
from profitability.tests.figures import figures
from profitability.tests.portfolio import a_portfolio
from profitability.tests.shop import TODAY, current_costing, pool, recomputed, shared_out
from profitability.totals import Because, RunTotals, Scope

pytestmark = pytest.mark.django_db


def full_again() -> Run:
    """A full run with the models of the last one."""
    scope = scope_of(Run.objects.get(is_current=True))
    models = Models.from_json(basis_of(scope.base_run or Run.objects.get(is_current=True).pk)["models"])
    job = Job.objects.create(kind=RECOMPUTE.name, state=Job.State.RUNNING, attempts=1)
    with JobContext(job) as context:
        run = run_recompute(context=context, as_of=TODAY, reason=Run.Reason.ASKED, full=True, models=models)
    Job.objects.filter(pk=job.pk).update(state=Job.State.DONE)
    drop_old_rows()
    return run


def scope_of(run: Run) -> Scope:
    scope = RunTotals.from_json(run.totals).scope
    assert scope is not None
    return scope


def edited(chance: random.Random, edits: int) -> None:
    for edit in chance.choices(EDITS, k=edits):
        edit(chance)


@pytest.fixture(params=[True, False], ids=["shared", "of its own"])
def sharing(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    """Whether a run of what changed shares scorecards, whatever part of so few customers it moves."""
    monkeypatch.setattr("profitability.recompute.renewal.MOST_EXCHANGED", 1 if request.param else -1)
    return bool(request.param)


@pytest.mark.parametrize("seed", range(6))
def test_after_any_edits_the_figures_are_those_of_a_full_run(seed: int, sharing: bool) -> None:
    chance = random.Random(seed)
    a_portfolio(40, seed=seed)
    recomputed()
    for _time in range(3):
        edited(chance, 6)
        recomputed()
        edited(chance, 5)
        changed = recomputed()
        assert scope_of(changed).because is None
        assert (changed.scorecards_of is not None) == sharing
        found = figures(changed)
        full = full_again()
        assert scope_of(full).because == Because.ASKED
        for name, rows in figures(full).items():
            assert found[name] == rows, name


@pytest.mark.parametrize("edit", EDITS, ids=lambda edit: edit.__name__)
def test_each_kind_of_edit_is_noticed(edit: Edit, sharing: bool) -> None:
    chance = random.Random(3)
    a_portfolio(12)
    for warm_up in (order, anonymous_sale):
        warm_up(chance)
    recomputed()
    assert changed_customers() == ([], False)
    edit(chance)
    run = recomputed()
    assert scope_of(run).because is None
    assert (scope_of(run).customers == 0) == (edit is nothing_of_figures)
    assert figures(run) == figures(full_again())


def test_only_the_records_of_customers_who_changed_are_read() -> None:
    first, second, *_others = a_portfolio(12)
    recomputed()
    line = OrderLine.objects.filter(order__customer=first).first()
    assert line is not None
    line.delete()
    other = OrderLine.objects.filter(order__customer=second).first()
    assert other is not None
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL session_replication_role = replica")  # nobody notices
        cursor.execute("UPDATE customers_orderline SET unit_price = unit_price + 1000 WHERE id = %s", [other.pk])
        cursor.execute("SET LOCAL session_replication_role = origin")
    profit = dict(Scorecard.objects.in_run(Run.objects.get(is_current=True)).values_list("customer", "net_revenue"))
    run = recomputed()
    after = dict(Scorecard.objects.in_run(run).values_list("customer", "net_revenue"))
    assert scope_of(run).customers == 1
    assert {customer for customer, amount in after.items() if profit[customer] != amount} == {first.pk}
    full = full_again()
    assert Scorecard.objects.in_run(full).get(customer=second).net_revenue != after[second.pk]


def test_months_of_customers_who_stayed_as_they_were_are_shared_with_the_full_run() -> None:
    chance = random.Random(5)
    people = a_portfolio(12)
    full = recomputed()
    edited(chance, 6)
    changed = recomputed()
    assert changed.stands_on == full
    anew = set(ReadAnew.objects.filter(run=changed).values_list("customer_id", flat=True))
    assert len(anew) == scope_of(changed).customers
    assert set(CustomerMonth.objects.filter(run=changed).values_list("customer_id", flat=True)) <= anew
    others = {person.pk for person in people} - anew
    assert others & set(CustomerMonth.objects.in_run(changed).values_list("customer_id", flat=True))
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT customer_id, month, gross FROM {months_in_sql(changed)} m ORDER BY 1, 2")
        rows = cursor.fetchall()
    found = CustomerMonth.objects.in_run(changed).order_by("customer_id", "month")
    assert rows == [(row.customer_id, row.month, int(row.gross * 100)) for row in found]


def test_each_run_keeps_its_figures_while_later_ones_are_published(sharing: bool) -> None:
    chance = random.Random(11)
    a_portfolio(30, seed=2)
    runs = [recomputed()]
    told = [figures(runs[0])]
    for _time in range(3):
        edited(chance, 5)
        runs.append(recomputed())
        told.append(figures(runs[-1]))
    for run, found in zip(runs, told, strict=True):
        assert Run.objects.get(pk=run.pk).has_rows
        assert figures(run) == found


def test_the_first_place_of_a_rank_leads_to_the_customers_of_that_rank_and_all_after(sharing: bool) -> None:
    chance = random.Random(13)
    a_portfolio(30, seed=3)
    recomputed()
    edited(chance, 12)
    run = recomputed()
    ranked = Scorecard.objects.ranked_in(run)
    in_order = list(ranked.order_by("place").values_list("customer_id", "rank"))
    assert [rank for _customer, rank in in_order] == list(range(1, len(in_order) + 1))
    for rank in range(len(in_order) + 3):
        after = ranked.filter(place__gte=run.place_of(rank)).order_by("place").values_list("customer_id", flat=True)
        assert list(after) == [customer for customer, place in in_order if place >= rank]


def test_accounts_of_customers_are_those_of_a_full_run_whether_they_changed_or_not() -> None:
    chance = random.Random(8)
    people = a_portfolio(12)
    recomputed()
    edited(chance, 8)
    changed = recomputed()
    accounts = [(customer_profit_and_loss(changed, one.pk), profit_of_years(changed, one.pk)) for one in people]
    full = full_again()
    assert full.stands_on is None
    for person, (account, years) in zip(people, accounts, strict=True):
        whole = customer_profit_and_loss(full, person.pk)
        assert account is not None
        assert whole is not None
        assert (account.whole.profit, account.last_year.profit) == (whole.whole.profit, whole.last_year.profit)
        assert years == profit_of_years(full, person.pk)


def test_months_stay_as_long_as_a_run_shares_them_and_go_then() -> None:
    chance = random.Random(2)
    a_portfolio(12)
    full = recomputed()
    for _time in range(3):
        order(chance)
        last = recomputed()
        Run.objects.update(published_at=timezone.now() - dt.timedelta(hours=1))
    assert last.stands_on == full
    assert Partition(MONTHS, full.pk) in partitions_of(MONTHS)
    assert Partition(SCORECARDS, full.pk) not in partitions_of(SCORECARDS)
    assert not Run.objects.get(pk=full.pk).has_rows
    seen = figures(last)
    assert seen == figures(full_again())
    for _time in range(2):
        Run.objects.update(published_at=timezone.now() - dt.timedelta(hours=1))
        full_again()
    assert Partition(MONTHS, full.pk) not in partitions_of(MONTHS)
    assert not ReadAnew.objects.exists()


def test_ranks_stay_without_gaps() -> None:
    chance = random.Random(1)
    a_portfolio(20)
    recomputed()
    edited(chance, 10)
    run = recomputed()
    cards = Scorecard.objects.ranked_in(run).order_by("place")
    assert list(cards.values_list("rank", flat=True)) == list(range(1, len(cards) + 1))
    profits = list(cards.values_list("profit", flat=True))
    assert profits == sorted(profits, reverse=True)


def because(run: Run) -> str | None:
    return scope_of(run).because


def test_what_concerns_everybody_makes_a_full_run_necessary() -> None:
    a_portfolio(12)
    assert because(recomputed()) == Because.FIRST
    assert because(recomputed()) is None
    assert because(recomputed(TODAY + dt.timedelta(days=1))) == Because.DAY
    assert because(recomputed()) == Because.DAY
    ValuePolicy.objects.create(pk=1, horizon_years=5)
    assert because(recomputed()) == Because.POLICY
    Company.objects.update(former_after_days=30)
    assert because(recomputed()) == Because.COMPANY
    Product.objects.filter(pk=Product.objects.earliest("pk").pk).update(kind=Product.Kind.FEE)
    assert because(recomputed()) == Because.EVERYBODY
    Touchpoint.objects.update(standard_minutes=9)
    assert because(recomputed()) == Because.EVERYBODY
    Touchpoint.objects.update(name_fr="Un autre nom")
    assert because(recomputed()) is None


def test_a_new_costing_makes_a_full_run_necessary() -> None:
    a_portfolio(12)
    recomputed()
    assert because(recomputed()) is None
    shared_out(other := current_costing(), pool(other, "Warehouse", {TODAY.replace(day=1): "90.00"}), "orders")
    assert because(recomputed()) == Because.COSTING


def test_what_was_laid_aside_may_be_lost() -> None:
    a_portfolio(12)
    run = recomputed()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE {LAID_ASIDE}_{run.pk}")
    assert because(recomputed()) == Because.GONE


def test_many_changes_are_read_with_everything_else(monkeypatch: pytest.MonkeyPatch) -> None:
    chance = random.Random(2)
    a_portfolio(12)
    recomputed()
    monkeypatch.setattr("profitability.recompute.base.FEW_CUSTOMERS", 1)
    order(chance)
    assert because(recomputed()) is None
    merge(chance)
    order_gone(chance)
    order(chance)
    assert because(recomputed()) == Because.MANY


def test_the_models_of_the_last_full_run_are_kept() -> None:
    a_portfolio(60)
    first = recomputed()
    Customer.objects.filter(pk__in=Customer.objects.values("pk")[:5]).update(acquisition_cost=Decimal(3))
    chance = random.Random(4)
    for _each in range(20):
        order(chance)
    run = recomputed()
    kept, now = (RunTotals.from_json(each.totals).lifetime_model for each in (first, run))
    assert kept.fitted
    assert (kept.r, kept.alpha, kept.p, kept.q, kept.v) == (now.r, now.alpha, now.p, now.q, now.v)
    job = request_recompute(reason=Run.Reason.ASKED, as_of=TODAY, full=True)
    run_job(job.pk)
    refitted = RunTotals.from_json(Run.objects.get(is_current=True).totals).lifetime_model
    assert refitted.alpha != now.alpha


def test_what_is_laid_aside_goes_when_nobody_needs_it() -> None:
    a_portfolio(12)
    first = recomputed()
    recomputed()
    recomputed()
    assert [partition.value for partition in partitions_of(LAID_ASIDE)] == [first.pk]
    full = full_again()
    assert [partition.value for partition in partitions_of(LAID_ASIDE)] == [full.pk]


def test_a_full_one_that_waits_does_for_whoever_asks_for_less() -> None:
    waiting = request_recompute(reason=Run.Reason.NIGHTLY, full=True)
    assert request_recompute(reason=Run.Reason.ASKED) == waiting
    assert request_recompute(reason=Run.Reason.ASKED, full=True) == waiting


def test_one_of_what_changed_does_not_do_for_whoever_asks_for_all() -> None:
    waiting = request_recompute(reason=Run.Reason.ASKED)
    assert request_recompute(reason=Run.Reason.NIGHTLY, full=True) != waiting
