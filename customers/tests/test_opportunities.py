"""Opportunities: the board, moving cards, winning and losing, the list."""

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_site.lib.accounts.models import User
from customers.models import Opportunity, OpportunityStage
from customers.opportunity_actions import ChangedMeanwhile, LossReasonMissing, move_opportunity
from customers.opportunity_reports import MOST_CARDS
from customers.tests.factories import CompanyFactory, CustomerFactory, OpportunityFactory, UserFactory, user_with

pytestmark = pytest.mark.django_db

WORKING = ("view_customer", "view_opportunity", "add_opportunity", "change_opportunity", "export_customer")
NOW = timezone.make_aware(dt.datetime(2026, 6, 30, 12))


@pytest.fixture
def seller(client: Client) -> User:
    """Somebody whose browser is `client`."""
    CompanyFactory()
    user = user_with(*(f"customers.{name}" for name in WORKING))
    client.force_login(user)
    return user


def stage(name: str) -> OpportunityStage:
    return OpportunityStage.objects.get(name=name)


def move(opportunity: Opportunity, to: str, reason: str = "", version: int | None = None) -> Opportunity:
    version = opportunity.version if version is None else version
    return move_opportunity(opportunity_id=opportunity.pk, version=version, stage=stage(to), loss_reason=reason, at=NOW)


def columns(client: Client, query: str = "") -> dict[str, tuple[int, Decimal, list[str]]]:
    board = client.get(f"/opportunities/{query}").context["board"]
    return {
        column.stage.name: (column.count, column.total, [card.title for card in column.cards])
        for column in board
        if column.count
    }


# --- Moving ---------------------------------------------------------------------------------------------------------


def test_the_stages_of_a_new_installation_lead_to_winning_or_losing() -> None:
    stages = list(OpportunityStage.objects.values_list("name", "outcome"))
    assert [name for name, outcome in stages] == ["Lead", "Qualified", "Proposal", "Negotiation", "Won", "Lost"]
    assert [outcome for name, outcome in stages][-2:] == ["won", "lost"]


def test_winning_closes_and_moving_back_opens_again() -> None:
    opportunity = OpportunityFactory(stage=stage("Lead"))
    won = move(opportunity, "Won")
    assert (won.closed_at, won.version) == (NOW, 2)
    assert move(won, "Proposal").closed_at is None


def test_losing_needs_a_reason_which_is_forgotten_when_the_sale_is_open_again() -> None:
    opportunity = OpportunityFactory(stage=stage("Lead"))
    with pytest.raises(LossReasonMissing):
        move(opportunity, "Lost")
    lost = move(opportunity, "Lost", "long_term_cost")
    assert (lost.closed_at, lost.loss_reason) == (NOW, "long_term_cost")
    assert move(lost, "Lead").loss_reason == ""


def test_a_move_from_an_old_version_changes_nothing() -> None:
    opportunity = OpportunityFactory(stage=stage("Lead"))
    move(opportunity, "Proposal")
    with pytest.raises(ChangedMeanwhile):
        move(opportunity, "Won", version=1)
    opportunity.refresh_from_db()
    assert (opportunity.stage.name, opportunity.closed_at) == ("Proposal", None)


def test_a_card_is_moved_by_its_menu(client: Client, seller: User) -> None:
    opportunity = OpportunityFactory(stage=stage("Lead"))
    address = f"/opportunities/{opportunity.pk}/move/"
    response = client.post(address + "?whose=mine", {"stage": stage("Proposal").pk, "version": 1})
    assert response.headers["Location"] == "/opportunities/?whose=mine"
    opportunity.refresh_from_db()
    assert opportunity.stage.name == "Proposal"


def test_who_moves_second_is_told_where_the_card_went(client: Client, seller: User) -> None:
    opportunity = OpportunityFactory(title="Great deal", stage=stage("Lead"))
    move(opportunity, "Negotiation")
    response = client.post(f"/opportunities/{opportunity.pk}/move/", {"stage": stage("Won").pk, "version": 1})
    assert response.status_code == 409
    assert "Somebody else has just changed" in response.content.decode()
    assert "now stands under Negotiation" in response.content.decode()


