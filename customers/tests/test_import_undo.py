"""Taking an import back: everything is as before, but for what somebody has changed or used since."""

from pathlib import Path

import pytest

from customers.import_actions import import_people, request_undo
from customers.importing.outcome import left_behind
from customers.importing.subjects import Wish
from customers.importing.undoing import take_back
from customers.models import ContactMoment, Customer, Import, ImportChange
from customers.tests.factories import (
    CompanyFactory,
    ContactMomentFactory,
    CustomerFactory,
    DuplicatePairFactory,
    OrderFactory,
    TouchpointFactory,
    UserFactory,
)
from customers.tests.test_import_customers import Write, write

pytestmark = pytest.mark.django_db
__all__ = ["write"]


def imported(path: Path, kind: str = Import.Kind.CUSTOMERS, **wishes: str) -> Import:
    CompanyFactory()
    report = import_people(path=path, wish=Wish(kind, **wishes))
    assert not report.rejected
    return Import.objects.get(pk=report.import_id)


def undone(source: Import) -> int:
    return take_back(import_id=source.pk, watch=lambda: None)


def state() -> list[dict[str, object]]:
    return list(Customer.objects.order_by("id").values())


def test_new_customers_go_and_changed_ones_are_put_back(write: Write) -> None:
    owner = UserFactory(username="claire")
    CustomerFactory(reference="K1", name="Aubert", city="Lyon", custom={"size": "2"}, acquisition_cost="3.50")
    before = state()
    path = write(
        "reference,name,city,e-mail,owner,acquired on,acquisition cost",
        "K1,Bernard,Nice,b@example.com,claire,2026-01-01,5",
        "K2,Chevalier,,,,,",
    )
    source = imported(path)
    assert Customer.objects.get(reference="K1").owner == owner
    assert undone(source) == 2
    assert state() == before
    source.refresh_from_db()
    assert source.undone == 2
    assert source.undone_at
    assert not ImportChange.objects.exists()


def test_a_change_made_since_is_left_and_named(write: Write) -> None:
    CustomerFactory(reference="K1", city="Lyon")
    CustomerFactory(reference="K2", city="Lyon")
    source = imported(write("reference,name,city", "K1,,Nice", "K2,,Nice", "K3,Denis,Nice", "K4,Zola,Nice"))
    Customer.objects.filter(reference="K1").update(phone="0612")
    Customer.objects.filter(reference="K3").update(phone="0613")
    assert undone(source) == 2
    assert list(Customer.objects.order_by("reference").values_list("reference", "city")) == [
        ("K1", "Nice"),
        ("K2", "Lyon"),
        ("K3", "Nice"),
    ]
    left = left_behind(source, Customer.objects.all())
    assert (left.records, {customer.reference for customer in left.customers}) == (2, {"K1", "K3"})


def test_a_new_customer_who_was_used_since_stays(write: Write) -> None:
    source = imported(write("reference,name", "K1,Aubert", "K2,Bernard", "K3,Chevalier"))
    OrderFactory(customer=Customer.objects.get(reference="K1"))
    ContactMomentFactory(customer=Customer.objects.get(reference="K2"))
    assert undone(source) == 1
    assert set(Customer.objects.values_list("reference", flat=True)) == {"K1", "K2"}


def test_a_likely_duplicate_that_was_found_keeps_nobody(write: Write) -> None:
    source = imported(write("reference,name", "K1,Aubert", "K2,Aubert"))
    first, second = Customer.objects.order_by("reference")
    DuplicatePairFactory(first=first, second=second)
    assert undone(source) == 2


def test_members_go_before_their_household(write: Write) -> None:
    path = write(
        "reference,kind,name,member of",
        "H1,household,Aubert,",
        "K1,person,Aubert,H1",
        "K2,person,Aubert,H1",
    )
    assert undone(imported(path)) == 3
    assert not Customer.objects.exists()


def test_a_reference_that_was_given_to_another_since_stays_theirs(write: Write) -> None:
    CustomerFactory(reference="OLD", email="a@example.com")
    source = imported(write("reference,name,email", "NEW,Aubert,a@example.com"), key="email")
    CustomerFactory(reference="OLD")
    assert undone(source) == 0
    assert Customer.objects.get(email="a@example.com").reference == "NEW"


def test_an_owner_who_has_left_is_not_put_back(write: Write) -> None:
    CustomerFactory(reference="K1", owner=(gone := UserFactory()))
    UserFactory(username="claire")
    source = imported(write("reference,owner", "K1,claire"), mode="update")
    gone.delete()
    assert undone(source) == 1
    assert Customer.objects.get().owner is None


def test_contact_moments_go_unless_somebody_changed_them(write: Write) -> None:
    CustomerFactory(reference="K1")
    TouchpointFactory(name="Call")
    rows = [f"K1,2026-01-0{day},Call,Said {day}" for day in range(1, 4)]
    source = imported(write("customer,date,touchpoint,summary", *rows), Import.Kind.MOMENTS)
    ContactMoment.objects.filter(summary="Said 2").update(summary="Said more")
    assert undone(source) == 2
    assert ContactMoment.objects.get().summary == "Said more"
    assert left_behind(source, Customer.objects.all()).records == 1


def test_an_import_is_taken_back_once(write: Write) -> None:
    source = imported(write("reference,name", "K1,Aubert"))
    by = UserFactory()
    assert request_undo(import_id=source.pk, requested_by=by)
    assert request_undo(import_id=source.pk, requested_by=by) is None
    assert undone(source) == 1
    CustomerFactory(reference="K1")
    assert undone(source) == 1
    assert Customer.objects.exists()


def test_what_an_undone_import_brought_can_be_imported_again(write: Write) -> None:
    CustomerFactory(reference="K1")
    TouchpointFactory(name="Call")
    path = write("customer,date,touchpoint", "K1,2026-01-01,Call")
    undone(imported(path, Import.Kind.MOMENTS))
    assert imported(path, Import.Kind.MOMENTS).created == 1
