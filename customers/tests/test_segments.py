"""Segments: customers treated alike, what they are worth, and how that moves from run to run."""

from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import translation

from crm_site.lib.accounts.models import Team, User
from crm_site.lib.jobs.models import Job
from crm_site.lib.jobs.signals import job_finished
from customers.forms import members_of
from customers.models import Customer, Run, Segment, SegmentFigures
from customers.segment_actions import MOST_MEMBERS, filters_of, keep_figures
from customers.segment_reports import state_of
from customers.tests.conftest import READING
from customers.tests.factories import (
    CompanyFactory,
    CustomerFactory,
    RunFactory,
    ScorecardFactory,
    SegmentFactory,
    UserFactory,
    user_with,
)

pytestmark = pytest.mark.django_db
NEW = "/segments/new/"
MANAGING = tuple(f"customers.{verb}_segment" for verb in ("view", "add", "change", "delete"))


@pytest.fixture
def manager() -> User:
    """Somebody who sees all customers and manages segments."""
    CompanyFactory()
    return user_with(*READING, *MANAGING)


@pytest.fixture
def browser_of_manager(client: Client, manager: User) -> Client:
    client.force_login(manager)
    return client


def make(client: Client, manager: User, **fields: Any) -> Any:
    given = {"name": "Rich", "kind": "dynamic", "owner": manager.pk, "filters": "country=France"}
    return client.post(NEW, given | fields)


def card(run: Run, profit: int = 0, **fields: Any) -> Customer:
    customer = CustomerFactory(**fields)
    ScorecardFactory(run=run, customer=customer, profit=profit, net_revenue=100, lifetime_value=10)
    return customer


def listed(client: Client, segment: Segment) -> set[str]:
    response: Any = client.get("/customers/", {"segment": segment.pk})
    return {row.cells[0].text for row in response.context["table"].rows}


def test_a_dynamic_segment_is_whoever_matches_now(browser_of_manager: Client, manager: User, run: Run) -> None:
    rich = card(run, profit=60)
    card(run, profit=40)
    make(browser_of_manager, manager, filters="profit_min=50&sort=-profit&col=city&view=3")
    segment = Segment.objects.get()
    assert segment.query == "profit_min=50"
    assert listed(browser_of_manager, segment) == {rich.full_name}
    newcomer = card(run, profit=70)
    assert listed(browser_of_manager, segment) == {rich.full_name, newcomer.full_name}


def test_a_fixed_segment_keeps_those_who_matched_when_it_was_made(browser_of_manager: Client, manager: User) -> None:
    first = CustomerFactory()
    make(browser_of_manager, manager, kind="static")
    CustomerFactory()
    segment = Segment.objects.get()
    assert (list(segment.members.all()), segment.query) == ([first], "")
    assert listed(browser_of_manager, segment) == {first.full_name}


def test_a_fixed_segment_takes_in_only_customers_that_its_maker_sees(client: Client) -> None:
    CompanyFactory()
    user = user_with("customers.view_customer", *MANAGING)
    mine = CustomerFactory(owner=user)
    CustomerFactory(owner=UserFactory())
    client.force_login(user)
    make(client, user, kind="static")
    assert list(Segment.objects.get().members.all()) == [mine]


