"""Changing many customers at once: whom, what, refusals, and taking it back."""

import csv
import datetime as dt
import io
from typing import Any

import pytest
from django.test import Client

from crm_site.lib.accounts.models import Team, User
from crm_site.lib.jobs.actions import run_job
from crm_site.lib.jobs.models import Job
from customers import bulk
from customers.models import Customer, Tag, Task
from customers.tests.conftest import READING
from customers.tests.factories import CustomerFactory, UserFactory, user_with

URL = "/customers/bulk/"
MAY = (*READING, "customers.change_many_customers", "customers.change_customer", "customers.add_task")


@pytest.fixture
def manager(reader: User) -> User:
    return user_with(*MAY, username="manager")


@pytest.fixture
def desk(client: Client, manager: User) -> Client:
    """The browser of somebody who may change many customers."""
    client.force_login(manager)
    return client


def picked(
    desk: Client, action: str, *, scope: str = "all", rows: list[Customer] | None = None, query: str = ""
) -> Any:
    """The answer to what the bar below the list sends."""
    listed = desk.get(f"/customers/?{query}")
    keys = [row.key for row in listed.context["table"].rows]
    data = {"list": listed.context["selection"], "page": " ".join(keys), "scope": scope, "action": action}
    return desk.post(URL, data | {"row": [row.pk for row in rows or []]})


def done(desk: Client, asked: Any, **answers: Any) -> Any:
    """The answer once the form that was asked is sent."""
    return desk.post(URL, asked.context["form"].initial | answers)


def job_of(response: Any) -> Job:
    assert response.status_code == 302, response.content.decode()
    return Job.objects.get(pk=response["Location"].rstrip("/").rpartition("/")[2])


def owners() -> list[int | None]:
    return list(Customer.objects.order_by("pk").values_list("owner_id", flat=True))


def test_ticked_customers_get_an_owner_and_a_team(desk: Client) -> None:
    first, second, third = CustomerFactory.create_batch(3)
    owner, team = UserFactory(), Team.objects.create(name="North")
    job = job_of(done(desk, picked(desk, "assign", scope="rows", rows=[first, third]), owner=owner.pk, team=team.pk))
    assert owners() == [owner.pk, second.owner_id, owner.pk]
    assert Customer.objects.filter(team=team).count() == 2
    assert (job.state, job.result["selected"], job.result["changed"]) == (Job.State.DONE, 2, 2)


def test_all_on_the_page_are_those_that_it_shows(desk: Client) -> None:
    CustomerFactory.create_batch(26)
    asked = picked(desk, "tag", scope="page")
    assert "25 customers are selected." in asked.context["form_intro"]


def test_all_that_match_are_tagged_on_every_page_and_nobody_else(desk: Client) -> None:
    CustomerFactory.create_batch(30, kind="company")
    CustomerFactory(kind="person")
    tag = Tag.objects.create(name="Fair")
    Customer.objects.filter(kind="company").first().tags.add(tag)
    job = job_of(done(desk, picked(desk, "tag", query="kind=company"), tag="fair"))
    assert (job.result["selected"], job.result["changed"]) == (30, 29)
    assert set(tag.customers.values_list("kind", flat=True)) == {"company"}
    assert Tag.objects.count() == 1


def test_each_owner_gets_a_task_and_the_asker_those_of_nobody(desk: Client, manager: User) -> None:
    owner = UserFactory()
    owned, left = CustomerFactory(owner=owner), CustomerFactory(owner=UserFactory(is_active=False))
    answers = {"title": "Call", "due_on": "2026-06-01", "priority": 3, "note": ""}
    job = job_of(done(desk, picked(desk, "task"), **answers))
    assert set(Task.objects.values_list("customer", "owner")) == {(owned.pk, owner.pk), (left.pk, manager.pk)}
    assert set(Task.objects.values_list("title", "due_on", "priority")) == {("Call", dt.date(2026, 6, 1), 3)}
    assert job.result["changed"] == 2


def test_tasks_planned_twice_make_no_doubles_while_the_first_ones_are_open(desk: Client) -> None:
    CustomerFactory.create_batch(3)
    answers = {"title": "Call", "due_on": "2026-06-01", "priority": 3, "note": ""}
    first = job_of(done(desk, picked(desk, "task"), **answers))
    Task.objects.filter(pk=Task.objects.order_by("pk")[0].pk).update(done_at=first.finished_at)
    again = job_of(done(desk, picked(desk, "task"), **answers))
    assert (again.result["selected"], again.result["changed"]) == (3, 1)
    assert Task.objects.filter(done_at=None).count() == 3
    page = desk.get(f"{URL}{again.pk}/")
    assert [(fact.label, fact.value) for fact in page.context["facts"]] == [
        ("Selected", "3"),
        ("Tasks planned", "1"),
        ("Had this task already", "2"),
    ]


