"""Why customer equity changed: the pure steps, the statement that does the same for everybody, and the page."""

import csv
import io
import random
from dataclasses import replace
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.db.models import Sum
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm_site.lib.jobs.actions import run_job
from customers.models import Customer, Run, Scorecard, Segment
from customers.models.scorecard import Stage
from customers.permissions import EXPORT, SEE_ALL
from customers.tests.factories import (
    CompanyFactory,
    CustomerFactory,
    RunFactory,
    ScorecardFactory,
    SegmentFactory,
    user_with,
)
from profitability.actions import request_recompute
from profitability.equity import Steps, Worth, steps
from profitability.equity_actions import keep_bridge
from profitability.models import EquityBridge, ValuePolicy
from profitability.permissions import SEE_VALUE
from profitability.reports.equity import change_in_words, policy_changes, step_names
from profitability.tests.edits import customer_gone, order, order_gone
from profitability.tests.portfolio import a_portfolio
from profitability.tests.published import a_model, ranking_of, totals_of
from profitability.tests.shop import TODAY, recomputed
from profitability.totals import Bridge, Changes, EquityChange, RunTotals

URL = "/equity/"


def any_worth(chance: random.Random) -> Worth | None:
    """A customer's worth as odd as it can be."""
    if chance.random() < 0.2:
        return None
    orders = chance.choice([0.0, 1e-9, chance.random() * 5, 300.0, None if chance.random() < 0.2 else 1.0])
    margin = None if chance.random() < 0.1 else chance.randint(-50_000, 50_000)
    return Worth(chance.randint(-(10**6), 10**7), orders, margin, former=chance.random() < 0.3)


@pytest.mark.parametrize("seed", range(20))
def test_the_steps_of_anybody_add_up_to_the_change(seed: int) -> None:
    chance = random.Random(seed)
    for _turn in range(500):
        before, after = any_worth(chance), any_worth(chance)
        change = (after.value if after else 0) - (before.value if before else 0)
        assert steps(before, after).change == change


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        (None, Worth(700, 1.0, 900), Steps(won=700)),
        (Worth(700, 1.0, 900), None, Steps(lost=-700)),
        (Worth(5, 0.1, 900, former=True), Worth(700, 1.0, 900), Steps(won=695)),
        (Worth(700, 1.0, 900), Worth(5, 0.1, 900, former=True), Steps(lost=-695)),
        (Worth(700, 1.0, 1000), Worth(1700, 2.0, 1000), Steps(activity=1000)),
        (Worth(700, 2.0, 1000), Worth(900, 2.0, 1100), Steps(margin=200)),
        (Worth(700, 2.0, 1000), Worth(650, 2.0, 1000), Steps(cost=-50)),
        (Worth(700, 2.0, 1000), Worth(1650, 3.0, 1100), Steps(activity=1000, margin=300, cost=-350)),
        (Worth(700, 2.0, None), Worth(650, 2.0, 1000), Steps(unknown=-50)),
        (None, None, Steps()),
    ],
)
def test_each_step_says_what_changed(before: Worth | None, after: Worth | None, expected: Steps) -> None:
    assert steps(before, after) == expected


def a_card(run: Run, customer: Customer, worth: Worth | None) -> None:
    money = {} if worth is None else {
        "lifetime_value": Decimal(worth.value) / 100, "expected_orders": worth.orders,
        "order_margin": None if worth.margin is None else Decimal(worth.margin) / 100,
        "stage": Stage.FORMER if worth.former else Stage.CUSTOMER,
    }  # fmt: skip
    ScorecardFactory(run=run, customer=customer, **({"lifetime_value": None, "expected_orders": None} | money))


def two_runs(seed: int = 3, customers: int = 60) -> tuple[Run, dict[int, tuple[Worth | None, Worth | None]]]:
    """Two published runs with worths at random, and those worths."""
    chance = random.Random(seed)
    totals = totals_of(ranking_of(5, 3), [1, 2])
    first = RunFactory(totals=totals.as_json(), is_current=False)
    nothing = Decimal(0)
    changes = Changes(
        previous_run=first.pk, customers=0, net_revenue=nothing, profit=nothing, customer_equity=nothing, moves=()
    )
    second = RunFactory(totals=totals_of(ranking_of(5, 3), [1, 2], changes=changes).as_json(), is_current=True)
    worths = {}
    for number in range(customers):
        customer = CustomerFactory(country="FR" if number % 3 else "BE")
        before, after = any_worth(chance), any_worth(chance)
        worths[customer.pk] = (before, after)
        if before or number % 2:
            a_card(first, customer, before)
        if after or number % 4:
            a_card(second, customer, after)
    return second, worths


def expected_bridge(worths: Any) -> dict[str, Decimal]:
    told = [steps(before, after) for before, after in worths]
    names = ("won", "lost", "activity", "margin", "cost", "unknown")
    return {name: Decimal(sum(getattr(one, name) for one in told)) / 100 for name in names}


