"""Scenarios on the figures of a shop worked out by hand, and their pages."""

from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from crm_site.lib.accounts.models import Team, User
from crm_site.lib.jobs.actions import run_job
from customers.models import Customer, Order, OrderLine, Run, Scorecard
from customers.tests.factories import UserFactory, user_with
from profitability import scenario_actions
from profitability.models import RunPool, Scenario
from profitability.reports.scenarios import outcome_of
from profitability.scenario_actions import create_scenario, keep_scenario, set_lever, work_out
from profitability.tables.scenarios import headline
from profitability.tests.shop import Shop, recomputed
from profitability.totals import RunTotals
from profitability.what_if.levers import Lever
from profitability.what_if.outcome import Outcome

pytestmark = pytest.mark.django_db

RIGHTS = ("profitability.view_profitability", "customers.view_customer", "customers.see_all_customers")


@pytest.fixture
def manager(client: Client) -> User:
    person = user_with(*RIGHTS, team=Team.objects.create(name="Management"))
    client.force_login(person)
    return person


def scenario(owner: User, *levers: Lever) -> Scenario:
    return create_scenario(owner=owner, name="Without paper", levers=levers)


def outcome(*levers: Lever) -> Outcome:
    found = outcome_of(scenario(UserFactory(), *levers))
    assert found is not None
    return found


def lever(kind: str, **given: Any) -> Lever:
    names = {name: given.pop(name, "") for name in ("rows", "row", "columns", "column", "choice")}
    return Lever(kind=kind, values={"lost": 0.0} | given, **names)


def test_no_lever_is_today_to_the_cent() -> None:
    Shop()
    totals = RunTotals.from_json(recomputed().totals)
    found = outcome()
    assert found.before == found.after
    assert found.before.profit == int(totals.statement.profit * 100)
    assert found.before.net_revenue == int(totals.statement.net_revenue * 100)
    assert found.before.cost_to_serve == int(totals.statement.cost_to_serve * 100)
    assert found.before.others == int((totals.anonymous.profit + totals.prospects_statement.profit) * 100)
    costs = totals.reconciliation
    assert found.before.uncharged == int((costs.entered - costs.charged - costs.charged_anonymous) * 100)
    assert found.before.losing == totals.ranking.losing
    assert [(each.customers_before, each.profit_before) for each in found.categories] == [
        (each.customers, int(each.profit * 100)) for each in totals.categories
    ]
    assert found.curve_before.cents[-1] == totals.ranking.curve_cents[-1]


def test_without_bob_his_margin_is_gone_and_what_served_him_stands_idle() -> None:
    """Bob paid 9 for goods of 8, and 3.33 of order handling; winning him cost 4."""
    shop = Shop()
    recomputed()
    found = outcome(lever("let_go", percent=100, rows="customers", row=str(shop.bob.pk)))
    assert found.after.result - found.before.result == -100
    assert (found.after.idle, found.after.sunk) == (333, 400)
    assert found.after.profit == found.before.profit + 333 + 400 - 100


def test_a_channel_and_a_pool_cost_what_the_run_charged() -> None:
    """The calls are all that the desk does: 12 minutes of Ada's and 10 of Cy's, at 50 cents."""
    Shop()
    run = recomputed()
    calls = outcome(lever("service", percent=100, choice="phone"))
    assert calls.after.idle == 1_100
    (desk,) = RunPool.objects.filter(run=run, name="Desk")
    found = outcome(lever("pool", percent=-100, choice="Desk"))
    entered = sum(int(month.entered * 100) for month in desk.months.all())
    assert found.after.result - found.before.result == entered


@pytest.mark.parametrize(
    ("cents", "said"),
    [(51, "€1 more"), (49, "as much as today"), (0, "as much as today"), (-49, "as much as today"), (-51, "€1 less")],
)
def test_what_is_nothing_in_whole_money_is_said_to_be_as_today(cents: int, said: str) -> None:
    Shop()
    recomputed()
    today = outcome()
    then = replace(today, after=replace(today.before, uncharged=today.before.uncharged - cents))
    assert said in headline(then, "EUR")


def test_a_minimum_order_is_asked_of_orders_with_goods() -> None:
    """Ada ordered goods for 90, 20 and 40, Bob for 10; at 15, Bob's order is raised by half, with goods of 4 more."""
    Shop()
    recomputed()
    found = outcome(lever("minimum", amount=15, raised=100, bundled=0))
    assert found.after.net_revenue - found.before.net_revenue == 500
    assert found.after.cost_of_goods - found.before.cost_of_goods == 400


def test_no_record_is_ever_changed() -> None:
    Shop()
    recomputed()
    read = (Scorecard, OrderLine, Order, Customer, Run)
    before = [list(model._default_manager.order_by("pk").values()) for model in read]
    outcome(lever("price", percent=50, lost=20), lever("let_go", percent=50), lever("pool", percent=9, choice="Desk"))
    assert [list(model._default_manager.order_by("pk").values()) for model in read] == before


