"""The costing workshop: versions are copied, changed and published, and never change afterwards."""

from decimal import Decimal
from typing import Any

import pytest
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from crm_site.lib.jobs.models import Job
from profitability.actions import publish_costing
from profitability.costing_actions import copy_costing
from profitability.models import Activity, ActivityShare, Costing, CostPool, CostPoolAmount
from profitability.permissions import SEE_VALUE
from profitability.tests.published import publish
from profitability.tests.shop import JUNE, MAY
from profitability.tests.workshop import VIEW, a_draft, client_with, manager

pytestmark = pytest.mark.django_db


@pytest.fixture
def editor() -> Client:
    return manager()


@pytest.fixture
def draft() -> Costing:
    return a_draft()


def address(name: str, row: object) -> str:
    return reverse(name, args=[row.pk])  # type: ignore[attr-defined]


def text_of(client: Client, url: str) -> str:
    return client.get(url).content.decode()


def published(draft: Costing) -> Costing:
    publish_costing(costing=draft, at=timezone.now())
    return draft


# --- A published version stays --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda costing: Costing.objects.filter(pk=costing.pk).update(name="Other"),
        lambda costing: Costing.objects.filter(pk=costing.pk).update(published_at=None),
        lambda costing: Costing.objects.filter(pk=costing.pk)._raw_delete("default"),
        lambda costing: costing.pools.update(practical_capacity_minutes=1),
        lambda costing: CostPoolAmount.objects.filter(pool__costing=costing).update(amount=1),
        lambda costing: CostPoolAmount.objects.filter(pool__costing=costing).delete(),
        lambda costing: CostPoolAmount.objects.create(pool=costing.pools.first(), month="2027-01-01", amount=1),
        lambda costing: costing.activities.update(position=9),
        lambda costing: costing.activities.create(name="New", driver="orders"),
        lambda costing: ActivityShare.objects.filter(activity__costing=costing).update(percent=1),
        lambda costing: CostPool.objects.create(costing=costing, name="New"),
        lambda costing: CostPool.objects.filter(name="Spare").update(costing=costing),
    ],
)
def test_the_database_refuses_every_change_of_a_published_costing(draft: Costing, change: object) -> None:
    published(draft)
    Costing.objects.create(name="Another").pools.create(name="Spare")
    with pytest.raises(IntegrityError, match="published costing cannot be"), transaction.atomic():
        change(draft)  # type: ignore[operator]


@pytest.mark.parametrize("part", ["costing", "costpool", "activity", "costpoolamount", "activityshare"])
def test_the_database_refuses_to_empty_tables_of_a_published_costing(draft: Costing, part: str) -> None:
    def empty() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL compagnon.emptying = 'off'")
            cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
            cursor.execute(f"TRUNCATE profitability_{part} CASCADE")

    published(draft)
    with pytest.raises(IntegrityError, match="published costing cannot be"):
        empty()
    assert Costing.objects.filter(pk=draft.pk, pools__amounts__isnull=False, activities__shares__isnull=False).exists()


def test_tables_of_drafts_may_be_emptied(draft: Costing) -> None:
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL compagnon.emptying = 'off'")
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("TRUNCATE profitability_activity CASCADE")
    assert not draft.activities.exists()


def test_which_published_version_is_in_force_may_change(draft: Costing) -> None:
    later = copy_costing(costing=published(draft), name="Later")
    published(later)
    assert Costing.objects.current() == later
    published(draft)
    assert Costing.objects.current() == draft


def test_a_copy_holds_everything_and_can_be_changed(draft: Costing) -> None:
    copy = copy_costing(costing=published(draft), name="Next")
    assert (copy.copied_from, copy.is_draft, copy.is_current) == (draft, True, False)
    for one, other in zip(draft.pools.all(), copy.pools.all(), strict=True):
        assert one.pk != other.pk
        assert (one.name, one.practical_capacity_minutes) == (other.name, other.practical_capacity_minutes)
        assert list(one.amounts.values_list("month", "amount")) == list(other.amounts.values_list("month", "amount"))
    packing, answering = copy.activities.all()
    assert packing.shares.get().pool == copy.pools.get(name="Warehouse")
    assert (answering.resource, answering.equation) == (
        copy.pools.get(name="Desk"),
        "2 * contacts_phone + minutes_phone",
    )
    copy.pools.update(company_level=True)


