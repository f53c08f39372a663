"""The pages about recomputes: who, why, when, how long, what changed, and the button that starts one."""

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from crm_site.lib.components import Fact
from crm_site.lib.jobs.models import Job
from customers.models import Run
from customers.tests.factories import A_DAY, CompanyFactory, OrderFactory, RunFactory, UserFactory, user_with
from profitability.permissions import SEE_RUNS, SEE_VALUE, START_RUN
from profitability.tests.published import a_model, publish
from profitability.totals import Because, Changes, Move, Scope, StageTime

pytestmark = pytest.mark.django_db

URL = "/runs/"
QUERIES = 9
NOON = timezone.make_aware(dt.datetime(2026, 6, 30, 12))


@pytest.fixture
def manager() -> Client:
    return client_with(SEE_VALUE, SEE_RUNS, START_RUN, "jobs.view_job")


def client_with(*permissions: str) -> Client:
    CompanyFactory()
    client = Client()
    client.force_login(user_with(*permissions))
    return client


def job(**fields: object) -> Job:
    return Job.objects.create(kind="recompute", **fields)


def unpublished(state: Job.State, **fields: object) -> Run:
    """A run that its job has not brought to an end."""
    return RunFactory(is_current=False, published_at=None, has_rows=False, job=job(state=state, **fields))


def move(before: int | None, after: int | None, customers: int) -> Move:
    return Move(before=before, after=after, customers=customers)


def rows(client: Client) -> list[dict[str, str]]:
    table = client.get(URL).context["table"]
    return [{c.label: cell.text for c, cell in zip(table.columns, row.cells, strict=True)} for row in table.rows]


def facts(items: list[Fact]) -> dict[str, str]:
    return {fact.label: fact.value for fact in items}


def test_the_latest_recompute_stands_first_with_its_figures(manager: Client) -> None:
    first = publish(30, 20, 10, is_current=False)
    second = publish(300, 20, 10)
    assert [row["Recompute"] for row in rows(manager)] == [f"Recompute {second.pk}", f"Recompute {first.pk}"]
    assert [row["State"] for row in rows(manager)] == ["Current", "Published"]
    assert [row["Profit"] for row in rows(manager)] == ["€330.00", "€60.00"]
    assert [row["Customers"] for row in rows(manager)] == ["3", "3"]


def test_a_row_tells_who_asked_why_and_how_long_it_took(manager: Client) -> None:
    person = UserFactory(first_name="Ada", last_name="Roche")
    run = publish(30, 20, 10)
    asked = job(requested_by=person, state=Job.State.DONE)
    Run.objects.filter(pk=run.pk).update(job=asked, started_at=NOON, published_at=NOON + dt.timedelta(seconds=95))
    cells = manager.get(URL).context["table"].rows[0].cells
    assert (cells[2].text, cells[2].note) == ("Asked for", str(person))
    assert (cells[3].text, cells[3].note) == (
        "30 Jun 2026, 12:00",
        "1\N{NO-BREAK SPACE}min\N{NO-BREAK SPACE}35\N{NO-BREAK SPACE}s",
    )


@pytest.mark.parametrize(
    ("state", "word"),
    [
        (Job.State.QUEUED, "Waiting"),
        (Job.State.RUNNING, "Running"),
        (Job.State.FAILED, "Failed"),
        (Job.State.CANCELLED, "Stopped"),
        (Job.State.DONE, "Not finished"),
    ],
)
def test_a_run_without_a_result_says_where_it_stands(manager: Client, state: Job.State, word: str) -> None:
    unpublished(state)
    assert rows(manager)[0]["State"] == word
    assert rows(manager)[0]["Profit"] == ""


def test_a_running_recompute_is_followed_in_place_of_the_button(manager: Client) -> None:
    assert b"Recompute now" in manager.get(URL).content
    running = job(state=Job.State.RUNNING)
    page = manager.get(URL).content.decode()
    assert "Recompute now" not in page
    assert reverse("job-progress", args=[running.pk]) in page
    assert reverse("job-stop", args=[running.pk]) in page


