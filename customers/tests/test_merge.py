"""Two customers become one and two again: nothing forgotten, nothing left, and refused when it cannot be right."""

import datetime as dt
from collections.abc import Callable, Iterator
from decimal import Decimal
from typing import Any

import pytest
from django.apps import apps
from django.db.models import Model, UniqueConstraint
from django.utils import timezone

from crm_site.lib.accounts.models import User
from customers.duplicates import columns
from customers.duplicates.merging import MergeRefused, fingerprint, merge_customers
from customers.duplicates.relations import Relation, own_ways, references, relations
from customers.duplicates.undoing import UndoRefused, undo_merge
from customers.models import (
    Attachment,
    Consent,
    Customer,
    DuplicatePair,
    Merge,
    Message,
    Opportunity,
    OpportunityStage,
    Order,
    Purpose,
    Segment,
    Tag,
    Task,
)
from customers.signals import customer_merge_undone, customers_merged
from customers.tests.factories import (
    AcquisitionSourceFactory,
    ContactMomentFactory,
    CustomerFactory,
    OrderFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db

Dump = dict[str, list[columns.Columns]]


def full_file(staff: User, **fields: Any) -> Customer:
    """A customer with something of everything that can refer to one."""
    customer = CustomerFactory(
        acquisition_cost=Decimal("12.50"), source=AcquisitionSourceFactory(), birth_date=dt.date(1980, 5, 1),
        custom={"size": 1.85, "colour": "red"}, owner=staff, **fields,
    )  # fmt: skip
    moment = ContactMomentFactory(customer=customer)
    ContactMomentFactory(person=customer, customer=CustomerFactory(kind="household"))
    OrderFactory(customer=customer, lines=2)
    CustomerFactory(member_of=customer)
    purpose, _ = Purpose.objects.get_or_create(name="Newsletter")
    Consent.objects.create(
        customer=customer, channel="email", purpose=purpose, given=True, at=timezone.now(), source="form"
    )
    Message.objects.create(
        customer=customer, moment=moment, purpose=purpose, to="a@example.com", subject="s", body="b",
        message_id=f"m{customer.pk}",
    )  # fmt: skip
    Attachment.objects.create(customer=customer, file="attachments/a.pdf", name="a.pdf", size=10)
    stage, _ = OpportunityStage.objects.get_or_create(name="First talk")
    Opportunity.objects.create(customer=customer, title="A sale", stage=stage)
    Task.objects.create(customer=customer, owner=staff, title="Call", due_on=dt.date(2026, 7, 1))
    customer.tags.add(Tag.objects.get_or_create(name="both")[0], Tag.objects.create(name=f"only {customer.pk}"))
    segment, _ = Segment.objects.get_or_create(name="Good ones", defaults={"owner": staff, "kind": "static"})
    segment.members.add(customer)
    other = CustomerFactory()
    DuplicatePair.objects.create(first=customer, second=other, score=70, reasons=["same_name"], state="different")
    past = CustomerFactory()
    merge_customers(kept=customer, gone=past, fields={}, by=staff)
    return Customer.objects.get(pk=customer.pk)


@pytest.fixture
def staff() -> User:
    return UserFactory()


@pytest.fixture
def both(staff: User) -> tuple[Customer, Customer]:
    kept, gone = full_file(staff), full_file(staff)
    DuplicatePair.objects.create(first=kept, second=gone, score=90, reasons=["same_email"])
    return kept, gone


def involved() -> list[type[Model]]:
    return [Customer, *dict.fromkeys(field.model for field in references())]


def dump() -> Dump:
    """Every row that a merge may touch, all columns."""
    return {
        model._meta.label: columns.read(model, list(model._base_manager.order_by("pk").values_list("pk", flat=True)))
        for model in involved()
    }


def without_merge(rows: Dump, merge: Merge) -> Dump:
    return rows | {"customers.Merge": [row for row in rows["customers.Merge"] if row["id"] != merge.pk]}


# --- Every relation


def test_every_model_that_refers_to_a_customer_is_in_the_full_file(both: tuple[Customer, Customer]) -> None:
    """A new foreign key to customers fails here until the full file above, and so the tests below, know it."""
    forgotten = [field for field in references() if not Relation(field).rows_of(both[1].pk).exists()]
    assert [str(field) for field in forgotten if field.name != "second" and field.model is not DuplicatePair] == []


def test_only_computed_figures_refer_to_customers_without_a_constraint() -> None:
    """What has no constraint is not moved: that is right only for what recomputes write, now or in months gone by."""
    watched = {field.model for field in references()}
    fields = [field for model in apps.get_models(include_auto_created=True) for field in model._meta.concrete_fields]
    loose = {field.model._meta.label for field in fields if field.related_model is Customer} - {
        model._meta.label for model in watched
    }
    assert loose == {
        "customers.Scorecard", "profitability.CustomerMonth", "profitability.PeriodFigure", "profitability.ValuePoint",
        "profitability.MainFamily",
    }  # fmt: skip


def test_uniqueness_with_a_customer_in_it_is_of_a_kind_that_a_merge_knows() -> None:
    """Rows put aside must have nothing hanging on them, and uniqueness be told by plain fields."""
    for relation in relations():
        constraints = relation.model._meta.constraints
        assert not any(isinstance(each, UniqueConstraint) and each.expressions for each in constraints), relation.name
        hangs = [
            each for each in relation.model._meta.get_fields(include_hidden=True) if each.one_to_many or each.one_to_one
        ]
        hangs = [each for each in hangs if each.auto_created]
        assert not (relation.uniques and hangs), f"{relation.name} needs a way of its own"
        assert len(relation.model._meta.pk_fields) == 1, relation.name


def test_nothing_refers_to_the_customer_that_went(both: tuple[Customer, Customer], staff: User) -> None:
    kept, gone = both
    before = {str(field): Relation(field).rows_of(gone.pk).count() for field in references()}
    assert sum(before.values()) >= 15
    merge = merge_customers(kept=kept, gone=gone, fields={}, by=staff)
    assert not Customer.objects.filter(pk=gone.pk).exists()
    assert [str(field) for field in references() if Relation(field).rows_of(gone.pk).exists()] == []
    assert {tag.name for tag in kept.tags.all()} == {"both", f"only {kept.pk}", f"only {gone.pk}"}
    assert Order.objects.filter(customer=kept).count() == 2
    assert (merge.gone_id, merge.gone_reference, merge.merged_by) == (gone.pk, gone.reference, staff)
    assert set(merge.moved["own"]) == set(own_ways())


def test_whoever_was_found_different_stays_so(both: tuple[Customer, Customer], staff: User) -> None:
    kept, gone = both
    others = set(DuplicatePair.objects.filter(state="different").values_list("second", flat=True))
    merge_customers(kept=kept, gone=gone, fields={}, by=staff)
    assert set(DuplicatePair.objects.filter(first=kept).values_list("second", "state")) == {
        (other, "different") for other in others
    }


def test_the_kept_customer_gets_the_chosen_values(staff: User) -> None:
    kept, gone = CustomerFactory(phone="", city="Lyon"), CustomerFactory(phone="0612345678", reference="OLD-1")
    merge_customers(
        kept=kept, gone=gone, fields={"reference": "OLD-1", "phone": "0612345678", "owner_id": staff.pk}, by=staff
    )
    kept.refresh_from_db()
    assert (kept.reference, kept.phone, kept.city, kept.owner) == ("OLD-1", "0612345678", "Lyon", staff)
    assert "0612345678" in kept.search_text


@pytest.mark.parametrize("chosen", ["kept", "gone"])
def test_nobody_becomes_a_member_of_itself(staff: User, chosen: str) -> None:
    home = CustomerFactory(kind="household")
    gone = CustomerFactory(kind="household", member_of=home)
    kept = CustomerFactory(kind="household", member_of=gone)
    wanted = {"kept": kept, "gone": gone}[chosen]
    before = dump()
    merge = merge_customers(kept=kept, gone=gone, fields={"member_of_id": wanted.pk}, by=staff)
    kept.refresh_from_db()
    assert kept.member_of == home
    undo_merge(merge=merge, by=staff)
    assert without_merge(dump(), merge) == before


# --- Undoing


def test_undoing_brings_everything_back_exactly(both: tuple[Customer, Customer], staff: User) -> None:
    kept, gone = both
    before = dump()
    taken = {"reference": gone.reference, "email": gone.email, "custom": {"colour": "blue"}, "owner_id": None}
    merge = merge_customers(kept=kept, gone=gone, fields=taken, by=staff)
    assert dump() != before
    restored = undo_merge(merge=merge, by=staff)
    assert (restored.pk, restored.reference) == (gone.pk, gone.reference)
    assert without_merge(dump(), merge) == before
    merge.refresh_from_db()
    assert merge.undone_at


def test_a_merge_can_be_done_and_undone_again(both: tuple[Customer, Customer], staff: User) -> None:
    kept, gone = both
    undo_merge(merge=merge_customers(kept=kept, gone=gone, fields={}, by=staff), by=staff)
    before = dump()
    again = merge_customers(kept=gone, gone=kept, fields={"name": "Other"}, by=staff)
    undo_merge(merge=again, by=staff)
    assert without_merge(dump(), again) == before


def test_what_came_since_stays_with_the_kept_customer(both: tuple[Customer, Customer], staff: User) -> None:
    kept, gone = both
    merge = merge_customers(kept=kept, gone=gone, fields={}, by=staff)
    order = OrderFactory(customer=kept)
    undo_merge(merge=merge, by=staff)
    order.refresh_from_db()
    assert order.customer == kept


def test_what_was_deleted_since_is_missed_by_nobody(both: tuple[Customer, Customer], staff: User) -> None:
    kept, gone = both
    merge = merge_customers(kept=kept, gone=gone, fields={"owner_id": None, "source_id": kept.source_id}, by=staff)
    gone.source.delete()
    Tag.objects.filter(name="both").delete()
    restored = undo_merge(merge=merge, by=staff)
    assert restored.source is None
    assert {tag.name for tag in restored.tags.all()} == {f"only {gone.pk}"}


def change_phone(kept: Customer, gone: Customer) -> None:
    kept.refresh_from_db()
    kept.phone = "0499999999"
    kept.save()


def give_order_away(kept: Customer, gone: Customer) -> None:
    Order.objects.filter(pk=Order.objects.filter(customer=kept).latest("pk").pk).update(customer=CustomerFactory())


def take_reference(kept: Customer, gone: Customer) -> None:
    CustomerFactory(reference=gone.reference)


def merge_again(kept: Customer, gone: Customer) -> None:
    merge_customers(kept=kept, gone=CustomerFactory(reference="LATER"), fields={}, by=UserFactory())


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (change_phone, "phone"),
        (give_order_away, "orders"),
        (take_reference, "has the reference"),
        (merge_again, "LATER"),
    ],
)
def test_after_a_change_undoing_is_refused_and_says_what_changed(
    both: tuple[Customer, Customer], staff: User, change: Callable[[Customer, Customer], None], words: str
) -> None:
    kept, gone = both
    merge = merge_customers(kept=kept, gone=gone, fields={}, by=staff)
    change(kept, gone)
    before = dump()
    with pytest.raises(UndoRefused) as refusal:
        undo_merge(merge=merge, by=staff)
    assert words in " ".join(refusal.value.sentences)
    assert dump() == before