@pytest.mark.parametrize("name", ["costing-edit", "costing-delete", "costing-amounts", "costing-amounts-import"])
def test_editing_pages_of_a_published_version_lead_back_to_it(editor: Client, draft: Costing, name: str) -> None:
    published(draft)
    answer = editor.post(address(name, draft), {"name": "Other"}, follow=True)
    assert answer.redirect_chain == [(address("costing-version", draft), 302)]
    assert "no longer changes" in answer.content.decode()
    draft.refresh_from_db()
    assert draft.name == "Costs of 2026"


# --- Versions on screen -----------------------------------------------------------------------------------------------


def test_a_new_draft_is_a_copy_under_the_next_number(editor: Client, draft: Costing) -> None:
    published(draft)
    for expected in ("Costs of 2026 (2)", "Costs of 2026 (3)"):
        editor.post(reverse("costing-new"), {"from": Costing.objects.first().pk})
        assert Costing.objects.first().name == expected


def test_two_drafts_of_one_version_are_told_apart_by_their_names(editor: Client, draft: Costing) -> None:
    published(draft)
    for _once in range(2):
        editor.post(reverse("costing-new"), {"from": draft.pk})
    assert {one.name for one in Costing.objects.all()} == {draft.name, f"{draft.name} (2)", f"{draft.name} (3)"}


def test_without_any_costing_an_empty_draft_begins(editor: Client) -> None:
    answer = editor.post(reverse("costing-new"), follow=True)
    assert "There is no cost pool yet." in answer.content.decode()
    assert Costing.objects.get().is_draft


def test_the_list_says_which_version_is_in_force(editor: Client, draft: Costing) -> None:
    published(draft)
    copy_costing(costing=draft, name="Next")
    rows = editor.get(reverse("costing-versions")).context["table"].rows
    assert [[cell.text for cell in row.cells[:3]] for row in rows] == [
        ["Next", "Draft", "May 2026 – Jun 2026"],
        ["Costs of 2026", "In force", "May 2026 – Jun 2026"],
    ]


def test_publishing_puts_a_draft_in_force_and_begins_a_recompute(editor: Client, draft: Costing) -> None:
    answer = editor.post(address("costing-publish", draft), {"recompute": "1"})
    assert answer.status_code == 302
    draft.refresh_from_db()
    assert draft.is_current
    assert Job.objects.filter(kind="recompute").count() == 1


def test_publishing_without_a_recompute_begins_none(editor: Client, draft: Costing) -> None:
    editor.post(address("costing-publish", draft))
    assert not Job.objects.exists()
    page = editor.get(reverse("costing")).content.decode()
    assert "The figures were not computed with this version yet." in page
    assert "Recompute now" in page


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda draft: draft.pools.create(name="Rent"), "No activity takes a part of “Rent”"),
        (lambda draft: draft.activities.create(name="Idle", driver="orders"), "It takes no share of any cost pool."),
        (lambda draft: draft.activities.filter(name="Packing").update(driver="moons"), "No records yield its driver"),
        (lambda draft: draft.activities.filter(name="Answering").update(equation="8 * calls"), "At character 5"),
        (lambda draft: draft.pools.filter(name="Desk").update(practical_capacity_minutes=None), "has no practical"),
        (lambda draft: draft.pools.first().shares.create(activity=draft.activities.first(), percent=100), ""),
    ],
)
def test_a_draft_that_cannot_be_computed_is_not_published(
    editor: Client, draft: Costing, spoil: object, said: str
) -> None:
    spoil(draft)  # type: ignore[operator]
    answer = editor.post(address("costing-publish", draft))
    draft.refresh_from_db()
    assert (answer.status_code, draft.is_draft) == ((422, True) if said else (302, False))
    assert said in answer.content.decode()


def test_a_draft_is_given_up_with_everything_in_it(editor: Client, draft: Costing) -> None:
    editor.post(address("costing-delete", draft))
    assert not Costing.objects.exists()
    assert not CostPoolAmount.objects.exists()


def test_two_versions_are_compared_by_name(editor: Client, draft: Costing) -> None:
    copy = copy_costing(costing=published(draft), name="Next")
    copy.activities.filter(name="Answering").update(equation="3 * contacts_phone")
    CostPoolAmount.objects.filter(pool__costing=copy, pool__name="Desk", month=JUNE).update(amount=33)
    copy.pools.create(name="Rent", company_level=True)
    page = editor.get(reverse("costing-compare"), {"before": draft.pk, "after": copy.pk})
    assert [[cell.text for cell in row.cells] for row in page.context["pools"].rows] == [
        ["Desk", "€60.00", "€63.00", "Changed"],
        ["Warehouse", "€22.00", "€22.00", "Same"],
        ["Rent", "—", "€0.00", "Added"],
    ]
    assert [row.cells[-1].text for row in page.context["activities"].rows] == ["Same", "Changed"]
    assert "shown once both were used by a recompute" in page.content.decode()


