"""What a day asks of somebody: their customers to identify, to tell apart, to speak with and to treat as they like.

Each function answers a queryset (no query of its own) unless it says otherwise; pages cut out what they show.
"""

from __future__ import annotations

import datetime as dt
from calendar import isleap
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import connection
from django.db.models import (
    BooleanField,
    ExpressionWrapper,
    F,
    FilteredRelation,
    IntegerField,
    Q,
    QuerySet,
)
from django.db.models.expressions import RawSQL
from django.db.models.functions import Abs
from django.utils import timezone

from crm_site.lib.fields import CentsField, amount_of
from crm_site.lib.remembered import Lately
from customers.models import ContactMoment, Customer, ProductFamily, Run
from customers.models.customer import CustomerQuerySet
from customers.models.scorecard import Category
from customers.reports import everybody, portfolio, ranked_portfolio

# As text, where Django takes longer to write a statement than the database to answer it.
RUN_BEFORE = """
    SELECT id, as_of, published_at, is_current, has_rows, stands_on_id, scorecards_of_id FROM customers_run
    WHERE id < %s AND published_at IS NOT NULL AND has_rows ORDER BY id DESC LIMIT 1
"""
FAVOURITES = """
    SELECT DISTINCT ON (o.customer_id) o.customer_id, f.id, f.name, f.name_fr
    FROM customers_order o JOIN customers_orderline l ON l.order_id = o.id
    JOIN customers_product p ON p.id = l.product_id JOIN customers_productfamily f ON f.id = p.family_id
    WHERE o.customer_id = ANY(%s) GROUP BY 1, 2 ORDER BY 1, sum(l.gross) DESC, f.id
"""
BY_CATEGORY = """
    SELECT s.category, count(*), sum(s.profit)::bigint, sum(s.lifetime_value)::bigint
    FROM customers_customer c JOIN customers_scorecard s ON s.customer_id = c.id
    WHERE c.owner_id = %s AND s.run_id = ANY(%s) AND s.category IS NOT NULL GROUP BY 1 ORDER BY 1
"""
SPOKEN = """
    SELECT FROM customers_contactmoment m
    WHERE m.customer_id = customers_customer.id AND m.occurred_at >= %s AND m.direction <> %s
"""
GOOD = (Category.MOST_PROFITABLE, Category.FAIRLY_PROFITABLE)
SILENCE = dt.timedelta(days=90)
BIRTHDAYS_AHEAD = 7

User = AbstractUser | AnonymousUser


def own(customers: CustomerQuerySet, user: User) -> CustomerQuerySet:
    """Those of all customers that somebody looks after: whoever may see customers sees these."""
    return customers.filter(owner=user.pk) if user.has_perm("customers.view_customer") else customers.none()


def customers_of(user: User) -> CustomerQuerySet:
    """The customers that somebody looks after."""
    return own(Customer.objects.all(), user)


# --- Identify ---------------------------------------------------------------------------------------------------------


def incomplete(user: User) -> CustomerQuerySet:
    """One's customers who cannot be reached by e-mail or not by telephone."""
    return customers_of(user).filter(Q(email="") | Q(phone=""))


def unowned(user: User) -> CustomerQuerySet:
    """Customers whom nobody looks after."""
    return Customer.objects.visible_to(user).filter(owner=None)


def newest(user: User) -> CustomerQuerySet:
    """All customers that one may see; the newest stand first where this is shown."""
    return Customer.objects.visible_to(user)


# --- Differentiate ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CategoryShare:
    """One's customers in one profit category."""

    category: Category
    customers: int
    profit: Decimal
    lifetime_value: Decimal | None


def categories_of(user: User, run: Run) -> list[CategoryShare]:
    """One's customers by category (1 query)."""
    if not user.has_perm("customers.view_customer"):
        return []
    with connection.cursor() as cursor:
        cursor.execute(BY_CATEGORY, [user.pk, run.parts])
        return [
            CategoryShare(Category(category), customers, amount_of(profit), None if value is None else amount_of(value))
            for category, customers, profit, value in cursor.fetchall()
        ]


BEFORE: Lately[int, Run | None] = Lately(seconds=60, most=4)


def previous_run(run: Run) -> Run | None:
    """The run before this one of which every customer's figures are still there (1 query, or none for a minute)."""
    if (told := BEFORE.told(run.pk)) is not None:
        return told
    return BEFORE.keep(run.pk, next(iter(Run.objects.raw(RUN_BEFORE, [run.pk])), None))


