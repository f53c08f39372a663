"""Objects of `customers` for tests: small, valid, and made without chance."""

import datetime as dt
from decimal import Decimal
from typing import Any

import factory
from django.contrib.auth.models import Permission
from django.db import connection
from django.utils import timezone

from crm_site.lib.accounts.models import User
from customers.models import (
    AcquisitionSource,
    Company,
    Consent,
    ContactLimit,
    ContactMoment,
    Customer,
    CustomField,
    DuplicatePair,
    Import,
    ImportRejection,
    Message,
    MessageTemplate,
    Opportunity,
    OpportunityStage,
    Order,
    OrderLine,
    Product,
    ProductFamily,
    Purpose,
    Run,
    SavedView,
    Scorecard,
    Segment,
    Task,
    Touchpoint,
)
from customers.models.moment import Channel
from customers.models.scorecard import Category, Stage

A_DAY = dt.date(2026, 6, 30)
NAMES = ("Aubert", "Bernard", "Chevalier", "Dumont", "Étienne", "Faure", "Girard", "Œuvrard", "Martin", "Zola")
GIVEN_NAMES = ("Adèle", "Bruno", "Chloé", "Denis", "Élise", "Farid", "Gaëlle")


def user_with(*permissions: str, **fields: Any) -> User:
    """A signed-up member of staff who holds exactly these permissions, given as `app.codename`."""
    user = UserFactory(**fields)
    for permission in permissions:
        app, _, codename = permission.partition(".")
        user.user_permissions.add(Permission.objects.get(content_type__app_label=app, codename=codename))
    return user


class UserFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"staff{n}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@example.com")


class CompanyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Company
        django_get_or_create = ("id",)

    id = 1
    name = "Maison Exemple"
    currency = "EUR"


class AcquisitionSourceFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = AcquisitionSource

    name = factory.Sequence(lambda n: f"Source {n}")


class CustomerFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Customer

    reference = factory.Sequence(lambda n: f"C{n:06d}")
    name = factory.Sequence(lambda n: NAMES[n % len(NAMES)])
    given_name = factory.Sequence(lambda n: GIVEN_NAMES[n % len(GIVEN_NAMES)])
    email = factory.LazyAttribute(lambda customer: f"{customer.reference.lower()}@example.com")
    city = "Lyon"
    country = "France"


class CustomFieldFactory(factory.django.DjangoModelFactory):
    """A field for a text that a company added to its customers."""

    class Meta:
        model = CustomField

    code = factory.Sequence(lambda n: f"field{n}")
    name = factory.Sequence(lambda n: f"Field {n}")
    position = factory.Sequence(lambda n: n)


class DuplicatePairFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = DuplicatePair

    first = factory.SubFactory(CustomerFactory)
    second = factory.SubFactory(CustomerFactory)
    score = 80
    reasons = ("same_name", "same_email")


class TouchpointFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Touchpoint

    name = factory.Sequence(lambda n: f"Touchpoint {n}")
    channel = Channel.PHONE
    position = factory.Sequence(lambda n: n)


class ContactMomentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ContactMoment

    customer = factory.SubFactory(CustomerFactory)
    touchpoint = factory.SubFactory(TouchpointFactory)
    occurred_at = factory.Sequence(
        lambda n: timezone.make_aware(dt.datetime.combine(A_DAY, dt.time(9))) - dt.timedelta(hours=n)
    )
    summary = "Asked when the parcel arrives."


class ProductFamilyFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ProductFamily

    name = factory.Sequence(lambda n: f"Family {n}")


class ProductFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Product

    sku = factory.Sequence(lambda n: f"P{n:04d}")
    name = factory.Sequence(lambda n: f"Product {n}")


class ImportFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Import

    file_name = "orders.csv"
    mapping = "cdnow"


class ImportRejectionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ImportRejection

    source = factory.SubFactory(ImportFactory)
    line = factory.Sequence(lambda n: n + 2)
    reason = "bad_date"


class OrderFactory(factory.django.DjangoModelFactory):
    """An order without lines; give `lines=2` for two lines of 10.00 that cost 6.00."""

    class Meta:
        model = Order
        skip_postgeneration_save = True

    number = factory.Sequence(lambda n: f"O{n:06d}")
    customer = factory.SubFactory(CustomerFactory)
    ordered_on = A_DAY

    @factory.post_generation
    def lines(self: Order, create: bool, extracted: int | None, **fields: Any) -> None:  # type: ignore[misc]
        for _ in range(extracted or 0):
            OrderLineFactory(order=self, **fields)


class OrderLineFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = OrderLine

    order = factory.SubFactory(OrderFactory)
    product = factory.SubFactory(ProductFactory)
    quantity = Decimal(1)
    unit_price = Decimal("10.00")
    unit_cost = Decimal("6.00")


class RunFactory(factory.django.DjangoModelFactory):
    """A published run that holds scorecards: the current one, unless `is_current=False`."""

    class Meta:
        model = Run
        skip_postgeneration_save = True

    as_of = A_DAY
    reason = Run.Reason.ASKED
    published_at = factory.LazyFunction(timezone.now)
    is_current = True
    has_rows = True

    @factory.post_generation
    def partition(self: Run, create: bool, extracted: Any, **fields: Any) -> None:  # type: ignore[misc]
        with connection.cursor() as cursor:
            cursor.execute(
                f"CREATE TABLE IF NOT EXISTS customers_scorecard_{self.pk:d} "
                f"PARTITION OF customers_scorecard FOR VALUES IN ({self.pk:d})"
            )


class ScorecardFactory(factory.django.DjangoModelFactory):
    """The figures of one customer in a run: profit is what revenue leaves after goods (40 %) and serving."""

    class Meta:
        model = Scorecard

    run = factory.SubFactory(RunFactory)
    customer = factory.SubFactory(CustomerFactory)
    stage = Stage.CUSTOMER
    first_order_on = A_DAY - dt.timedelta(days=300)
    last_order_on = A_DAY
    orders = 3
    net_revenue = Decimal("100.00")
    gross_margin = factory.LazyAttribute(lambda card: (card.net_revenue * Decimal("0.4")).quantize(Decimal("0.01")))
    cost_to_serve = Decimal("10.00")
    direct_costs = Decimal("0.00")
    profit = factory.LazyAttribute(lambda card: card.gross_margin - card.cost_to_serve - card.direct_costs)
    place = factory.Sequence(lambda n: n + 1)
    cumulative_profit = Decimal("50.00")
    category = Category.FAIRLY_PROFITABLE
    lifetime_value = Decimal("80.00")
    lifetime_value_low = Decimal("60.00")
    lifetime_value_high = Decimal("110.00")
    lifetime_value_note = "model"
    expected_orders = 2.5
    probability_alive = 0.75


class TaskFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Task

    title = factory.Sequence(lambda n: f"Task {n}")
    customer = factory.SubFactory(CustomerFactory)
    owner = factory.SubFactory(UserFactory)
    due_on = A_DAY


class OpportunityStageFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = OpportunityStage

    name = factory.Sequence(lambda n: f"Stage {n}")
    position = factory.Sequence(lambda n: n + 10)
    probability = 50


class OpportunityFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Opportunity

    title = factory.Sequence(lambda n: f"Opportunity {n}")
    customer = factory.SubFactory(CustomerFactory)
    stage = factory.SubFactory(OpportunityStageFactory)
    expected_value = Decimal("1000.00")


class PurposeFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Purpose

    name = factory.Sequence(lambda n: f"Purpose {n}")


class ConsentFactory(factory.django.DjangoModelFactory):
    """A yes to e-mail on an ordinary day."""

    class Meta:
        model = Consent

    customer = factory.SubFactory(CustomerFactory)
    channel = Channel.EMAIL
    purpose = factory.SubFactory(PurposeFactory)
    given = True
    at = timezone.make_aware(dt.datetime.combine(A_DAY, dt.time(9)))
    source = "counter"


class ContactLimitFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ContactLimit

    channel = ""
    messages = 2
    days = 7


class MessageTemplateFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = MessageTemplate

    name = factory.Sequence(lambda n: f"Template {n}")
    purpose = factory.SubFactory(PurposeFactory)
    subject = "News for {{ given_name }}"
    body = "Dear {{ full_name }},\nhere is our news."


class MessageFactory(factory.django.DjangoModelFactory):
    """A message that was sent an ordinary day."""

    class Meta:
        model = Message

    customer = factory.SubFactory(CustomerFactory)
    purpose = factory.SubFactory(PurposeFactory)
    to = factory.LazyAttribute(lambda message: message.customer.email)
    subject = "News"
    body = "Here is our news."
    message_id = factory.Sequence(lambda n: f"<message{n}@example.com>")
    state = Message.State.SENT
    sent_at = timezone.make_aware(dt.datetime.combine(A_DAY, dt.time(9)))


class SavedViewFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = SavedView

    name = factory.Sequence(lambda n: f"View {n}")
    list_name = "customers"
    owner = factory.SubFactory(UserFactory)
    query = "country=France"


class SegmentFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Segment

    name = factory.Sequence(lambda n: f"Segment {n}")
    owner = factory.SubFactory(UserFactory)
    query = "country=France"