def test_versions_that_differ_in_single_months_or_assumptions_alone_are_not_called_the_same(
    editor: Client, draft: Costing
) -> None:
    """What June had more, May has less; and an estimate and the assumed cost of goods changed."""
    copy = copy_costing(costing=published(draft), name="Next")
    amounts = CostPoolAmount.objects.filter(pool__costing=copy, pool__name="Warehouse")
    amounts.filter(month=MAY).update(amount=10)
    amounts.filter(month=JUNE).update(amount=12)
    copy.activities.filter(name="Answering").update(estimated_percent=20)
    Costing.objects.filter(pk=copy.pk).update(default_cost_ratio="0.6")
    page = editor.get(reverse("costing-compare"), {"before": draft.pk, "after": copy.pk})
    _desk, warehouse = page.context["pools"].rows
    assert [cell.text for cell in warehouse.cells] == ["Warehouse", "€22.00", "€22.00", "Changed"]
    assert warehouse.cells[-1].note == "May 2026, Jun 2026"
    assert [row.cells[-1].text for row in page.context["activities"].rows] == ["Same", "Changed"]
    assert "0.0% of their price before, 60.0% after" in page.content.decode()


def test_two_versions_are_needed_to_compare_any(editor: Client, draft: Costing) -> None:
    address = reverse("costing-compare")
    assert "There are not two versions to compare yet" in text_of(editor, address)
    assert "Compare two versions" not in text_of(editor, reverse("costing-versions"))
    copy = copy_costing(costing=published(draft), name="Next")
    page = editor.get(address)
    assert (page.context["before"], page.context["after"]) == (draft, copy)
    assert "Compare two versions" in text_of(editor, reverse("costing-versions"))


def test_a_version_is_not_compared_with_itself(editor: Client, draft: Costing) -> None:
    copy_costing(costing=draft, name="Next")
    page = editor.get(reverse("costing-compare"), {"before": draft.pk, "after": draft.pk})
    assert page.context["found"] is None
    assert "This is the same version twice." in page.content.decode()


# --- Cost pools and activities ----------------------------------------------------------------------------------------


def test_a_cost_pool_is_added_and_its_name_is_the_only_one(editor: Client, draft: Costing) -> None:
    url = address("costing-pool-new", draft)
    assert editor.post(url, {"name": "Rent", "company_level": "on"}).status_code == 302
    assert draft.pools.get(name="Rent").company_level
    answer = editor.post(url, {"name": "Rent"})
    assert answer.status_code == 422
    assert "already has a cost pool of this name" in answer.content.decode()


def test_a_cost_pool_whose_minutes_are_used_is_kept(editor: Client, draft: Costing) -> None:
    desk, warehouse = draft.pools.all()
    answer = editor.post(address("costing-pool-delete", desk), follow=True)
    assert "Activities still use the minutes" in answer.content.decode()
    editor.post(address("costing-pool-delete", warehouse))
    assert [pool.name for pool in draft.pools.all()] == ["Desk"]


def hidden(answer: Any) -> dict[str, str]:
    """What a form carries along of the state in which it was opened."""
    form = answer.context["form"]
    return {name: str(form[name].field.prepare_value(form[name].value())) for name in ("seen", "stood")}


def traditional(draft: Costing, **changes: str) -> dict[str, str]:
    shares = {f"share_{pool.pk}": "" for pool in draft.pools.all()}
    return {"name": "Work", "method": "traditional", "driver": "orders", **shares, **changes}


def test_a_traditional_activity_takes_shares_that_the_others_leave(editor: Client, draft: Costing) -> None:
    warehouse = draft.pools.get(name="Warehouse")
    url, share = address("costing-activity-new", draft), f"share_{warehouse.pk}"
    answer = editor.post(url, traditional(draft, **{share: "41"}))
    assert "The other activities leave 40 % of this cost pool." in answer.content.decode()
    assert editor.post(url, traditional(draft, **{share: "40", "equation": "8 * ordrs"})).status_code == 302
    work = draft.activities.get(name="Work")
    assert (work.position, work.equation, work.shares.get().percent) == (3, "", Decimal(40))


def test_an_activity_without_a_share_is_refused(editor: Client, draft: Costing) -> None:
    answer = editor.post(address("costing-activity-new", draft), traditional(draft))
    assert "Say which share of which cost pool" in answer.content.decode()