def test_a_fixed_segment_of_too_many_customers_is_refused_whole(
    browser_of_manager: Client, manager: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert MOST_MEMBERS == 10_000
    monkeypatch.setattr("customers.segment_actions.MOST_MEMBERS", 1)
    CustomerFactory.create_batch(2)
    response = make(browser_of_manager, manager, kind="static")
    assert (response.status_code, Segment.objects.count()) == (422, 0)


@pytest.mark.parametrize(
    "fields",
    [{"filters": ""}, {"filters": "sort=-name"}, {"name": ""}, {"messages": 3}, {"days": 3}, {"owner": ""}],
)
def test_what_cannot_be_a_segment_is_refused_with_a_reason(
    browser_of_manager: Client, manager: User, fields: dict[str, Any]
) -> None:
    response = make(browser_of_manager, manager, **fields)
    assert (response.status_code, Segment.objects.count()) == (422, 0)
    assert response.context["form"].errors


def test_a_dynamic_segment_is_not_made_of_another(browser_of_manager: Client, manager: User) -> None:
    inner = SegmentFactory()
    assert make(browser_of_manager, manager, filters=f"segment={inner.pk}").status_code == 422
    assert make(browser_of_manager, manager, filters=f"segment={inner.pk}", kind="static").status_code == 302


def test_the_policy_is_edited_by_the_owner(browser_of_manager: Client, manager: User) -> None:
    segment = SegmentFactory(owner=manager)
    fields = {"name": "Calm", "owner": manager.pk, "channels": ["email", "phone"], "messages": 2, "days": 30}
    assert (
        browser_of_manager.post(f"/segments/{segment.pk}/edit/", fields | {"policy": "Call first."}).status_code == 302
    )
    page = browser_of_manager.get(f"/segments/{segment.pk}/").content.decode()
    assert all(text in page for text in ("Calm", "Call first.", "2 messages in 30 days", "E-mail"))


@pytest.mark.parametrize(
    ("rights", "seen"),
    [
        ((), []),
        (("customers.view_segment",), ["Mine", "Shared"]),
        (("customers.view_segment", "customers.see_all_customers"), ["Foreign", "Mine", "Shared"]),
    ],
)
def test_a_list_offers_the_segments_that_its_reader_may_see(rights: tuple[str, ...], seen: list[str]) -> None:
    team = Team.objects.create(name="North")
    reader = user_with(*rights, team=team)
    SegmentFactory(name="Shared", team=team)
    SegmentFactory(name="Mine", owner=reader)
    SegmentFactory(name="Foreign", team=Team.objects.create(name="South"))
    offered = [segment.name for segment in Segment.objects.offered_to(reader, 10)]
    assert offered == seen == [segment.name for segment in Segment.objects.visible_to(reader).order_by("name")]


def test_whoever_is_in_no_team_is_offered_no_segment_of_nobodys_team() -> None:
    SegmentFactory(team=None)
    reader = user_with("customers.view_segment")
    assert Segment.objects.offered_to(reader, 10) == list(Segment.objects.visible_to(reader)) == []


def test_a_colleague_reads_a_shared_segment_and_does_not_change_it(client: Client) -> None:
    CompanyFactory()
    team = Team.objects.create(name="North")
    client.force_login(user_with("customers.view_customer", *MANAGING, team=team))
    shared, foreign = SegmentFactory(team=team), SegmentFactory()
    assert client.get(f"/segments/{shared.pk}/").status_code == 200
    assert client.post(f"/segments/{shared.pk}/edit/", {"name": "Mine"}).status_code == 403
    assert client.post(f"/segments/{shared.pk}/delete/").status_code == 403
    assert client.get(f"/segments/{foreign.pk}/").status_code == 404
    response: Any = client.get("/segments/")
    assert [row.cells[0].text for row in response.context["table"].rows] == [shared.name]


def test_a_filter_that_can_no_longer_be_used_leaves_a_segment_empty_rather_than_full(run: Run) -> None:
    CustomerFactory(owner=UserFactory(is_active=False))
    assert not members_of(SegmentFactory(query="owner=999999"), run).exists()
    assert not members_of(SegmentFactory(query="profit_min=5"), None).exists()
    assert not members_of(SegmentFactory(query=""), run).exists()


def test_every_segment_gets_figures_when_a_job_publishes_a_run() -> None:
    job = Job.objects.create(kind="recompute", state=Job.State.DONE)
    run = RunFactory(job=job)
    card(run, profit=30)
    card(run, profit=-5)
    segment = SegmentFactory(query="profit_min=1")
    job_finished.send(sender=None, job=job)
    kept = SegmentFigures.objects.get(segment=segment, run=run)
    assert (kept.customers, kept.net_revenue, kept.profit, kept.lifetime_value) == (1, 100, 30, 10)
    job_finished.send(sender=None, job=job)
    assert SegmentFigures.objects.count() == 1


def test_a_job_without_a_run_changes_no_figures(run: Run) -> None:
    SegmentFactory()
    job_finished.send(sender=None, job=Job.objects.create(kind="import", state=Job.State.DONE))
    assert not SegmentFigures.objects.exists()


def test_changes_are_told_against_the_run_before(browser_of_manager: Client, manager: User) -> None:
    segment, customer = SegmentFactory(), CustomerFactory()
    for profit in (30, 50):
        run = RunFactory(is_current=False)
        ScorecardFactory(run=run, customer=customer, profit=profit)
        keep_figures(run=run)
    Run.objects.filter(pk=run.pk).update(is_current=True)
    state = state_of(segment, Run.objects.current(), manager)
    assert state.before is not None
    assert (state.before.profit, state.now.profit, state.now.customers) == (30, 50, 1)
    assert "since the recompute before" in browser_of_manager.get(f"/segments/{segment.pk}/").content.decode()


def test_whoever_sees_some_customers_is_shown_their_sums_and_no_comparison(run: Run) -> None:
    user = user_with("customers.view_customer", "customers.view_scorecard", *MANAGING)
    card(run, profit=30, owner=user)
    card(run, profit=50, owner=UserFactory())
    segment = SegmentFactory(owner=user)
    keep_figures(run=run)
    state = state_of(segment, run, user)
    assert (state.now.customers, state.now.profit, state.before) == (1, 30, None)


def test_before_the_first_run_amounts_are_unknown_and_not_zero(browser_of_manager: Client, manager: User) -> None:
    CustomerFactory()
    state = state_of(SegmentFactory(), None, manager)
    assert (state.now.customers, state.now.profit) == (1, None)


def test_the_segment_of_a_stranger_is_no_filter(client: Client) -> None:
    CompanyFactory()
    client.force_login(user_with("customers.view_customer"))
    CustomerFactory()
    page = client.get("/customers/", {"segment": SegmentFactory().pk}).content.decode()
    assert "Select a valid choice" in page


@pytest.mark.parametrize("limit", [{"messages": 3}, {"days": 3}, {"messages": 3, "days": 0}])
def test_the_database_takes_no_half_a_limit(limit: dict[str, int]) -> None:
    with pytest.raises(IntegrityError), transaction.atomic():
        SegmentFactory(**limit)


def test_only_what_narrows_a_list_is_kept() -> None:
    assert filters_of("sort=-name&country=France&size=50&after=x&q=&stage=prospect") == "country=France&stage=prospect"


def test_a_segment_of_no_filters_is_sent_to_the_list_to_choose_some(browser_of_manager: Client) -> None:
    for address in (NEW, f"{NEW}?filters=sort%3Dname"):
        response = browser_of_manager.get(address, follow=True)
        assert response.redirect_chain == [("/customers/", 302)]
        assert "Filter the list of customers first" in response.content.decode()


def test_a_segment_is_called_in_the_readers_language(client: Client) -> None:
    CompanyFactory()
    reader = user_with("customers.view_segment", "customers.view_customer", "customers.see_all_customers")
    segment = SegmentFactory(
        name="Quiet ones", name_fr="Les silencieux", policy="Call them.", policy_fr="Les appeler.", query="city=Lyon"
    )
    plain = SegmentFactory(name="Loud ones", query="city=Lyon")
    client.force_login(reader)
    client.cookies["django_language"] = "fr"
    page = client.get(reverse("segment", args=[segment.pk])).content.decode()
    assert "Les silencieux" in page
    assert "Les appeler." in page
    assert "Quiet ones" not in page
    shown = client.get(reverse("segments")).content.decode()
    assert "Les silencieux" in shown
    assert plain.name in shown
    with translation.override("fr"):
        assert [one.label for one in Segment.objects.offered_to(reader, 9)] == ["Loud ones", "Les silencieux"]
    found = client.get(reverse("segments"), {"q": "silencieux"}).context["table"].rows
    assert [row.cells[0].text for row in found] == ["Les silencieux"]
