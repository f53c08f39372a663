"""The management report: the figures of the pages, to each reader what they may see, and by e-mail once a month."""

import datetime as dt
import smtplib
from collections.abc import Iterator
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.db.models import F
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import translation

from crm_site.lib.accounts.models import User
from crm_site.lib.jobs.actions import run_job
from crm_site.lib.jobs.models import Job
from crm_site.lib.paper import Block
from customers.models import Company, Order, Run
from customers.permissions import SEE_ALL
from customers.tests.factories import CompanyFactory, user_with
from profitability.models import ReportMail, ReportSubscription
from profitability.permissions import SEE_VALUE
from profitability.report_actions import prepare_report, report_pdf, request_monthly_reports, subscribe, unsubscribe
from profitability.reports.management import management_report
from profitability.reports.runs import published_now
from profitability.tables.management import document
from profitability.tests.portfolio import a_portfolio
from profitability.tests.published import publish
from profitability.tests.shop import recomputed

pytestmark = pytest.mark.django_db

URL = "/dashboard/report.pdf"
WISHES = "/dashboard/report/monthly/"
MANAGER = (SEE_VALUE, SEE_ALL, "customers.view_customer")
TODAY = dt.date(2026, 7, 2)


@pytest.fixture
def run() -> Run:
    CompanyFactory(name="Compagnon & Co")
    a_portfolio()
    return recomputed()


@pytest.fixture
def manager() -> User:
    return user_with(*MANAGER, email="manager@example.com")


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def told(user: User) -> dict[str, Any]:
    """The data of the report that this reader gets."""
    published = published_now()
    assert published
    prepare_report(run_id=published.run.pk)
    return document(management_report(published, user), Company.current())


def blocks(data: dict[str, Any], kind: str) -> Iterator[Block]:
    return (block for part in data["sections"] for block in part["blocks"] if block["kind"] == kind)


def texts(data: dict[str, Any]) -> str:
    return " ".join(block["text"] for block in blocks(data, "text"))


def table(data: dict[str, Any], caption: str) -> list[list[str]]:
    found = next(block for block in blocks(data, "table") if block["caption"] == caption)
    return [[cell["text"] for cell in row] for row in found["rows"]]


def of_page(drawn: Any) -> list[list[str]]:
    return [[cell.text or "—" for cell in row.cells] for row in drawn.rows]


# --- The same figures as on the pages ---------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["en", "fr"])
def test_figures_are_those_of_the_dashboard_in_the_readers_language(run: Run, manager: User, language: str) -> None:
    client = signed_in(manager)
    client.cookies["django_language"] = language
    page = client.get("/dashboard/").context
    with translation.override(language):
        data = told(manager)
    figures = next(blocks(data, "figures"))["items"]
    assert [(one["label"], one["value"], one["hint"]) for one in figures] == [
        (one.label, one.value, one.hint) for one in page["figures"]
    ]
    assert page["finding"].text in texts(data)
    svgs = [block["svg"] for block in blocks(data, "chart")]
    assert all(f"<title>{page[name].title}</title>" in "".join(svgs) for name in ("whale", "months", "categories"))
    policies = next(blocks(data, "facts"))["items"]
    assert {(one["label"], one["value"]) for one in policies} == {
        (card.name, card.policy) for card in page["cards"] if card.policy
    }
    assert data["language"] == language


def test_best_and_worst_are_those_of_the_dashboard_and_more_of_them(run: Run, manager: User) -> None:
    page, data = signed_in(manager).get("/dashboard/").context, told(manager)
    for caption, name in (("Best customers", "best"), ("Worst customers", "worst")):
        shown = table(data, caption)
        assert of_page(page[name]) == shown[:5]
        assert len(shown) <= 10


def test_categories_costs_equity_and_moves_are_those_of_their_pages(run: Run, manager: User) -> None:
    data, client = told(manager), signed_in(manager)
    cards = client.get("/dashboard/").context["cards"]
    rows = table(data, "Customers, profit and lifetime value of each category")
    assert [(row[0], row[1]) for row in rows] == [(card.name, str(card.customers)) for card in cards]
    reconciliation = client.get("/costing/reconciliation/").context
    assert table(data, "Where every cent went, by cost pool") == of_page(reconciliation["pools"])
    assert reconciliation["sentences"][0] in texts(data)
    equity = client.get("/equity/").context["figures"]
    assert [one["value"] for one in list(blocks(data, "figures"))[1]["items"]] == [one.value for one in equity]


