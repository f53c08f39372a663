"""How likely duplicates are scored, found, shown and put aside."""

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from crm_site.lib.accounts.models import User
from crm_site.lib.jobs.actions import run_job
from crm_site.lib.jobs.context import JobStopped
from crm_site.lib.jobs.models import Job
from customers.duplicates.actions import request_finding, tell_apart
from customers.duplicates.candidates import MOST_IN_A_BLOCK
from customers.duplicates.finding import find_duplicates
from customers.duplicates.likeness import WORTH_A_LOOK, Identity, likeness, same_phone
from customers.importing.staging import Unwatched, Watch
from customers.models import Customer, DuplicatePair
from customers.tests.factories import CompanyFactory, CustomerFactory, DuplicatePairFactory, UserFactory, user_with

MARIE: dict[str, Any] = {
    "kind": "person", "name": "Dupont", "given_name": "Marie", "email": "marie.dupont@example.com",
    "phone": "06 12 34 56 78", "street": "12, rue des Lilas", "postal_code": "69003", "city": "Lyon",
}  # fmt: skip
SHOP: dict[str, Any] = {"kind": "company", "name": "Boulangerie Martin SARL", "postal_code": "75011", "city": "Paris"}
BORN = dt.date(1980, 5, 1)

THE_SAME = [
    ("case and accents", MARIE | {"name": "Béranger"}, MARIE | {"name": "BERANGER", "email": "", "phone": ""}),
    ("names swapped", MARIE, MARIE | {"name": "Marie", "given_name": "Dupont", "email": "", "phone": ""}),
    ("a slip of a letter, same e-mail", MARIE, MARIE | {"name": "Dupond", "phone": "", "street": "", "city": ""}),
    ("an initial, same e-mail", MARIE, MARIE | {"given_name": "M.", "street": "", "phone": "", "city": ""}),
    ("no given name, same phone", MARIE, MARIE | {"given_name": "", "email": "", "street": ""}),
    ("another family name after marriage", MARIE, MARIE | {"name": "Durand"}),
    ("moved, same e-mail", MARIE, MARIE | {"street": "1 quai Rambaud", "postal_code": "69002", "phone": ""}),
    ("same name and postal code", MARIE, {"kind": "person", "name": "Dupont", "given_name": "Marie",
                                          "postal_code": "69 003", "city": "LYON"}),
    ("legal form left out", SHOP, SHOP | {"name": "Boulangerie Martin"}),
    ("legal form with dots in front", SHOP, SHOP | {"name": "S.A.R.L. Boulangerie Martin"}),
    ("street abbreviated", MARIE | {"street": "3 boulevard Voltaire"},
     MARIE | {"name": "Dupond", "street": "3 bd Voltaire", "email": "", "phone": ""}),
    ("ligature", MARIE | {"name": "Lecœur"}, MARIE | {"name": "Lecoeur", "email": "", "phone": ""}),
    ("tagged address", MARIE, MARIE | {"email": "Marie.Dupont+news@example.com", "phone": "", "street": ""}),
]  # fmt: skip
NOT_THE_SAME = [
    ("one household, everything shared", MARIE, MARIE | {"given_name": "Pierre"}),
    ("father and son", MARIE | {"birth_date": BORN}, MARIE | {"birth_date": dt.date(2005, 5, 1)}),
    ("a shared mailbox", MARIE, {"kind": "person", "name": "Lefèvre", "given_name": "Odile", "email": MARIE["email"]}),
    ("namesakes in one large town", {"kind": "person", "name": "Martin", "given_name": "Jean", "city": "Paris"},
     {"kind": "person", "name": "Martin", "given_name": "Jean", "city": "Paris"}),
    ("namesakes far apart", MARIE | {"email": "", "phone": "", "street": ""},
     MARIE | {"email": "", "phone": "", "street": "", "postal_code": "59000", "city": "Lille"}),
    ("neighbours", MARIE, {"kind": "person", "name": "Moreau", "given_name": "Luc", "street": MARIE["street"],
                           "postal_code": "69003", "city": "Lyon"}),
    ("two branches of a chain", SHOP | {"name": "Acme France"}, SHOP | {"name": "Acme Belgique"}),
    ("a person and the firm of that name", MARIE | {"email": "", "phone": "", "street": "", "name": "Martin"},
     {"kind": "company", "name": "Martin", "postal_code": "69003", "city": "Lyon"}),
    ("the same name in two countries", SHOP | {"country": "France"}, SHOP | {"country": "Belgique"}),
    ("nothing known but the name", {"kind": "person", "name": "Martin"}, {"kind": "person", "name": "Martin"}),
]  # fmt: skip