def test_whoever_plans_tasks_is_told_beforehand_which_come_to_themselves(desk: Client) -> None:
    CustomerFactory(owner=UserFactory())
    CustomerFactory.create_batch(2, owner=None)
    assert "2 of them have no owner: those tasks come to you." in picked(desk, "task").context["form_intro"]


def test_undo_takes_back_tasks_but_those_that_are_done_or_were_changed(desk: Client) -> None:
    CustomerFactory.create_batch(3)
    answers = {"title": "Call", "due_on": "2026-06-01", "priority": 3, "note": ""}
    job = job_of(done(desk, picked(desk, "task"), **answers))
    finished, changed, _left = Task.objects.order_by("pk")
    Task.objects.filter(pk=finished.pk).update(done_at=job.finished_at)
    Task.objects.filter(pk=changed.pk).update(title="Call again")
    desk.post(f"{URL}{job.pk}/undo/")
    job.refresh_from_db()
    assert set(Task.objects.all()) == {finished, changed}
    assert job.result["undone"] == 1


def test_selected_customers_become_a_file_with_the_columns_of_the_list(desk: Client) -> None:
    first, second, _third = (CustomerFactory(name=name, given_name="", country="Chad") for name in ("B", "A", "C"))
    response = picked(desk, "csv", scope="rows", rows=[first, second], query="col=country")
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    assert list(csv.reader(io.StringIO(text, newline=""))) == [["Name", "Country"], ["A", "Chad"], ["B", "Chad"]]


def test_an_answer_is_refused_when_the_list_has_changed_meanwhile(desk: Client) -> None:
    CustomerFactory(kind="company")
    asked = picked(desk, "assign", query="kind=company")
    CustomerFactory(kind="company")
    before = owners()
    response = done(desk, asked, owner=UserFactory().pk)
    assert response.status_code == 422
    assert "changed from 1 to 2 since" in response.content.decode()
    assert owners() == before


@pytest.mark.parametrize("action", ["assign", "tag", "task"])
def test_a_form_without_an_answer_changes_nothing(desk: Client, action: str) -> None:
    CustomerFactory()
    assert done(desk, picked(desk, action)).status_code == 422
    assert not Job.objects.exists()


@pytest.mark.parametrize(
    "changes", [{"list": "forged"}, {"scope": "rows"}, {"scope": "page", "page": "1 x"}, {"action": "delete"}]
)
def test_what_cannot_be_understood_leads_back_to_the_list(desk: Client, changes: dict[str, str]) -> None:
    CustomerFactory()
    listed = desk.get("/customers/").context["selection"]
    response = desk.post(URL, {"list": listed, "scope": "all", "action": "tag"} | changes)
    assert (response.status_code, response["Location"]) == (302, "/customers/")


def test_whoever_ticked_nobody_comes_back_to_the_same_list(desk: Client) -> None:
    CustomerFactory(kind="company")
    response = picked(desk, "tag", scope="rows", query="kind=company")
    assert response["Location"] == "/customers/?kind=company"


def test_a_selection_is_of_no_use_to_somebody_else(desk: Client) -> None:
    CustomerFactory()
    asked = picked(desk, "assign")
    desk.force_login(user_with(*MAY))
    assert done(desk, asked, owner=UserFactory().pk)["Location"] == "/customers/"
    assert not Job.objects.exists()


def test_customers_whom_one_may_not_see_are_left_alone(client: Client, reader: User) -> None:
    client.force_login(user_with(*(set(MAY) - {"customers.see_all_customers"})))
    free, foreign = CustomerFactory(owner=None, team=None), CustomerFactory(owner=UserFactory())
    asked = picked(client, "tag", scope="rows", rows=[free, foreign])
    assert "1 customer is selected." in asked.context["form_intro"]
    job_of(done(client, asked, tag="Seen"))
    assert list(Tag.objects.get().customers.all()) == [free]


def test_whoever_may_not_change_many_has_neither_boxes_nor_bar(visitor: Client) -> None:
    CustomerFactory()
    page = visitor.get("/customers/")
    assert 'name="row"' not in page.content.decode()
    assert page.context["selection"] == ""
    assert visitor.post(URL).status_code == 403