def test_moves_between_the_two_latest_years_are_those_of_their_page(manager: User) -> None:
    CompanyFactory()
    a_portfolio()
    Order.objects.annotate(half=F("pk") % 2).filter(half=0).update(ordered_on=F("ordered_on") - dt.timedelta(days=365))
    recomputed()
    data, page = told(manager), signed_in(manager).get("/ranking/moves/").context
    counted = [[*(cell.customers for cell in row.cells), row.customers] for row in page["table"].rows]
    rows = table(data, "Customers by category before (rows) and after (columns)")
    assert [list(map(int, row[1:])) for row in rows[:-1]] == counted
    assert list(map(int, rows[-1][1:])) == [*page["table"].sums, sum(page["table"].sums)]
    assert page["finding"].text in texts(data)


def test_the_change_of_equity_is_that_of_its_page(run: Run, manager: User) -> None:
    recomputed()
    page, data = signed_in(manager).get("/equity/").context, told(manager)
    assert page["finding"].text in texts(data)
    assert table(data, "Why customer equity changed") == of_page(page["steps"])


def test_it_says_whose_figures_of_when_and_that_a_demonstration_is_invented(run: Run, manager: User) -> None:
    Company.objects.update(demo_weeks_shifted=1500)
    data = told(manager)
    assert (data["company"], data["title"]) == ("Compagnon & Co", "Management report")
    assert f"Recompute {run.pk}, computed" in data["lines"][1]
    assert "1,500 weeks" in data["notice"]


def test_without_the_right_to_see_all_customers_nobody_is_named(run: Run) -> None:
    data = told(user_with(SEE_VALUE))
    assert "Best customers" not in {block["caption"] for block in blocks(data, "table")}
    assert "Customers are named in the reports of those who may see all customers." in texts(data)


@pytest.mark.parametrize("profits", [(), (5,), (0, 0), (-5, -7), (3, 2, -9)])
def test_unusual_runs_have_a_report_too(manager: User, profits: tuple[int, ...]) -> None:
    CompanyFactory()
    publish(*profits)
    published = published_now()
    assert published
    assert report_pdf(published=published, reader=manager, company=Company.current()).startswith(b"%PDF-")


def test_moves_since_the_recompute_before_where_no_two_years_are_ranked(manager: User) -> None:
    CompanyFactory()
    publish(3, 2, -9)
    published = published_now()
    assert published
    assert "There is no recompute before this one to compare with." in texts(
        document(management_report(published, manager), Company.current())
    )


# --- The page ---------------------------------------------------------------------------------------------------------


def test_it_is_prepared_once_by_a_job_and_then_given_out_as_a_file(run: Run, manager: User) -> None:
    client = signed_in(manager)
    waiting = client.get(URL)
    assert waiting["Content-Type"].startswith("text/html")
    assert client.get(URL).context["job"].id == waiting.context["job"].id
    job = run_job(int(waiting.context["job"].id))
    assert job
    assert job.state == Job.State.DONE, job.problem
    answer = client.get(URL)
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"] == f'attachment; filename="management-report-{run.as_of}.pdf"'
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer.content.startswith(b"%PDF-")
    assert Job.objects.filter(kind="prepare-report").count() == 1


def test_the_number_of_queries_does_not_grow_with_the_customers(manager: User) -> None:
    CompanyFactory()
    client, counts = signed_in(manager), []
    for profits in ((30, 20, 10), range(1, 60)):
        Run.objects.update(is_current=False)
        prepare_report(run_id=publish(*profits).pk)
        client.get(URL)
        with CaptureQueriesContext(connection) as captured:
            assert client.get(URL)["Content-Type"] == "application/pdf"
        counts.append(len(captured))
    assert counts[0] == counts[1] <= 24


def test_before_the_first_figures_there_is_none(manager: User) -> None:
    assert signed_in(manager).get(URL).status_code == 404


def test_dashboard_and_palette_lead_to_it(run: Run, manager: User) -> None:
    client = signed_in(manager)
    assert f'href="{URL}"' in client.get("/dashboard/").content.decode()
    assert URL in client.get("/palette/?q=manag", headers={"HX-Request": "true"}).content.decode()


# --- Each month -------------------------------------------------------------------------------------------------------


@pytest.fixture
def wishing(run: Run, manager: User) -> User:
    subscribe(user=manager, language="fr")
    return manager


def send_all() -> list[str]:
    """Do every job that sends a report; how each of them ended."""
    jobs = Job.objects.active().filter(kind="send-report").order_by("pk")
    return [job.state for pk in jobs.values_list("pk", flat=True) if (job := run_job(pk))]


def test_a_tick_asks_for_it_and_its_removal_ends_it(run: Run, manager: User) -> None:
    client = signed_in(manager)
    client.post(WISHES, {"monthly": "on", "language": "fr"})
    assert ReportSubscription.objects.get(user=manager).language == "fr"
    assert client.get(WISHES).context["form"]["monthly"].value() is True
    client.post(WISHES, {"language": "fr"})
    assert not ReportSubscription.objects.exists()
    assert client.post(WISHES, {"monthly": "on", "language": "xx"}).status_code == 422
    assert client.get(WISHES).status_code == 200
    assert not ReportSubscription.objects.exists()


