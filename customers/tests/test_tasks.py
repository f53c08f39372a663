"""Tasks: planning, finding, completing, repeating, reminding, and the calendar that other programs read."""

import datetime as dt
from typing import Any

import pytest
from django.core import mail
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from icalendar import Calendar
from pytest_django import Settings

from crm_site.lib.accounts.models import Team, User
from customers.models import CalendarFeed, Task
from customers.recurrence import next_due
from customers.task_actions import complete_task, reminder_text, renew_calendar, reopen_task, send_due_reminders
from customers.task_calendar import token_of
from customers.tests.factories import CompanyFactory, CustomerFactory, TaskFactory, UserFactory, user_with

pytestmark = pytest.mark.django_db

WORKING = ("view_customer", "view_task", "add_task", "change_task", "export_customer")
NOON = timezone.make_aware(dt.datetime(2026, 6, 30, 12))
DAY = dt.date


@pytest.fixture
def worker() -> User:
    CompanyFactory()
    return user_with(*(f"customers.{name}" for name in WORKING))


@pytest.fixture
def browser_of(worker: User, client: Client) -> Client:
    client.force_login(worker)
    return client


def entries(**changes: Any) -> dict[str, Any]:
    return {"title": "Call back", "owner": "", "due_on": "2026-07-01", "priority": "2"} | changes


def titles(client: Client, query: str = "") -> list[str]:
    table = client.get(f"/tasks/{query}").context["table"]
    return [row.cells[0].text for row in table.rows]


# --- Repeating --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("due_on", "recurrence", "aims_at", "expected"),
    [
        (DAY(2026, 6, 30), "daily", 30, DAY(2026, 7, 1)),
        (DAY(2026, 6, 30), "weekly", 30, DAY(2026, 7, 7)),
        (DAY(2026, 1, 31), "monthly", 31, DAY(2026, 2, 28)),
        (DAY(2026, 2, 28), "monthly", 31, DAY(2026, 3, 31)),
        (DAY(2026, 11, 30), "quarterly", 30, DAY(2027, 2, 28)),
        (DAY(2028, 2, 29), "yearly", 29, DAY(2029, 2, 28)),
        (DAY(2031, 2, 28), "yearly", 29, DAY(2032, 2, 29)),
    ],
)
def test_a_task_is_due_again_one_step_later(due_on: DAY, recurrence: str, aims_at: int, expected: DAY) -> None:
    assert next_due(due_on, recurrence, aims_at=aims_at, not_before=due_on) == expected


@pytest.mark.parametrize(
    ("done_on", "expected"),
    [(DAY(2026, 6, 1), DAY(2026, 7, 7)), (DAY(2026, 7, 7), DAY(2026, 7, 7)), (DAY(2026, 7, 8), DAY(2026, 7, 14))],
)
def test_occasions_that_have_passed_are_left_out_but_the_weekday_stays(done_on: DAY, expected: DAY) -> None:
    assert next_due(DAY(2026, 6, 30), "weekly", aims_at=30, not_before=done_on) == expected


def test_completing_a_repeated_task_plans_the_next_with_its_reminder() -> None:
    reminder = timezone.make_aware(dt.datetime(2026, 1, 31, 9))
    task = TaskFactory(due_on=DAY(2026, 1, 31), recurrence="monthly", aims_at_day=31, remind_at=reminder)
    following = complete_task(task_id=task.pk, at=reminder)
    assert following is not None
    assert (following.due_on, following.title, following.owner) == (DAY(2026, 2, 28), task.title, task.owner)
    assert timezone.localtime(following.remind_at) == timezone.make_aware(dt.datetime(2026, 2, 28, 9))
    assert complete_task(task_id=following.pk, at=reminder).due_on == DAY(2026, 3, 31)


def test_completing_twice_plans_one_task_only() -> None:
    task = TaskFactory(recurrence="weekly")
    assert complete_task(task_id=task.pk, at=NOON)
    assert complete_task(task_id=task.pk, at=NOON) is None
    assert Task.objects.count() == 2