def test_a_cell_of_the_matrix_fills_the_lever_in(client: Client, manager: User) -> None:
    Shop()
    recomputed()
    address = f"{reverse('scenario-new')}?rows=stage&row=customer&columns=family&column=0&lever=price"
    page = client.get(address).content.decode()
    assert '<option value="stage:customer" selected>' in page
    answer = client.post(
        address, {"group": "stage:customer", "product": "family:0", "percent": "10", "elasticity": "0", "lost": "0"}
    )
    made = Scenario.objects.get(owner=manager)
    assert answer["Location"] == made.get_absolute_url()
    assert made.levers[0]["rows"] == "stage"
    result = client.get(answer["Location"]).content.decode()
    assert "The company would keep" in result
    assert "Price elasticity: 0" in result


@pytest.mark.parametrize(
    ("kind", "given", "words"),
    [
        pytest.param("price", {"percent": "1000", "elasticity": "1", "lost": "0"}, "less than or equal", id="limits"),
        pytest.param("drop", {"product": "", "moved": "30", "lost": "0"}, "Choose the family or product", id="product"),
        pytest.param(
            "minimum", {"amount": "20", "raised": "70", "bundled": "40", "lost": "0"}, "more than 100 %", id="shares"
        ),
    ],
)
def test_a_lever_that_makes_no_sense_is_refused_in_words(
    client: Client, manager: User, kind: str, given: dict[str, str], words: str
) -> None:
    Shop()
    recomputed()
    answer = client.post(f"{reverse('scenario-new')}?lever={kind}", given)
    assert answer.status_code == 422
    assert words in answer.content.decode()
    assert not Scenario.objects.exists()


def test_what_is_dropped_must_be_chosen_and_whom_one_lets_go_is_suggested(client: Client, manager: User) -> None:
    Shop()
    recomputed()
    drop = client.get(f"{reverse('scenario-new')}?lever=drop").context["form"]
    assert drop.fields["product"].required
    assert next(iter(drop.fields["product"].choices)) == ("", "Choose…")
    assert client.get(f"{reverse('scenario-new')}?lever=let_go").context["form"]["group"].value() == "category:4"


def test_a_lever_that_changes_nothing_says_why(client: Client, manager: User) -> None:
    Shop()
    recomputed()
    made = scenario(manager, lever("discount", cap=100.0), lever("cut"))
    page = client.get(made.get_absolute_url())
    told = [line.nothing for line in page.context["levers"]]
    assert [text.split(":")[0] for text in told] == ["Nothing changes", "Nothing changes"]
    assert "larger discount" in page.text


def test_levers_are_added_changed_and_taken_away(client: Client, manager: User) -> None:
    Shop()
    recomputed()
    made = scenario(manager)
    client.post(f"{reverse('scenario-lever-add', args=[made.pk])}?lever=let_go", {"group": "", "percent": "10"})
    seen = client.get(reverse("scenario-lever", args=[made.pk, 0])).context["seen"]
    client.post(reverse("scenario-lever", args=[made.pk, 0]), {"group": "", "percent": "20", "seen": seen})
    made.refresh_from_db()
    assert [each["values"] for each in made.levers] == [{"percent": 20.0}]
    assert outcome_of(made).after.customers == pytest.approx(1.6)
    seen = client.get(made.get_absolute_url()).context["seen"]
    client.post(reverse("scenario-lever-remove", args=[made.pk, 0]), {"seen": seen})
    made.refresh_from_db()
    assert made.levers == []
    assert outcome_of(made).after == outcome_of(made).before


def test_levers_that_another_window_has_changed_are_not_overwritten(client: Client, manager: User) -> None:
    Shop()
    recomputed()
    made = scenario(manager, lever("price", percent=5), lever("cut", percent=50))
    edit, remove = (reverse(name, args=[made.pk, 0]) for name in ("scenario-lever", "scenario-lever-remove"))
    here = client.get(edit).context["seen"]
    client.post(remove, {"seen": client.get(made.get_absolute_url()).context["seen"]})  # in the other window
    for address in (edit, remove):
        answer = client.post(address, {"group": "", "percent": "7", "elasticity": "1", "seen": here}, follow=True)
        assert "changed in another window meanwhile" in answer.content.decode()
    made.refresh_from_db()
    assert [each["kind"] for each in made.levers] == ["cut"]
    assert made.levers[0]["values"] == {"percent": 50.0}


def test_levers_that_two_windows_add_are_both_there(client: Client, manager: User) -> None:
    Shop()
    recomputed()
    made = scenario(manager)
    stale = Scenario.objects.get(pk=made.pk)
    set_lever(scenario=made, lever=lever("cut", percent=10), at=None, by=manager)
    set_lever(scenario=stale, lever=lever("cut", percent=20), at=None, by=manager)
    made.refresh_from_db()
    assert [each["values"]["percent"] for each in made.levers] == [10, 20]