def moved(user: User, run: Run, before: Run) -> CustomerQuerySet:
    """One's customers whose category differs from that of an earlier run, with `category_before` and what they gained.

    `moved_by` is the size of the gain or loss, by which the biggest moves are found.
    """
    return own(_moved(run.pk, run.scorecards_of_id, tuple(before.parts)), user)


@lru_cache(maxsize=10)
def _moved(run_id: int, shared: int | None, before: tuple[int, ...]) -> CustomerQuerySet:
    """Everybody who moved, put together once for a run: the rest of the statement is the same for all."""
    earlier = FilteredRelation("scorecards", condition=Q(scorecards__run_id__in=before))
    run = Run(pk=run_id, scorecards_of_id=shared)
    customers = ranked_portfolio(Customer.objects.all(), run, ("category", "profit")).annotate(earlier=earlier)
    gained = ExpressionWrapper(F("profit") - F("earlier__profit"), output_field=CentsField())
    compared = customers.annotate(category_before=F("earlier__category"), gained=gained)
    differing = compared.filter(category__isnull=False, category_before__isnull=False)
    return differing.filter(~Q(category=F("category_before"))).annotate(
        moved_by=Abs("gained", output_field=CentsField())
    )


# --- Interact ---------------------------------------------------------------------------------------------------------


def awaiting_reply(user: User) -> QuerySet[ContactMoment]:
    """Messages that wait for an answer: of one's own customers and nobody's, or all for whoever sees all customers."""
    moments = ContactMoment.objects.visible_to(user).filter(needs_reply=True)
    if not user.has_perm("customers.see_all_customers"):
        moments = moments.filter(Q(customer__owner=user) | Q(customer__owner=None))
    return moments.select_related("customer", "touchpoint")


def birthdays(user: User, today: dt.date) -> CustomerQuerySet:
    """One's customers with a birthday in the seven days from today on, with `days_ahead`."""
    born = customers_of(user).filter(birth_date__isnull=False).annotate(days_ahead=_days_ahead(today))
    return born.filter(days_ahead__isnull=False)


def _days_ahead(today: dt.date) -> RawSQL:
    """In how many days a customer's birthday is; whoever was born on 29 February has it on the 28th most years.

    As text: an expression of seven cases with three conditions each takes longer to write than to answer.
    """
    ahead = {}
    for days in range(BIRTHDAYS_AHEAD):
        day = today + dt.timedelta(days=days)
        ahead[f"{day:%m%d}"] = days
        if (day.month, day.day) == (2, 28) and not isleap(day.year):
            ahead["0229"] = days
    born = f"to_char({Customer._meta.db_table}.birth_date, 'MMDD')"
    place = f"(%s::int[])[array_position(%s::text[], {born})]"
    return RawSQL(place, (list(ahead.values()), list(ahead)), output_field=IntegerField())


def long_silent(user: User, run: Run, today: dt.date) -> CustomerQuerySet:
    """One's good customers who have neither bought nor been spoken with for ninety days."""
    since = today - SILENCE
    moment = timezone.make_aware(dt.datetime.combine(since, dt.time()))
    observed = ContactMoment.Direction.OBSERVED.value
    unheard = RawSQL(f"NOT EXISTS ({SPOKEN})", (moment, observed), output_field=BooleanField())
    good = own(everybody(run, frozenset({"category", "profit", "last_order_on"}), ranked=True), user)
    return good.filter(unheard, category__in=GOOD, last_order_on__lt=since)  # type: ignore[misc]


# --- Customise --------------------------------------------------------------------------------------------------------


def with_preferences(user: User, run: Run | None) -> CustomerQuerySet:
    """One's customers of whom somebody noted what they need or how they like to be reached."""
    known = customers_of(user).filter(~Q(needs="") | ~Q(preferred_channel=""))
    return portfolio(known, run, ("lifetime_value",))


def favourite_families(customers: Sequence[Customer]) -> dict[int, ProductFamily]:
    """The product family on which each of a few customers has spent most (1 query, none for no customers)."""
    if not customers:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(FAVOURITES, [[customer.pk for customer in customers]])
        return {
            customer: ProductFamily(pk=family, name=name, name_fr=name_fr)
            for customer, family, name, name_fr in cursor.fetchall()
        }