@pytest.mark.parametrize(
    ("action", "permission"),
    [
        ("assign", "customers.change_customer"),
        ("task", "customers.add_task"),
        ("csv", "customers.export_customer"),
    ],
)
def test_each_change_needs_its_own_permission_besides(
    client: Client, reader: User, action: str, permission: str
) -> None:
    CustomerFactory()
    client.force_login(user_with(*(set(MAY) - {permission})))
    assert picked(client, action).status_code == 403


# --- In the background ------------------------------------------------------------------------------------------------


@pytest.fixture
def many(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two customers are many, and a chunk holds one."""
    monkeypatch.setattr(bulk, "AT_ONCE", 1)
    monkeypatch.setattr(bulk, "CHUNK", 1)


def test_many_customers_are_changed_by_a_job(desk: Client, many: None) -> None:
    CustomerFactory.create_batch(3)
    owner = UserFactory()
    job = job_of(done(desk, picked(desk, "assign"), owner=owner.pk))
    assert (job.state, set(owners()) & {owner.pk}) == (Job.State.QUEUED, set())
    assert desk.get(f"{URL}{job.pk}/").status_code == 200
    job = run_job(job.pk)
    assert (job.state, job.result["changed"], job.progress_done) == (Job.State.DONE, 3, 3)
    assert set(owners()) == {owner.pk}
    assert "Undo" in desk.get(f"{URL}{job.pk}/").content.decode()


def test_a_job_changes_nothing_when_the_list_has_changed_since_it_was_asked_for(desk: Client, many: None) -> None:
    CustomerFactory.create_batch(2)
    job = job_of(done(desk, picked(desk, "tag"), tag="Fair"))
    CustomerFactory()
    job = run_job(job.pk)
    assert job.state == Job.State.FAILED
    assert "changed from 2 to 3 since" in job.problem
    assert not Customer.tags.through.objects.exists()


def test_a_job_changes_nothing_for_somebody_who_lost_the_permission(desk: Client, manager: User, many: None) -> None:
    CustomerFactory.create_batch(2)
    job = job_of(done(desk, picked(desk, "tag"), tag="Fair"))
    manager.user_permissions.clear()
    assert run_job(job.pk).state == Job.State.FAILED
    assert not Customer.tags.through.objects.exists()


# --- Taking back ------------------------------------------------------------------------------------------------------


def test_undo_gives_back_each_owner_but_to_whom_was_changed_since(
    desk: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bulk, "CHUNK", 1)
    old, new, later = UserFactory.create_batch(3)
    for owner in (old, None, old):
        CustomerFactory(owner=owner)
    job = job_of(done(desk, picked(desk, "assign"), owner=new.pk))
    last = Customer.objects.order_by("pk").last()
    Customer.objects.filter(pk=last.pk).update(owner=later)
    desk.post(f"{URL}{job.pk}/undo/")
    assert owners() == [old.pk, None, later.pk]
    job.refresh_from_db()
    assert job.result == {"selected": 3, "changed": 3, "undone": 2}


def test_undo_leaves_customers_whose_former_owner_is_gone(desk: Client) -> None:
    old, new = UserFactory.create_batch(2)
    CustomerFactory(owner=old)
    job = job_of(done(desk, picked(desk, "assign"), owner=new.pk))
    old.delete()
    desk.post(f"{URL}{job.pk}/undo/")
    assert owners() == [new.pk]


def test_undo_takes_a_tag_only_from_those_who_got_it(desk: Client) -> None:
    tagged, _untagged = CustomerFactory.create_batch(2)
    tagged.tags.add(Tag.objects.create(name="Fair"))
    job = job_of(done(desk, picked(desk, "tag"), tag="Fair"))
    desk.post(f"{URL}{job.pk}/undo/")
    assert list(Tag.objects.get().customers.all()) == [tagged]


def test_a_change_is_undone_once(desk: Client) -> None:
    customer = CustomerFactory()
    job = job_of(done(desk, picked(desk, "tag"), tag="Fair"))
    desk.post(f"{URL}{job.pk}/undo/")
    customer.tags.add(Tag.objects.get())
    response = desk.post(f"{URL}{job.pk}/undo/", follow=True)
    assert "can no longer be undone" in response.content.decode()
    assert customer.tags.count() == 1


def test_more_than_can_be_kept_cannot_be_undone(desk: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "MOST_UNDONE", 1)
    CustomerFactory.create_batch(2)
    asked = picked(desk, "tag")
    assert "cannot be undone" in asked.context["form_intro"]
    job = job_of(done(desk, asked, tag="Fair"))
    assert job.result == {"selected": 2, "changed": 2}
    assert "Undo" not in desk.get(f"{URL}{job.pk}/").content.decode()