def found_bridge(bridge: Bridge) -> dict[str, Decimal]:
    return {name: getattr(bridge, name) for name in ("won", "lost", "activity", "margin", "cost", "unknown")}


@pytest.mark.django_db
@pytest.mark.parametrize("seed", range(3))
def test_the_statement_takes_the_same_steps_for_everybody(seed: int) -> None:
    run, worths = two_runs(seed)
    bridge = keep_bridge(run=run)
    assert bridge is not None
    whole = EquityChange.from_json(bridge.totals).whole
    assert found_bridge(whole) == expected_bridge(worths.values())
    assert whole.before + sum(found_bridge(whole).values()) == whole.after
    assert whole.after == sum(Decimal(after.value) / 100 for _before, after in worths.values() if after)


@pytest.mark.django_db
def test_a_segment_has_the_steps_of_its_members() -> None:
    SegmentFactory(kind=Segment.Kind.DYNAMIC, query="country=BE")
    run, worths = two_runs()
    bridge = keep_bridge(run=run)
    assert bridge is not None
    belgians = Customer.objects.filter(country="BE").values_list("pk", flat=True)
    (segment,) = EquityChange.from_json(bridge.totals).segments
    assert found_bridge(segment.bridge) == expected_bridge(worths[pk] for pk in belgians)


@pytest.mark.django_db
def test_a_recompute_keeps_the_bridge_by_itself() -> None:
    a_portfolio()
    recomputed()
    assert not EquityBridge.objects.exists()
    ValuePolicy.objects.update_or_create(pk=1, defaults={"horizon_years": 1})
    run = recomputed()
    whole = EquityChange.from_json(EquityBridge.objects.get(run=run).totals).whole
    totals = RunTotals.from_json(run.totals)
    assert totals.changes is not None
    assert (whole.after, whole.after - whole.before) == (totals.customer_equity, totals.changes.customer_equity)
    assert whole.unknown == 0