def test_the_last_failure_is_shown_with_its_reason_and_a_second_try(manager: Client) -> None:
    failed = job(state=Job.State.FAILED, error="There is no more room on the disk.")
    page = manager.get(URL).content.decode()
    assert "There is no more room on the disk." in page
    assert reverse("job-retry", args=[failed.pk]) in page


def test_a_failure_that_was_made_good_is_not_shown_again(manager: Client) -> None:
    job(state=Job.State.FAILED, error="There is no more room on the disk.")
    job(state=Job.State.DONE)
    assert "no more room" not in manager.get(URL).content.decode()


def test_a_recompute_is_asked_for_by_post_and_leads_back(manager: Client) -> None:
    response = manager.post(reverse("run-start"), {"next": "/dashboard/"})
    assert (response.status_code, response["Location"]) == (302, "/dashboard/")
    assert Job.objects.get().kind == "recompute"


def test_asking_twice_while_one_waits_is_asking_once(manager: Client) -> None:
    manager.post(reverse("run-start"))
    manager.post(reverse("run-start"))
    assert Job.objects.count() == 1


@pytest.mark.parametrize("elsewhere", ["https://example.com/", "//example.com", "javascript:alert(1)"])
def test_the_way_back_never_leads_to_another_site(manager: Client, elsewhere: str) -> None:
    assert manager.post(reverse("run-start"), {"next": elsewhere})["Location"] == URL


def test_looking_does_not_start_anything(manager: Client) -> None:
    assert manager.get(reverse("run-start")).status_code == 405
    assert not Job.objects.exists()


def test_figures_of_another_day_begin_with_that_of_the_last_order(manager: Client) -> None:
    OrderFactory(ordered_on=dt.date(2011, 12, 9))
    OrderFactory(ordered_on=dt.date(2010, 12, 1))
    assert 'value="2011-12-09"' in manager.get(reverse("run-as-of")).content.decode()
    assert manager.post(reverse("run-as-of"), {"as_of": "2011-12-09"})["Location"] == URL
    assert Job.objects.get().params["as_of"] == "2011-12-09"


@pytest.mark.parametrize("day", ["2010-11-30", "2999-01-01", "", "yesterday"])
def test_a_day_without_orders_or_to_come_is_refused(manager: Client, day: str) -> None:
    OrderFactory(ordered_on=dt.date(2010, 12, 1))
    response = manager.post(reverse("run-as-of"), {"as_of": day})
    assert (response.status_code, bool(response.context["form"].errors["as_of"])) == (422, True)
    assert not Job.objects.exists()


def test_starting_needs_its_own_permission() -> None:
    for name in ("run-start", "run-as-of"):
        assert client_with(SEE_RUNS, SEE_VALUE).post(reverse(name)).status_code == 403
    assert not Job.objects.exists()


def test_a_run_tells_what_changed_and_who_moved(manager: Client) -> None:
    before = publish(30, 20, 10, is_current=False)
    changes = Changes(
        previous_run=before.pk,
        customers=2,
        net_revenue=Decimal("100.00"),
        profit=Decimal("-12.50"),
        customer_equity=Decimal("7.00"),
        moves=(move(2, 1, 4), move(None, 3, 9), move(1, 1, 5)),
    )
    page = manager.get(reverse("run", args=[publish(30, 20, 10, changes=changes).pk]))
    shown = facts(page.context["changes"])
    assert shown["Against"] == f"Recompute {before.pk}"
    assert (shown["Customers"], shown["Profit"], shown["Net revenue"]) == ("+2", "-€12.50", "+€100.00")
    assert shown["Customers who changed category"] == "13"
    moved = [[cell.text for cell in row.cells] for row in page.context["moves"].rows]
    assert moved == [
        ["Not ranked", "Desirable", "9"],
        ["Fairly profitable", "Most profitable", "4"],
    ]


def test_the_first_run_has_nothing_to_be_compared_with(manager: Client) -> None:
    page = manager.get(reverse("run", args=[publish(30, 20, 10).pk]))
    assert page.context["changes"] is None
    assert "What changed" not in page.content.decode()