def test_reopening_takes_the_next_task_back() -> None:
    task = TaskFactory(recurrence="weekly")
    complete_task(task_id=task.pk, at=NOON)
    assert reopen_task(task_id=task.pk).done_at is None
    assert Task.objects.get() == task


def test_reopening_leaves_a_next_task_that_is_done_and_completing_again_adds_none() -> None:
    task = TaskFactory(recurrence="weekly")
    following = complete_task(task_id=task.pk, at=NOON)
    Task.objects.filter(pk=following.pk).update(done_at=NOON)
    reopen_task(task_id=task.pk)
    assert complete_task(task_id=task.pk, at=NOON) is None
    assert Task.objects.count() == 2


# --- Pages ------------------------------------------------------------------------------------------------------------


def test_a_task_is_added_for_a_customer_by_reference(browser_of: Client, worker: User) -> None:
    customer = CustomerFactory(reference="K1", owner=worker)
    colleague = UserFactory()
    response = browser_of.post("/tasks/new/", entries(customer="K1", owner=colleague.pk, recurrence="monthly"))
    task = Task.objects.get()
    assert response.headers["Location"] == f"/tasks/{task.pk}/"
    assert (task.customer, task.owner, task.created_by, task.aims_at_day) == (customer, colleague, worker, 1)


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("title", "", "required"),
        ("due_on", "tomorrow", "valid date"),
        ("customer", "nobody", "You see no customer"),
        ("customer", "HIDDEN", "You see no customer"),
        ("priority", "9", "valid choice"),
        ("remind_at", "soon", "valid date"),
        ("owner", "999999", "valid choice"),
    ],
)
def test_a_wrong_task_is_refused_with_a_reason(
    browser_of: Client, worker: User, field: str, value: str, words: str
) -> None:
    CustomerFactory(reference="HIDDEN", owner=UserFactory())
    response = browser_of.post("/tasks/new/", entries(**{"owner": worker.pk, field: value}))
    assert response.status_code == 422
    assert words in str(response.context["form"].errors)
    assert not Task.objects.exists()


def test_a_task_is_changed_and_a_moved_reminder_is_given_again(browser_of: Client, worker: User) -> None:
    task = TaskFactory(owner=worker, customer=None, remind_at=NOON, reminded_at=NOON)
    browser_of.post(f"/tasks/{task.pk}/edit/", entries(owner=worker.pk, remind_at="2026-07-01T08:00"))
    task.refresh_from_db()
    assert (task.title, task.reminded_at) == ("Call back", None)


def test_a_task_is_completed_and_reopened_where_the_button_stands(browser_of: Client, worker: User) -> None:
    task = TaskFactory(owner=worker)
    response = browser_of.post(f"/tasks/{task.pk}/complete/", {"next": "/today/"})
    assert response.headers["Location"] == "/today/"
    task.refresh_from_db()
    assert task.done_at is not None
    response = browser_of.post(f"/tasks/{task.pk}/reopen/", {"next": "https://evil.example/"})
    assert response.headers["Location"] == f"/tasks/{task.pk}/"
    task.refresh_from_db()
    assert task.done_at is None


def test_a_task_is_added_from_a_customers_file(browser_of: Client, worker: User) -> None:
    customer = CustomerFactory()
    address = f"/customers/{customer.pk}/tasks/new/"
    browser_of.post(address, {"title": "", "due_on": "2026-07-01"})
    assert not Task.objects.exists()
    browser_of.post(address, {"title": "Send the offer", "due_on": "2026-07-01"})
    assert (Task.objects.get().customer, Task.objects.get().owner) == (customer, worker)


def test_a_customers_file_shows_the_open_tasks_to_whoever_may_see_them(browser_of: Client, client: Client) -> None:
    task = TaskFactory(title="Send samples")
    TaskFactory(title="Long done", customer=task.customer, done_at=NOON)
    address = f"/customers/{task.customer_id}/"
    page = browser_of.get(address).content.decode()
    assert "Send samples" in page
    assert "Long done" not in page
    client.force_login(user_with("customers.view_customer"))
    assert "Send samples" not in client.get(address).content.decode()