def test_dropping_on_lost_asks_why_before_anything_is_moved(client: Client, seller: User) -> None:
    opportunity = OpportunityFactory(stage=stage("Lead"))
    address, lost = f"/opportunities/{opportunity.pk}/move/", {"stage": stage("Lost").pk, "version": 1}
    form = client.post(address, lost)
    assert (form.status_code, form.context["form"]["stage"].value()) == (200, stage("Lost").pk)
    for reason in Opportunity.LossReason.labels:
        assert str(reason).replace("'", "&#x27;") in form.content.decode()
    assert client.post(address, lost | {"loss_reason": ""}).status_code == 422
    assert client.post(address, lost | {"loss_reason": "orders"}).status_code == 302
    opportunity.refresh_from_db()
    assert (opportunity.stage.name, opportunity.loss_reason) == ("Lost", "orders")


@pytest.mark.parametrize("entries", [{}, {"stage": "999999", "version": "1"}, {"stage": "x", "version": "y"}])
def test_a_move_that_cannot_be_understood_is_refused(client: Client, seller: User, entries: dict[str, str]) -> None:
    opportunity = OpportunityFactory(stage=stage("Lead"))
    response = client.post(f"/opportunities/{opportunity.pk}/move/", entries)
    assert response.status_code in (200, 422)
    opportunity.refresh_from_db()
    assert opportunity.version == 1


# --- Board and list -------------------------------------------------------------------------------------------------


def test_a_column_counts_and_adds_up_and_shows_the_most_valuable_first(client: Client, seller: User) -> None:
    for title, value in (("small", 100), ("unknown", None), ("large", 900)):
        OpportunityFactory(title=title, expected_value=value, stage=stage("Lead"))
    OpportunityFactory(title="won", expected_value=50, stage=stage("Won"))
    assert columns(client) == {
        "Lead": (3, Decimal(1000), ["large", "small", "unknown"]),
        "Won": (1, Decimal(50), ["won"]),
    }


def test_the_board_leads_to_what_it_leaves_out(client: Client, seller: User) -> None:
    OpportunityFactory.create_batch(MOST_CARDS + 2, stage=stage("Lead"))
    page = client.get("/opportunities/")
    assert "2 more" in page.content.decode()
    assert len(page.context["board"][0].cards) == MOST_CARDS


def test_the_board_is_narrowed_to_ones_own(client: Client, seller: User) -> None:
    OpportunityFactory(title="mine", owner=seller, stage=stage("Lead"))
    OpportunityFactory(title="other's", owner=UserFactory(), stage=stage("Lead"))
    assert columns(client, "?whose=mine")["Lead"][2] == ["mine"]


def test_opportunities_of_somebody_elses_customers_are_hidden_everywhere(client: Client, seller: User) -> None:
    hidden = OpportunityFactory(title="Hidden", customer__owner=UserFactory(), stage=stage("Lead"))
    assert columns(client) == {}
    assert client.get("/opportunities/list/").context["table"].rows == []
    assert b"Hidden" not in client.get("/opportunities/list/?format=csv").getvalue()
    assert client.get(f"/opportunities/{hidden.pk}/edit/").status_code == 404
    move_address = f"/opportunities/{hidden.pk}/move/"
    assert client.post(move_address, {"stage": stage("Won").pk, "version": 1}).status_code == 404


def test_the_board_takes_no_more_queries_for_more_cards_or_stages(client: Client, seller: User) -> None:
    OpportunityFactory(stage=stage("Lead"))
    with CaptureQueriesContext(connection) as few:
        client.get("/opportunities/")
    for one in OpportunityStage.objects.all():
        reason = "price" if one.outcome == "lost" else ""
        OpportunityFactory.create_batch(4, stage=one, owner=seller, loss_reason=reason)
    with CaptureQueriesContext(connection) as many:
        client.get("/opportunities/")
    assert 3 < len(many) <= len(few) <= 9


