"""Edits at random, of every kind that changes figures, by pages, merges and plain SQL."""

import datetime as dt
import random
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import TypeVar

from django.db import connection
from django.db.models import Model, QuerySet

from crm_site.lib.accounts.models import User
from customers.duplicates.merging import merge_customers
from customers.models import ContactMoment, Customer, Order, OrderLine, Product
from customers.tests.factories import ContactMomentFactory, CustomerFactory, UserFactory
from profitability.tests.portfolio import a_day
from profitability.tests.shop import bought, called

Row = TypeVar("Row", bound=Model)
Edit = Callable[[random.Random], None]


def any_of(rows: QuerySet[Row], chance: random.Random) -> Row:
    keys = list(rows.order_by("pk").values_list("pk", flat=True))
    return rows.get(pk=chance.choice(keys))


def a_line(chance: random.Random) -> dict[str, object]:
    cost = chance.choice((chance.randint(1, 90), None))
    return {"unit_price": chance.randint(15, 160), "unit_cost": cost, "quantity": chance.choice((1, 2, 3, -1))}


def order(chance: random.Random) -> None:
    bought(any_of(Customer.objects.all(), chance), a_day(chance), a_line(chance), a_line(chance))


def order_of_a_new_customer(chance: random.Random) -> None:
    bought(CustomerFactory(acquisition_cost=Decimal(chance.randint(0, 9))), a_day(chance), a_line(chance))


def prospect(chance: random.Random) -> None:
    CustomerFactory(acquired_on=a_day(chance), acquisition_cost=Decimal(chance.randint(0, 9)))


def anonymous_sale(chance: random.Random) -> None:
    bought(None, a_day(chance), a_line(chance))


def returned(chance: random.Random) -> None:
    line = {**a_line(chance), "quantity": -chance.randint(1, 3), "discount": -1}
    bought(any_of(Customer.objects.all(), chance), a_day(chance), line)


def other_line(chance: random.Random) -> None:
    line = any_of(OrderLine.objects.all(), chance)
    line.quantity, line.unit_price = Decimal(chance.randint(1, 4)), Decimal(chance.randint(1, 99))
    line.save()


def line_gone(chance: random.Random) -> None:
    any_of(OrderLine.objects.all(), chance).delete()


def order_gone(chance: random.Random) -> None:
    any_of(Order.objects.all(), chance).delete()


def other_day(chance: random.Random) -> None:
    Order.objects.filter(pk=any_of(Order.objects.all(), chance).pk).update(ordered_on=a_day(chance))


def day_to_come(chance: random.Random) -> None:
    Order.objects.filter(pk=any_of(Order.objects.all(), chance).pk).update(ordered_on=dt.date(2026, 7, 9))


def other_customer(chance: random.Random) -> None:
    to = chance.choice((None, any_of(Customer.objects.all(), chance)))
    Order.objects.filter(pk=any_of(Order.objects.all(), chance).pk).update(customer=to)


def contract(chance: random.Random) -> None:
    kind = chance.choice(("", "start", "renewal"))
    orders = Order.objects.filter(customer=any_of(Customer.objects.filter(orders__isnull=False).distinct(), chance))
    orders.update(contract=kind)


def call(chance: random.Random) -> None:
    called(any_of(Customer.objects.all(), chance), a_day(chance), minutes=chance.choice((None, chance.randint(1, 40))))


def other_minutes(chance: random.Random) -> None:
    minutes = Decimal(chance.randint(1, 400)) / 7
    ContactMoment.objects.filter(pk=any_of(ContactMoment.objects.all(), chance).pk).update(minutes=minutes)


def call_gone(chance: random.Random) -> None:
    moment = any_of(ContactMoment.objects.all(), chance)
    ContactMomentFactory(customer=moment.customer, touchpoint=moment.touchpoint, occurred_at=moment.occurred_at)
    moment.delete()


def cost_of_winning(chance: random.Random) -> None:
    customer = any_of(Customer.objects.all(), chance)
    customer.acquisition_cost, customer.acquired_on = (
        Decimal(chance.randint(0, 50)),
        chance.choice((None, a_day(chance))),
    )
    customer.save()


def other_kind(chance: random.Random) -> None:
    kind = chance.choice(Customer.Kind.values)
    Customer.objects.filter(pk=any_of(Customer.objects.filter(member_of=None), chance).pk).update(kind=kind)


def merge(chance: random.Random) -> None:
    kept = any_of(Customer.objects.all(), chance)
    gone = any_of(Customer.objects.exclude(pk=kept.pk), chance)
    merge_customers(kept=kept, gone=gone, fields={}, by=User.objects.first() or UserFactory())


def customer_gone(chance: random.Random) -> None:
    somebody = any_of(Customer.objects.all(), chance)
    Order.objects.filter(customer=somebody).update(customer=any_of(Customer.objects.exclude(pk=somebody.pk), chance))
    somebody.delete()


def by_hand(chance: random.Random) -> None:
    """What no page knows of: rows written with SQL."""
    product = any_of(Product.objects.all(), chance)
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO customers_orderline (order_id, product_id, quantity, unit_price, discount) "
            "VALUES (%s, %s, 2, 12.345, 1)",
            [any_of(Order.objects.all(), chance).pk, product.pk],
        )
        cursor.execute(
            "UPDATE customers_order SET ordered_on = ordered_on - 31 WHERE id = %s",
            [any_of(Order.objects.all(), chance).pk],
        )


def nothing_of_figures(chance: random.Random) -> None:
    """Names and cities change no figure."""
    Customer.objects.filter(pk=any_of(Customer.objects.all(), chance).pk).update(city="Elsewhere")


EDITS: Sequence[Edit] = (
    order, order_of_a_new_customer, prospect, anonymous_sale, returned, other_line, line_gone, order_gone, other_day,
    day_to_come, other_customer, contract, call, other_minutes, call_gone, cost_of_winning, other_kind, merge,
    customer_gone, by_hand, nothing_of_figures,
)  # fmt: skip