@pytest.mark.django_db
@pytest.mark.parametrize("share", [1, -1], ids=["sharing scorecards", "each with its own"])
def test_what_runs_have_in_common_counts_in_their_bridge(share: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("profitability.recompute.renewal.MOST_EXCHANGED", share)
    chance = random.Random(8)
    a_portfolio(40)
    SegmentFactory(kind=Segment.Kind.DYNAMIC, query="kind=company")
    recomputed()
    for edit in (order, order_gone, customer_gone):
        edit(chance)
        run = recomputed()
        assert (run.scorecards_of_id is not None) is (share == 1)
        change = EquityChange.from_json(EquityBridge.objects.get(run=run).totals)
        previous = EquityBridge.objects.get(run=run).previous
        for bridge, members in (
            (change.whole, {}),
            (change.segments[0].bridge, {"customer__kind": "company"}),
        ):
            for found, of in ((bridge.before, previous), (bridge.after, run)):
                cards = Scorecard.objects.in_run(of).filter(**members)
                assert found == (cards.aggregate(total=Sum("lifetime_value"))["total"] or 0)
            assert bridge.before + sum(found_bridge(bridge).values()) == bridge.after


@pytest.mark.django_db
def test_equity_is_the_sum_of_the_lifetime_values() -> None:
    a_portfolio()
    run = recomputed()
    values = Scorecard.objects.in_run(run).values_list("lifetime_value", flat=True)
    assert RunTotals.from_json(run.totals).customer_equity == sum(value for value in values if value is not None)


def client_with(*permissions: str) -> Client:
    CompanyFactory()
    client = Client()
    client.force_login(user_with(*permissions))
    return client


@pytest.mark.django_db
def test_the_page_shows_the_bridge_step_by_step() -> None:
    run, _worths = two_runs()
    page = client_with(SEE_VALUE).get(URL).context
    amounts = [row.cells[1].text for row in page["steps"].rows]
    assert len(amounts) == len(page["bridge"].x_values) == 8
    values = page["bridge"].series[0].values
    assert values[0] + sum(values[1:-1]) == values[-1]
    assert page["finding"].text.startswith("Customer equity ")
    assert EquityBridge.objects.get().run == run


@pytest.mark.django_db
def test_without_a_run_before_the_page_says_when_it_will_tell() -> None:
    a_portfolio(4)
    run_job(request_recompute(reason=Run.Reason.ASKED, as_of=TODAY).pk)
    page = client_with(SEE_VALUE).get(URL)
    assert "shown from the next recompute on" in page.content.decode()
    assert page.context["bridge"] is None


@pytest.mark.django_db
def test_a_segment_that_can_have_no_members_has_a_bridge_of_nothing() -> None:
    SegmentFactory(query="owner=987654321")
    run, _worths = two_runs()
    bridge = keep_bridge(run=run)
    assert bridge
    (segment,) = EquityChange.from_json(bridge.totals).segments
    assert (segment.bridge.before, segment.bridge.after, segment.bridge.customers_won) == (0, 0, 0)


@pytest.mark.django_db
def test_tables_are_files_for_who_may_export() -> None:
    two_runs()
    client = client_with(SEE_VALUE, EXPORT)
    lines = b"".join(client.get(URL + "?format=csv").streaming_content).decode("utf-8-sig").splitlines()
    assert lines[1].startswith('"Customer equity before",')
    assert client_with(SEE_VALUE).get(URL + "?format=csv").status_code == 403


@pytest.mark.django_db
def test_the_page_is_for_those_who_may_see_value() -> None:
    assert client_with("customers.view_customer").get(URL).status_code == 403


@pytest.mark.django_db
def test_the_number_of_queries_does_not_grow_with_customers() -> None:
    run, _worths = two_runs(customers=5)
    client = client_with(SEE_VALUE)
    few = queries(client)
    Run.objects.exclude(pk=run.pk).delete()
    Run.objects.update(is_current=False)
    two_runs(customers=40)
    assert queries(client) == few <= 9


def queries(client: Client) -> int:
    client.get(URL)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(URL).status_code == 200
    return len(captured)


def a_bridge(**figures: Decimal) -> Bridge:
    nothing = dict.fromkeys(("before", "after", "won", "lost", "activity", "margin", "cost", "unknown"), Decimal(0))
    counts = {"customers_won": 1, "customers_lost": 0, "customers_activity_up": 0, "customers_activity_down": 0}
    return Bridge(**(nothing | figures), **counts)


def test_the_sentence_names_the_strongest_reason() -> None:
    risen = change_in_words(
        a_bridge(before=Decimal(100), after=Decimal(130), won=Decimal(50), cost=Decimal(-20)), "EUR"
    )
    assert risen.text == "Customer equity rose by €30 (30.0%) since the recompute before."
    assert risen.notes == ("The strongest reason: Customers won (€50).", "1 customer was won.")
    fallen = change_in_words(a_bridge(before=Decimal(-5), after=Decimal(-9), lost=Decimal(-4)), "EUR")
    assert fallen.text == "Customer equity fell by €4 since the recompute before."


def test_no_change_is_said() -> None:
    assert "is the same as at the recompute before." in change_in_words(a_bridge(), "EUR").text
    moved = change_in_words(a_bridge(won=Decimal(5), lost=Decimal(-5)), "EUR")
    assert moved.text.endswith("though its parts moved.")


def test_another_purchase_model_is_named_since_it_changes_every_value() -> None:
    ranking = ranking_of(300, 20)
    before = totals_of(ranking, (1, 2))
    now = totals_of(ranking, (1, 2), lifetime_model=replace(a_model(), purchase_model="pareto_nbd", horizon_years=5))
    assert policy_changes(before, before) == policy_changes(now, None) == ""
    assert policy_changes(now, before) == (
        "The horizon or the discount rate was changed between the two recomputes, which alone changes every lifetime "
        "value. Orders are forecast by Pareto/NBD, at the recompute before by BG/NBD, which alone changes every "
        "lifetime value."
    )


# --- The customers behind a step --------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_each_step_opens_the_customers_who_add_up_to_it() -> None:
    two_runs()
    reader = client_with(SEE_VALUE, EXPORT, SEE_ALL, "customers.view_customer")
    page = reader.get(URL).context
    amounts = {row.cells[0].text: row.cells[0].url for row in page["steps"].rows}
    whole = EquityChange.from_json(EquityBridge.objects.get().totals).whole
    for name, label in step_names().items():
        if not getattr(whole, name):
            continue
        shown = reader.get(amounts[label]).context
        file = b"".join(reader.get(f"{amounts[label]}&format=csv").streaming_content).decode("utf-8-sig")  # type: ignore[attr-defined]
        rows = list(csv.DictReader(io.StringIO(file)))
        assert sum(Decimal(row["Part in this change"]) for row in rows) == getattr(whole, name), name
        assert len(rows) == len(shown["customers"].rows)
        assert shown["sentence"].startswith("They make the whole change of ")
        assert reader.get(shown["customers"].rows[0].cells[0].url).status_code == 200


@pytest.mark.django_db
def test_a_step_without_kept_figures_says_so_and_an_unknown_one_is_not_found() -> None:
    two_runs(customers=5)
    manager = client_with(SEE_VALUE)
    manager.get(URL)
    assert manager.get(f"{URL}customers/?step=nothing").status_code == 404
    Run.objects.filter(pk=EquityBridge.objects.get().previous_id).update(has_rows=False)
    assert "The customers can no longer be told" in manager.get(f"{URL}customers/?step=cost").content.decode()