@pytest.mark.parametrize(("case", "one", "other"), THE_SAME, ids=[case[0] for case in THE_SAME])
def test_one_customer_entered_twice_is_recognised(case: str, one: dict[str, Any], other: dict[str, Any]) -> None:
    found = likeness(Identity(**one), Identity(**other))
    assert found.score >= WORTH_A_LOOK, found
    assert found == likeness(Identity(**other), Identity(**one))


@pytest.mark.parametrize(("case", "one", "other"), NOT_THE_SAME, ids=[case[0] for case in NOT_THE_SAME])
def test_false_friends_are_left_alone(case: str, one: dict[str, Any], other: dict[str, Any]) -> None:
    found = likeness(Identity(**one), Identity(**other))
    assert found.score < WORTH_A_LOOK, found
    assert found == likeness(Identity(**other), Identity(**one))


def test_the_same_entered_once_more_scores_full_with_its_reasons() -> None:
    found = likeness(Identity(**MARIE), Identity(**MARIE))
    assert (found.score, found.reasons) == (100, ("same_name", "same_email", "same_phone", "same_address"))


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("06 12 34 56 78", "+33 6 12 34 56 78", True),
        ("06.12.34.56.78", "0033612345678", True),
        ("+33 (0)6 12 34 56 78", "0612345678", True),
        ("02 123 45 67", "+32 2 123 45 67", True),
        ("020 7946 0958", "+44 20 7946 0958", True),
        ("(202) 555-0143", "+1 202-555-0143", True),
        ("06 12 34 56 78", "07 12 34 56 78", False),
        ("01 42 34 56 78", "+32 1 42 34 56 79", False),
        ("1234", "1234", False),
        ("", "", False),
        ("unknown", "none", False),
    ],
)
def test_phones_are_compared_by_what_rings(one: str, other: str, same: bool) -> None:
    assert same_phone(one, other) is same


# --- The search through all customers


def search(watch: Watch | None = None) -> dict[str, int]:
    return find_duplicates(watch=watch or Unwatched())


def twins(**fields: Any) -> tuple[Customer, Customer]:
    """One customer entered twice."""
    return CustomerFactory(**MARIE | fields), CustomerFactory(**MARIE | fields)


@pytest.mark.django_db
@pytest.mark.parametrize(("case", "one", "other"), THE_SAME, ids=[case[0] for case in THE_SAME])
def test_the_search_compares_each_such_pair(case: str, one: dict[str, Any], other: dict[str, Any]) -> None:
    """Blocks that keep a likely pair apart would make it invisible, however well it scores."""
    first, second = (
        CustomerFactory(**{"given_name": "", "email": "", "city": "", "country": ""} | entry) for entry in (one, other)
    )
    search()
    pair = DuplicatePair.objects.get()
    assert (pair.first, pair.second) == (first, second)
    assert pair.score == likeness(Identity(**one), Identity(**other)).score


@pytest.mark.django_db
def test_the_search_leaves_strangers_alone_and_may_be_repeated() -> None:
    first, second = twins()
    CustomerFactory.create_batch(5)
    for _ in range(2):
        search()
        assert list(DuplicatePair.objects.values_list("first", "second", "score")) == [(first.pk, second.pk, 100)]