def test_a_time_equation_is_checked_on_saving(editor: Client, draft: Costing) -> None:
    desk = draft.pools.get(name="Desk")
    timed = {"name": "Chats", "method": "time_driven", "resource": desk.pk, "equation": "5 * contcts_chat"}
    url = address("costing-activity-new", draft)
    answer = editor.post(url, timed)
    assert answer.status_code == 422
    assert "Did you mean “contacts_chat”?" in answer.content.decode()
    assert editor.post(url, timed | {"equation": "5 * contacts_chat"}).status_code == 302
    chats = draft.activities.get(name="Chats")
    assert (chats.method, chats.driver, chats.equation) == (Activity.Method.TIME_DRIVEN, "", "5 * contacts_chat")


def test_changing_the_method_lets_the_shares_go(editor: Client, draft: Costing) -> None:
    packing, desk = draft.activities.get(name="Packing"), draft.pools.get(name="Desk")
    url = address("costing-activity", packing)
    opened = hidden(editor.get(url))
    changed = {"name": "Packing", "method": "time_driven", "resource": desk.pk, "equation": "3 * orders", **opened}
    assert editor.post(url, changed | traditional(draft) | changed).status_code == 302
    packing.refresh_from_db()
    assert (packing.method, packing.driver, packing.shares.count()) == ("time_driven", "", 0)


def test_what_somebody_else_changed_meanwhile_is_told_and_kept(editor: Client, draft: Costing) -> None:
    desk = draft.pools.get(name="Desk")
    url = address("costing-pool", desk)
    mine = {"name": "Desk", "practical_capacity_minutes": "75"} | hidden(editor.get(url))
    CostPool.objects.filter(pk=desk.pk).update(practical_capacity_minutes=90, company_level=True)
    answer = editor.post(url, mine)
    assert answer.status_code == 422
    assert "Somebody else has changed this since you opened the form" in answer.content.decode()
    assert "what stands here is yours" in answer.content.decode()
    desk.refresh_from_db()
    assert desk.practical_capacity_minutes == 90
    form = answer.context["form"]
    assert form["company_level"].value(), "What was left alone is brought up to date."
    assert editor.post(url, mine | {"company_level": "on"} | hidden(answer)).status_code == 302
    desk.refresh_from_db()
    assert (desk.practical_capacity_minutes, desk.company_level) == (75, True)


def test_shares_that_somebody_else_changed_meanwhile_are_told_too(editor: Client, draft: Costing) -> None:
    packing, warehouse = draft.activities.get(name="Packing"), draft.pools.get(name="Warehouse")
    url = address("costing-activity", packing)
    mine = traditional(draft, **{f"share_{warehouse.pk}": "65", "name": "Packing"}) | hidden(editor.get(url))
    packing.shares.update(percent=70)
    answer = editor.post(url, mine)
    assert "It now says: 70" in answer.content.decode()
    assert packing.shares.get().percent == 70
    assert editor.post(url, mine | hidden(answer)).status_code == 302
    assert packing.shares.get().percent == 65


# --- Who may, and how many queries ------------------------------------------------------------------------------------


def test_readers_see_versions_but_no_way_to_change_them(draft: Costing) -> None:
    reader = client_with(SEE_VALUE, VIEW)
    page = text_of(reader, address("costing-version", draft))
    assert "Packing" in page
    assert reverse("costing-publish", args=[draft.pk]) not in page
    for name in ("costing-edit", "costing-publish", "costing-amounts", "costing-pool-new"):
        assert reader.get(address(name, draft)).status_code == 403


def test_publishing_tells_of_months_with_orders_that_lack_an_amount(editor: Client, draft: Costing) -> None:
    publish(30, 20)
    gap = "1 month with orders has no amount for: Warehouse."
    assert gap not in text_of(editor, address("costing-publish", draft))
    CostPoolAmount.objects.filter(pool__name="Warehouse", month=JUNE).delete()
    assert gap in text_of(editor, address("costing-publish", draft))


@pytest.mark.parametrize("name", ["costing-version", "costing-publish", "costing-amounts", "costing-versions"])
def test_the_number_of_queries_does_not_grow_with_the_costing(editor: Client, draft: Costing, name: str) -> None:
    url = reverse(name) if name == "costing-versions" else address(name, draft)

    def queries() -> int:
        editor.get(url)
        with CaptureQueriesContext(connection) as captured:
            assert editor.get(url).status_code == 200
        return len(captured)

    few = queries()
    for number in range(5):
        pool = draft.pools.create(name=f"Pool {number}")
        pool.amounts.create(month=MAY, amount=1)
        activity = draft.activities.create(name=f"Activity {number}", driver="orders", position=9)
        activity.shares.create(pool=pool, percent=50)
        copy_costing(costing=draft, name=f"Copy {number}")
    assert queries() == few