def test_a_merge_is_undone_once(both: tuple[Customer, Customer], staff: User) -> None:
    merge = merge_customers(kept=both[0], gone=both[1], fields={}, by=staff)
    undo_merge(merge=merge, by=staff)
    with pytest.raises(UndoRefused, match="already undone"):
        undo_merge(merge=merge, by=staff)


# --- Refusals and news


def test_a_customer_is_not_merged_with_itself(staff: User) -> None:
    customer = CustomerFactory()
    with pytest.raises(MergeRefused, match="itself"):
        merge_customers(kept=customer, gone=customer, fields={}, by=staff)


def test_a_merge_of_what_somebody_has_changed_is_refused(staff: User) -> None:
    kept, gone = CustomerFactory(), CustomerFactory()
    seen = {row["id"]: fingerprint(row) for row in columns.read(Customer, [kept.pk, gone.pk])}
    Customer.objects.filter(pk=gone.pk).update(city="Metz")
    with pytest.raises(MergeRefused, match="changed"):
        merge_customers(kept=kept, gone=gone, fields={}, by=staff, versions=seen)
    assert Customer.objects.filter(pk=gone.pk).exists()


@pytest.fixture
def heard() -> Iterator[list[dict[str, Any]]]:
    """The news of merges, as an app above hears it."""
    news: list[dict[str, Any]] = []

    def listen(**kwargs: Any) -> None:
        news.append(kwargs)

    customers_merged.connect(listen)
    customer_merge_undone.connect(listen)
    yield news
    customers_merged.disconnect(listen)
    customer_merge_undone.disconnect(listen)


def test_apps_above_hear_of_a_merge_and_of_its_undoing(staff: User, heard: list[dict[str, Any]]) -> None:
    kept, gone = CustomerFactory(), CustomerFactory()
    order = OrderFactory(customer=gone)
    gone_id = gone.pk
    undo_merge(merge=merge_customers(kept=kept, gone=gone, fields={}, by=staff), by=staff)
    merged, undone = heard
    assert (merged["kept"], merged["gone_id"]) == (kept, gone_id)
    assert merged["moved"] == undone["moved"] == {"customers.order.customer": [order.pk]}
    assert (undone["kept"], undone["restored"].pk) == (kept, gone_id)


def test_an_error_above_undoes_the_whole_merge(staff: User) -> None:
    kept, gone = CustomerFactory(), CustomerFactory()

    def object_to_it(**kwargs: Any) -> None:
        raise MergeRefused("No.")

    customers_merged.connect(object_to_it)
    try:
        with pytest.raises(MergeRefused):
            merge_customers(kept=kept, gone=gone, fields={}, by=staff)
    finally:
        customers_merged.disconnect(object_to_it)
    assert Customer.objects.filter(pk=gone.pk).exists()
    assert not Merge.objects.exists()