@pytest.mark.django_db
def test_a_pair_found_different_never_comes_back() -> None:
    twins()
    search()
    tell_apart(pair=DuplicatePair.objects.get(), by=UserFactory())
    assert search() == {"compared": 0, "found": 0}
    assert DuplicatePair.objects.get().state == DuplicatePair.State.DIFFERENT


@pytest.mark.django_db
def test_a_pair_that_is_no_longer_alike_goes() -> None:
    _, second = twins()
    search()
    second.name, second.given_name, second.email, second.phone = "Petit", "Luc", "luc@example.com", ""
    second.save()
    search()
    assert not DuplicatePair.objects.exists()


@pytest.mark.django_db
def test_a_member_is_no_duplicate_of_its_household() -> None:
    household = CustomerFactory(**MARIE | {"kind": "household", "given_name": ""})
    CustomerFactory(**MARIE | {"member_of": household})
    search()
    assert not DuplicatePair.objects.exists()


@pytest.mark.django_db
def test_a_block_that_is_too_large_is_passed_over() -> None:
    """A switchboard's number on many files tells nothing, and would mean comparing each with each."""
    for place in range(MOST_IN_A_BLOCK + 1):
        CustomerFactory(
            name=f"{place:03d}{'abcdefghij'[place % 10]}", given_name="", phone="0399887766", city="", email=""
        )
    assert search()["compared"] == 0


@pytest.mark.django_db
def test_the_search_runs_as_a_job_with_progress() -> None:
    twins()
    stages: list[str] = []
    job = request_finding(requested_by=UserFactory())
    assert request_finding() == job
    done = run_job(job.pk, on_progress=lambda job: stages.append(job.stage))
    assert done is not None
    assert (done.state, done.result) == (Job.State.DONE, {"compared": 1, "found": 1})
    assert {"block", "compare"} <= set(stages)


@pytest.mark.django_db
def test_a_stopped_search_changes_nothing() -> None:
    class Stopped(Unwatched):
        def hold(self) -> None:
            raise JobStopped

    twins()
    with pytest.raises(JobStopped):
        search(Stopped())
    assert not DuplicatePair.objects.exists()


# --- Pages

MERGING = ("customers.view_customer", "customers.merge_customer", "customers.add_customer")


@pytest.fixture
def merger(db: None) -> User:
    """Somebody who sees the team's customers and may merge them."""
    CompanyFactory()
    return user_with(*MERGING)


@pytest.fixture
def browser_of_merger(client: Client, merger: User) -> Client:
    client.force_login(merger)
    return client


def test_the_page_shows_both_customers_with_score_and_reasons(browser_of_merger: Client) -> None:
    pair = DuplicatePairFactory(first__name="Dupont", second__name="Dupond", score=87)
    page = browser_of_merger.get("/customers/duplicates/").content.decode()
    for words in (
        "Dupont",
        "Dupond",
        "87",
        "Same name",
        "Same e-mail address",
        pair.first.reference,
        pair.second.email,
    ):
        assert words in page
    assert f"/customers/{pair.first_id}/merge/{pair.second_id}/" in page


def test_the_most_alike_stand_first_and_the_page_goes_on(browser_of_merger: Client) -> None:
    for score in range(60, 72):
        DuplicatePairFactory(score=score)
    response = browser_of_merger.get("/customers/duplicates/")
    assert [card.pair.score for card in response.context["cards"]] == list(range(71, 61, -1))
    response = browser_of_merger.get(f"/customers/duplicates/{response.context['paging'].next_url}")
    assert [card.pair.score for card in response.context["cards"]] == [61, 60]


def test_the_page_asks_the_same_few_questions_however_many_pairs(
    browser_of_merger: Client, django_assert_num_queries: Any
) -> None:
    for _ in range(8):
        DuplicatePairFactory()
    browser_of_merger.get("/customers/duplicates/")
    with CaptureQueriesContext(connection) as many:
        browser_of_merger.get("/customers/duplicates/")
    DuplicatePair.objects.all()[:1].get().delete()
    DuplicatePair.objects.filter(pk__gt=DuplicatePair.objects.earliest("pk").pk).delete()
    with django_assert_num_queries(len(many)):
        browser_of_merger.get("/customers/duplicates/")