def test_the_list_shows_open_tasks_by_urgency_unless_done_ones_are_asked_for(browser_of: Client, worker: User) -> None:
    for day, title in ((3, "third"), (1, "first"), (2, "second")):
        TaskFactory(owner=worker, title=title, due_on=DAY(2026, 7, day))
    TaskFactory(owner=worker, title="over", done_at=NOON)
    assert titles(browser_of) == ["first", "second", "third"]
    assert titles(browser_of, "?state=done") == ["over"]
    assert len(titles(browser_of, "?state=all")) == 4


def test_the_list_is_narrowed_by_person_team_day_customer_and_words(client: Client) -> None:
    CompanyFactory()
    team = Team.objects.create(name="North")
    worker = user_with("customers.view_task", "customers.view_customer", team=team)
    client.force_login(worker)
    today = timezone.localdate()
    customer = CustomerFactory()
    TaskFactory(title="mine late", owner=worker, due_on=today - dt.timedelta(days=1), customer=customer)
    TaskFactory(title="team's", owner=UserFactory(team=team), due_on=today)
    TaskFactory(title="other's", owner=UserFactory(), due_on=today + dt.timedelta(days=30))
    assert titles(client) == ["mine late", "team's", "other's"]
    assert titles(client, "?whose=mine") == ["mine late"]
    assert titles(client, "?whose=team") == ["mine late", "team's"]
    assert titles(client, "?due=overdue") == ["mine late"]
    assert titles(client, "?due=week") == ["mine late", "team's"]
    assert titles(client, f"?customer={customer.pk}") == ["mine late"]
    assert titles(client, "?q=OTHER") == ["other's"]


def test_a_task_about_somebody_elses_customer_is_neither_listed_nor_opened_nor_changed(browser_of: Client) -> None:
    hidden = TaskFactory(customer__owner=UserFactory())
    assert titles(browser_of) == []
    for address in ("", "edit/"):
        assert browser_of.get(f"/tasks/{hidden.pk}/{address}").status_code == 404
    assert browser_of.post(f"/tasks/{hidden.pk}/complete/").status_code == 404
    assert b"Task" not in browser_of.get("/tasks/?format=csv").getvalue().split(b"\n", 1)[1]


def test_the_list_takes_no_more_queries_for_more_tasks(browser_of: Client, worker: User) -> None:
    TaskFactory(owner=worker)
    with CaptureQueriesContext(
        connection,
    ) as few:
        browser_of.get("/tasks/")
    TaskFactory.create_batch(20, owner=worker)
    with CaptureQueriesContext(connection) as many:
        browser_of.get("/tasks/")
    assert 3 < len(many) <= len(few) <= 12


# --- Reminders --------------------------------------------------------------------------------------------------------


def test_a_reminder_speaks_the_companys_language(settings: Settings) -> None:
    task = TaskFactory(title="Rappeler", customer=None, due_on=DAY(2026, 7, 1))
    settings.LANGUAGE_CODE = "fr"
    subject, text = reminder_text(task)
    assert (subject, text.splitlines()[1]) == ("Rappel\N{NO-BREAK SPACE}: Rappeler", "Échéance le 1er juil. 2026")


def test_a_reminder_speaks_the_language_that_its_reader_chose(settings: Settings) -> None:
    settings.LANGUAGE_CODE = "en"
    task = TaskFactory(title="Rappeler", customer=None, owner__language="fr")
    assert reminder_text(task)[0] == "Rappel\N{NO-BREAK SPACE}: Rappeler"


def test_a_due_reminder_is_sent_once() -> None:
    task = TaskFactory(title="Call\r\nBcc: all@example.com", remind_at=NOON)
    assert send_due_reminders(at=NOON) == 1
    assert send_due_reminders(at=NOON + dt.timedelta(minutes=3)) == 0
    assert [message.to for message in mail.outbox] == [[task.owner.email]]
    assert "\n" not in mail.outbox[0].subject
    assert str(task.customer) in mail.outbox[0].body