def test_a_scenario_is_named_shared_copied_and_deleted(client: Client, manager: User) -> None:
    Shop()
    recomputed()
    made = scenario(manager, lever("price", percent=5))
    client.post(reverse("scenario-save", args=[made.pk]), {"name": "Dearer", "shared": "on"})
    made.refresh_from_db()
    assert (made.name, made.team) == ("Dearer", manager.team)
    client.post(reverse("scenario-copy", args=[made.pk]))
    copy = Scenario.objects.exclude(pk=made.pk).get()
    assert (copy.levers, copy.team) == (made.levers, None)
    client.post(reverse("scenario-delete", args=[copy.pk]))
    assert list(Scenario.objects.all()) == [made]


def test_a_scenario_of_the_team_is_read_and_copied_but_not_changed(client: Client, manager: User) -> None:
    Shop()
    recomputed()
    colleague = UserFactory(team=manager.team)
    shared = keep_scenario(scenario=scenario(colleague, lever("price", percent=5)), name="Theirs", shared=True)
    private = scenario(colleague)
    assert client.get(shared.get_absolute_url()).status_code == 200
    assert client.get(private.get_absolute_url()).status_code == 404
    assert client.post(reverse("scenario-delete", args=[shared.pk])).status_code == 404
    assert client.post(reverse("scenario-lever-remove", args=[shared.pk, 0])).status_code == 404
    assert client.post(reverse("scenario-copy", args=[shared.pk])).status_code == 302


def test_whoever_is_in_no_team_shares_with_everybody_who_may_see_such_figures(client: Client) -> None:
    Shop()
    recomputed()
    alone, reader, outsider = user_with(*RIGHTS), user_with(*RIGHTS), UserFactory()
    made = scenario(alone, lever("price", percent=5))
    client.force_login(reader)
    assert client.get(made.get_absolute_url()).status_code == 404
    client.force_login(alone)
    client.post(reverse("scenario-save", args=[made.pk]), {"name": "Dearer", "for_all": "on"})
    client.force_login(reader)
    page = client.get(made.get_absolute_url())
    assert "everybody who may see what customers earn" in page.content.decode()
    assert "everybody who may see what customers earn" in client.get(reverse("scenarios")).content.decode()
    assert client.post(reverse("scenario-delete", args=[made.pk])).status_code == 404
    client.force_login(outsider)
    assert client.get(made.get_absolute_url()).status_code == 404


def test_who_may_not_see_what_customers_earn_sees_no_scenario_either(client: Client) -> None:
    person = UserFactory()
    made = Scenario.objects.create(owner=person, name="Mine once")
    client.force_login(person)
    assert client.get(made.get_absolute_url()).status_code == 404


def test_many_customers_are_worked_out_in_the_background_to_the_same_result(
    client: Client, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    Shop()
    recomputed()
    price = lever("price", percent=10, elasticity=1.5)
    at_once = outcome_of(scenario(manager, price))
    monkeypatch.setattr(scenario_actions, "CUSTOMERS_AT_ONCE", 0)
    later = scenario(manager, price)
    assert later.result == {}
    assert "progress" in client.get(later.get_absolute_url()).content.decode()
    run_job(later.job_id)
    later.refresh_from_db()
    assert outcome_of(later) == at_once


def test_levers_that_changed_meanwhile_do_not_get_the_result_of_the_old_ones(manager: User) -> None:
    Shop()
    recomputed()
    made = scenario(manager, lever("let_go", percent=100))
    stale = Scenario.objects.get(pk=made.pk)
    Scenario.objects.filter(pk=made.pk).update(levers=[], result={})
    work_out(scenario=stale, by=manager)
    made.refresh_from_db()
    assert made.result == {}


def test_a_group_that_is_gone_is_said(client: Client, manager: User) -> None:
    Shop()
    recomputed()
    made = scenario(manager, lever("let_go", percent=10, rows="segment", row="999"))
    assert "not there any more" in client.get(made.get_absolute_url()).content.decode()


def test_scenarios_are_compared_beside_today(client: Client, manager: User) -> None:
    Shop()
    recomputed()
    keys = [scenario(manager, lever("price", percent=percent)).pk for percent in (5, 10)]
    page = client.get(f"{reverse('scenario-compare')}?s={keys[0]}&s={keys[1]}").content.decode()
    assert "What the company keeps" in page
    assert "scenarios-whale" in page


def test_pages_ask_the_same_number_of_queries_however_many_scenarios_and_levers_there_are(
    client: Client, manager: User, django_assert_max_num_queries: Any
) -> None:
    Shop()
    recomputed()
    made = [scenario(manager, *[lever("price", percent=at, rows="stage", row="customer")] * 4) for at in range(4)]
    with django_assert_max_num_queries(12):
        client.get(reverse("scenarios"))
    with django_assert_max_num_queries(12):
        client.get(made[0].get_absolute_url())


def test_before_the_first_recompute_there_is_nothing_to_ask_what_if_of(client: Client, manager: User) -> None:
    assert client.get(reverse("scenarios")).status_code == 200
    assert client.get(f"{reverse('scenario-new')}?lever=price").status_code == 302