def test_pairs_with_a_customer_that_one_may_not_see_stay_hidden(browser_of_merger: Client) -> None:
    pair = DuplicatePairFactory(second__owner=UserFactory())
    page = browser_of_merger.get("/customers/duplicates/")
    assert page.context["cards"] == []
    assert browser_of_merger.post(f"/customers/duplicates/{pair.pk}/different/").status_code == 404
    pair.refresh_from_db()
    assert pair.state == DuplicatePair.State.OPEN


def test_not_the_same_takes_the_pair_off_the_page(browser_of_merger: Client, merger: User) -> None:
    pair = DuplicatePairFactory()
    browser_of_merger.post(f"/customers/duplicates/{pair.pk}/different/")
    pair.refresh_from_db()
    assert (pair.state, pair.decided_by) == (DuplicatePair.State.DIFFERENT, merger)
    assert browser_of_merger.get("/customers/duplicates/").context["cards"] == []


def test_the_button_asks_for_one_search_and_shows_its_progress(browser_of_merger: Client, merger: User) -> None:
    for _ in range(2):
        browser_of_merger.post("/customers/duplicates/find/")
    job = Job.objects.get()
    assert (job.kind, job.requested_by) == ("find-duplicates", merger)
    assert browser_of_merger.get("/customers/duplicates/").context["progress"].active


@pytest.mark.parametrize("address", ["/customers/duplicates/", "/merges/"])
def test_whoever_may_not_merge_sees_no_duplicates(client: Client, db: None, address: str) -> None:
    client.force_login(user_with("customers.view_customer"))
    assert client.get(address).status_code == 403


# --- While a customer is entered

ENTERED = {"kind": "person", "reference": "NEW-1", "name": "Dupont", "given_name": "Marie"}


@pytest.mark.parametrize(
    "entries",
    [
        {"email": "Marie.Dupont@example.com"},
        {"phone": "+33 6 12 34 56 78"},
        {"given_name": "Maire", "city": "Lyon", "postal_code": "69003"},
        {"name": "MARIE", "given_name": "dupont", "city": "lyon"},
    ],
)
def test_whoever_enters_a_customer_again_is_warned_and_may_go_on(
    browser_of_merger: Client, entries: dict[str, str]
) -> None:
    here = CustomerFactory(**MARIE)
    response = browser_of_merger.post("/customers/new/", ENTERED | entries)
    assert response.status_code == 422
    page = response.content.decode()
    assert "may be here already" in page
    assert here.reference in page
    assert 'type="checkbox" name="create_anyway"' in page
    # Where the warning is read: not below twenty other fields.
    assert page.index("may be here already") < page.index('name="create_anyway"') < page.index('name="reference"')
    assert Customer.objects.count() == 1
    assert browser_of_merger.post("/customers/new/", ENTERED | entries | {"create_anyway": "on"}).status_code == 302
    assert Customer.objects.count() == 2


@pytest.mark.parametrize(
    "entries", [{}, {"city": "Lille"}, {"given_name": "Pierre", "phone": "0612345678"}, {"email": "other@example.com"}]
)
def test_whoever_enters_somebody_else_is_not_warned(browser_of_merger: Client, entries: dict[str, str]) -> None:
    CustomerFactory(**MARIE)
    assert browser_of_merger.post("/customers/new/", ENTERED | entries).status_code == 302


def test_the_warning_tells_nothing_of_customers_that_one_may_not_see(browser_of_merger: Client) -> None:
    CustomerFactory(**MARIE | {"owner": UserFactory()})
    assert browser_of_merger.post("/customers/new/", ENTERED | {"email": MARIE["email"]}).status_code == 302