def test_the_models_are_told_in_plain_words(manager: Client) -> None:
    model = manager.get(reverse("run", args=[publish(30, 20, 10).pk])).context["model"]
    hints = {fact.label: fact.hint for fact in model}
    assert facts(model)["Fitted on"] == "2,357 customers, 946 of them with more than one order day"
    assert hints["Orders (BG/NBD)"].startswith("An active customer orders about every 18.2 weeks on average")
    assert hints["Departure (BG/NBD)"] == "After a repeat order, 24.6% of customers leave on average."
    assert hints["Margin of an order (Gamma-Gamma)"] == "€35.17 on average over all customers."


def test_a_model_that_was_not_fitted_is_left_out(manager: Client) -> None:
    nothing = dict.fromkeys(("r", "alpha", "a", "b", "log_likelihood", "p", "q", "v", "correlation"))
    model = replace(a_model(), fitted=False, **nothing)
    shown = facts(manager.get(reverse("run", args=[publish(30, 20, 10, lifetime_model=model).pk])).context["model"])
    assert "Orders (BG/NBD)" not in shown
    assert "Future counted" in shown


def test_a_strong_correlation_is_a_warning(manager: Client) -> None:
    run = publish(30, 20, 10, lifetime_model=replace(a_model(), correlation=0.45))
    hints = {fact.label: fact.hint for fact in manager.get(reverse("run", args=[run.pk])).context["model"]}
    assert "which the model does not foresee" in hints["Correlation of frequency and margin"]


def test_stages_show_their_durations(manager: Client) -> None:
    durations = (StageTime(stage="facts", seconds=1.25), StageTime(stage="ranking", seconds=75))
    stages = manager.get(reverse("run", args=[publish(30, 20, 10, durations=durations).pk])).context["stages"]
    assert facts(stages) == {
        "Adding up orders and contacts": "1.2\N{NO-BREAK SPACE}s",
        "Ranking customers": "1\N{NO-BREAK SPACE}min\N{NO-BREAK SPACE}15\N{NO-BREAK SPACE}s",
    }


def test_notes_are_sentences(manager: Client) -> None:
    notes = manager.get(reverse("run", args=[publish(30, 20, 10, notes=("no_costing",)).pk])).context["notes"]
    assert notes == ["No costing was published: profit is gross margin less direct costs."]


def test_a_failed_run_can_be_tried_again_from_its_page(manager: Client) -> None:
    run = unpublished(Job.State.FAILED, error="There is no more room on the disk.")
    page = manager.get(reverse("run", args=[run.pk])).content.decode()
    assert "There is no more room on the disk." in page
    assert reverse("job-retry", args=[run.job_id]) in page


def test_an_unknown_run_has_no_page(manager: Client) -> None:
    assert manager.get(reverse("run", args=[987])).status_code == 404


@pytest.mark.parametrize("name", ["runs", "run"])
def test_only_those_who_may_see_runs_are_let_in(name: str) -> None:
    run = publish(30, 20, 10)
    url = reverse(name, args=[run.pk] if name == "run" else [])
    assert client_with(SEE_VALUE).get(url).status_code == 403


def test_without_runs_the_page_says_what_one_does(manager: Client) -> None:
    assert "A recompute turns orders, contacts and costs into profit" in manager.get(URL).content.decode()


def test_the_number_of_queries_does_not_grow_with_the_runs(manager: Client) -> None:
    publish(30, 20, 10)
    few = queries(manager)
    for _ in range(5):
        RunFactory(is_current=False, as_of=A_DAY, job=job(state=Job.State.DONE, requested_by=UserFactory()))
    assert queries(manager) == few <= QUERIES


def queries(client: Client) -> int:
    client.get(URL)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(URL).status_code == 200
    return len(captured)


def test_a_run_tells_whose_records_it_read_and_why(manager: Client) -> None:
    full = publish(30, 20, 10, scope=Scope(because=Because.COSTING))
    page = manager.get(reverse("run", args=[full.pk])).content.decode()
    assert "Full recompute" in page
    assert "The costing is another one." in page
    Run.objects.update(is_current=False)
    part = publish(30, 20, 10, scope=Scope(because=None, base_run=full.pk, customers=1200))
    page = manager.get(reverse("run", args=[part.pk])).content.decode()
    assert "The records of 1,200 customers were read" in page
    assert f'href="{reverse("run", args=[full.pk])}"' in page
    assert "1,200 read anew" in manager.get(URL).content.decode()