def test_a_card_shows_what_is_known_of_it_and_nothing_that_could_run(client: Client, seller: User) -> None:
    customer = CustomerFactory(name="<b>Bold & Sons</b>", given_name="")
    lost = {"stage": stage("Lost"), "loss_reason": "price", "customer": customer, "owner": seller}
    card = OpportunityFactory(title="<script>", expected_value=None, expected_on=dt.date(2026, 3, 1), **lost)
    page = client.get("/opportunities/?whose=mine").content.decode()
    assert ">&lt;script&gt;</a>" in page
    assert "<b>Bold" not in page
    assert "&lt;b&gt;Bold &amp; Sons&lt;/b&gt;" in page
    assert f'action="/opportunities/{card.pk}/move/?whose=mine"' in page
    assert "1 Mar 2026" in page
    assert str(seller) in page
    assert "Price" in page
    assert 'class="unknown"' in page
    assert page.count('name="stage"') == OpportunityStage.objects.count() - 1


def test_cards_stay_where_they_are_for_whoever_may_only_look(client: Client) -> None:
    CompanyFactory()
    client.force_login(user_with("customers.view_customer", "customers.view_opportunity"))
    OpportunityFactory(title="Only seen", stage=stage("Lead"))
    page = client.get("/opportunities/").content.decode()
    assert '<span class="board-card-title">Only seen</span>' in page
    assert "data-board-move" not in page


def test_the_list_is_filtered_sorted_and_exported(client: Client, seller: User) -> None:
    OpportunityFactory(title="cheap", expected_value=10, stage=stage("Lead"))
    OpportunityFactory(title="dear", expected_value=900, stage=stage("Proposal"))
    OpportunityFactory(title="gone", expected_value=500, stage=stage("Lost"), loss_reason="orders")

    def found(query: str) -> list[str]:
        return [row.cells[0].text for row in client.get(f"/opportunities/list/{query}").context["table"].rows]

    assert found("?sort=-expected_value") == ["dear", "gone", "cheap"]
    assert found("?outcome=open&sort=expected_value") == ["cheap", "dear"]
    assert found("?loss_reason=orders") == ["gone"]
    assert found("?value_min=600") == ["dear"]
    assert b"dear" in client.get("/opportunities/list/?format=csv").getvalue()


# --- Forms ----------------------------------------------------------------------------------------------------------


def entries(**changes: Any) -> dict[str, Any]:
    return {"title": "Fleet", "customer": "K1", "stage": stage("Lead").pk, "expected_value": "1200.50"} | changes


def test_an_opportunity_is_added(client: Client, seller: User) -> None:
    customer = CustomerFactory(reference="K1")
    assert client.post("/opportunities/new/", entries()).status_code == 302
    opportunity = Opportunity.objects.get()
    assert (opportunity.customer, opportunity.expected_value) == (customer, Decimal("1200.50"))


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("title", "", "required"),
        ("customer", "", "required"),
        ("customer", "HIDDEN", "You see no customer"),
        ("expected_value", "-1", "cannot be negative"),
        ("expected_value", "much", "Enter a number"),
        ("expected_on", "soon", "valid date"),
        ("stage", "0", "valid choice"),
    ],
)
def test_a_wrong_opportunity_is_refused(client: Client, seller: User, field: str, value: str, words: str) -> None:
    CustomerFactory(reference="K1")
    CustomerFactory(reference="HIDDEN", owner=UserFactory())
    response = client.post("/opportunities/new/", entries(**{field: value}))
    assert response.status_code == 422
    assert words in str(response.context["form"].errors)
    assert not Opportunity.objects.exists()


def test_a_new_opportunity_cannot_begin_as_won_or_lost(client: Client, seller: User) -> None:
    CustomerFactory(reference="K1")
    assert client.post("/opportunities/new/", entries(stage=stage("Won").pk)).status_code == 422


def test_an_edit_from_an_old_version_is_refused_and_keeps_what_was_entered(client: Client, seller: User) -> None:
    opportunity = OpportunityFactory(customer__reference="K1", stage=stage("Lead"))
    address = f"/opportunities/{opportunity.pk}/edit/"
    assert client.post(address, entries(version=1, title="First")).status_code == 302
    response = client.post(address, entries(version=1, title="Second"))
    assert response.status_code == 422
    assert 'value="Second"' in response.content.decode()
    opportunity.refresh_from_db()
    assert (opportunity.title, opportunity.version) == ("First", 2)
    assert client.post(address, entries(version="", title="Third")).status_code == 422