@pytest.mark.parametrize(
    "fields",
    [
        {"remind_at": NOON + dt.timedelta(minutes=1)},
        {"remind_at": None},
        {"remind_at": NOON, "done_at": NOON},
        {"remind_at": NOON, "reminded_at": NOON},
        {"remind_at": NOON, "owner__is_active": False},
    ],
)
def test_nobody_is_reminded_too_early_or_for_nothing(fields: dict[str, Any]) -> None:
    TaskFactory(**fields)
    assert send_due_reminders(at=NOON) == 0
    assert mail.outbox == []


def test_a_reminder_leads_to_the_task_and_the_customer_s_file(settings: Any) -> None:
    settings.PUBLIC_URL = "https://crm.example.org"
    task = TaskFactory()
    _subject, text = reminder_text(task)
    assert f"https://crm.example.org/tasks/{task.pk}/\n" in text
    assert f"https://crm.example.org/customers/{task.customer_id}/\n" in text
    task.customer = None
    assert "/customers/" not in reminder_text(task)[1]
    settings.PUBLIC_URL = ""
    assert "://" not in reminder_text(task)[1]


def test_a_reminder_that_the_mail_server_refused_is_sent_the_next_time(settings: Any) -> None:
    TaskFactory(remind_at=NOON)
    working = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_PORT = 1  # nobody listens there
    assert send_due_reminders(at=NOON) == 0
    settings.EMAIL_BACKEND = working
    assert send_due_reminders(at=NOON) == 1


# --- Calendar ---------------------------------------------------------------------------------------------------------


def feed_of(owner: User) -> str:
    return reverse("task-feed", args=[token_of(CalendarFeed.objects.get(owner=owner))])


def test_the_calendar_holds_ones_own_open_tasks(client: Client, worker: User) -> None:
    today = timezone.localdate()
    TaskFactory(owner=worker, title="Visit; bring, samples", due_on=today, customer__given_name="Élise", note="Secret")
    TaskFactory(owner=worker, title="Call", due_on=today, due_time=dt.time(9, 30), customer=None)
    TaskFactory(owner=worker, title="Over", due_on=today, done_at=NOON)
    TaskFactory(title="Another's", due_on=today)
    renew_calendar(owner=worker)
    response = client.get(feed_of(worker))
    events = {str(event["summary"]): event for event in Calendar.from_ical(response.content).walk("VEVENT")}
    visit = next(name for name in events if name.startswith("Visit; bring, samples · Élise"))
    assert set(events) == {visit, "Call"}
    assert events[visit].decoded("dtstart") == today
    assert timezone.localtime(events["Call"].decoded("dtstart")).time() == dt.time(9, 30)
    assert b"Secret" not in response.content
    assert response.headers["Cache-Control"].startswith("private")


def test_only_a_renewed_calendar_speaks_of_an_address_before(browser_of: Client, worker: User) -> None:
    told = [browser_of.post("/tasks/calendar/", follow=True).content.decode() for _ in range(2)]
    assert ["The old one shows nothing any more." in page for page in told] == [False, True]


def test_a_renewed_calendar_ends_the_address_before(browser_of: Client, worker: User, client: Client) -> None:
    renew_calendar(owner=worker)
    old = feed_of(worker)
    assert client.get(old).status_code == 200
    browser_of.post("/tasks/calendar/")
    assert client.get(old).status_code == 404
    assert feed_of(worker) in browser_of.get("/tasks/calendar/").content.decode()


def test_a_guessed_altered_or_unsigned_address_shows_nothing(client: Client, worker: User) -> None:
    feed = renew_calendar(owner=worker)
    token = token_of(feed)
    for wrong in (feed.nonce, "x", f"{token}x", f"{feed.nonce}.{token.partition('.')[2][::-1]}"):
        assert client.get(reverse("task-feed", args=[wrong])).status_code == 404


def test_somebody_who_left_has_no_calendar(client: Client, worker: User) -> None:
    renew_calendar(owner=worker)
    User.objects.filter(pk=worker.pk).update(is_active=False)
    assert client.get(feed_of(worker)).status_code == 404