def test_the_user_menu_leads_to_the_tick_only_where_figures_may_be_seen(run: Run, manager: User) -> None:
    address = reverse("report-wishes")
    assert address in signed_in(manager).get("/customers/").content.decode()
    other = signed_in(user_with("customers.view_customer"))
    assert address not in other.get("/customers/").content.decode()
    assert other.get(WISHES).status_code == 403


def test_one_mail_a_month_in_the_persons_language_with_the_pdf(wishing: User) -> None:
    assert request_monthly_reports(today=TODAY) == 1
    assert send_all() == ["done"]
    (sent,) = mail.outbox
    assert sent.to == ["manager@example.com"]
    assert "juil. 2026" in sent.subject
    name, content, kind = sent.attachments[0]
    assert (name[-4:], kind, content[:5]) == (".pdf", "application/pdf", b"%PDF-")
    assert b"/Lang(fr)" in content
    assert WISHES in sent.body
    assert request_monthly_reports(today=TODAY.replace(day=5)) == 0
    assert request_monthly_reports(today=TODAY.replace(month=8)) == 1
    assert send_all() == ["done"]
    assert len(mail.outbox) == len({message.extra_headers["Message-ID"] for message in mail.outbox}) == 2


def test_a_task_and_a_job_that_are_delivered_twice_send_once(wishing: User) -> None:
    request_monthly_reports(today=TODAY)
    request_monthly_reports(today=TODAY)
    assert ReportMail.objects.count() == Job.objects.filter(kind="send-report").count() == 1
    send_all()
    Job.objects.filter(kind="send-report").update(state=Job.State.QUEUED)
    send_all()
    assert len(mail.outbox) == 1


def test_a_killed_sending_is_taken_up_by_the_next_worker(wishing: User, monkeypatch: pytest.MonkeyPatch) -> None:
    request_monthly_reports(today=TODAY)
    with monkeypatch.context() as patched:
        patched.setattr("django.core.mail.EmailMessage.send", ending_the_process)
        with pytest.raises(SystemExit):
            send_all()
    assert (ReportMail.objects.get().state, mail.outbox) == ("waiting", [])
    assert send_all() == ["done"]
    assert (ReportMail.objects.get().state, len(mail.outbox)) == ("sent", 1)


def ending_the_process(*args: Any, **options: Any) -> None:
    raise SystemExit


def test_a_server_that_is_away_is_tried_again_and_at_last_told(wishing: User, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*args: Any, **options: Any) -> None:
        raise smtplib.SMTPServerDisconnected

    monkeypatch.setattr("django.core.mail.EmailMessage.send", away)
    request_monthly_reports(today=TODAY)
    states = []
    for _attempt in range(3):
        send_all()
        states.append(ReportMail.objects.get().state)
    assert states == ["waiting", "waiting", "refused"]
    assert ReportMail.objects.get().refusal == "not_delivered"


def lose_permission(user: User) -> None:
    user.user_permissions.clear()


def leave(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)


def lose_address(user: User) -> None:
    User.objects.filter(pk=user.pk).update(email="")


def change_mind(user: User) -> None:
    unsubscribe(user=user)


@pytest.mark.parametrize(
    ("event", "refusal"),
    [
        (lose_permission, "not_allowed"),
        (leave, "not_allowed"),
        (lose_address, "no_address"),
        (change_mind, "not_wanted"),
    ],
)
def test_what_changed_while_a_report_waited_stops_it(wishing: User, event: Any, refusal: str) -> None:
    request_monthly_reports(today=TODAY)
    event(wishing)
    send_all()
    found = ReportMail.objects.get()
    assert (found.state, found.refusal, mail.outbox) == ("refused", refusal, [])


@pytest.mark.parametrize("event", [lose_permission, leave, change_mind])
def test_nothing_is_asked_for_where_it_is_not_wanted_or_allowed(wishing: User, event: Any) -> None:
    event(wishing)
    assert request_monthly_reports(today=TODAY) == 0
    assert not ReportMail.objects.exists()


def test_before_the_first_figures_nothing_is_asked_for(manager: User) -> None:
    subscribe(user=manager, language="en")
    assert request_monthly_reports(today=TODAY) == 0


def test_the_page_tells_what_became_of_ones_own_reports(wishing: User) -> None:
    request_monthly_reports(today=TODAY)
    assert "Waiting" in signed_in(wishing).get(WISHES).content.decode()
    send_all()
    assert "Sent" in signed_in(wishing).get(WISHES).content.decode()
    assert "Jul 2026" not in signed_in(user_with(*MANAGER)).get(WISHES).content.decode()
