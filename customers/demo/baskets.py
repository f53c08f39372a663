"""Which records a purchase was made of: invented, but every purchase keeps its discs and its cents exactly."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal

import numpy as np
from django.db import connection

from customers.demo.catalogue import ASSORTMENTS, FAMILIES, TYPICAL_PRICE, cost_share
from customers.demo.history import History, Numbers
from customers.demo.storing import add_rows
from customers.demo.traits import Traits
from customers.models import OrderLine, Product

MOST_LINES = 3
LINES_SHARES = (0.60, 0.27, 0.13)
FAVOURITE_SHARE = 0.65
# Of the lines of a collector, and of orders dear enough for them, so many are box sets and imports.
COLLECTED_SHARE = 0.72
DEAR_SHARE = 0.20
DEAR_CENTS_PER_DISC = 2200
COLUMNS = ("order_id", "product_id", "quantity", "unit_price", "discount", "unit_cost")
MICRO = Decimal("0.000001")


@dataclass(frozen=True, kw_only=True)
class Lines:
    """One entry for each order line: position of its order and product, discs and money."""

    order: Numbers
    product: Numbers
    quantity: Numbers
    cents: Numbers


def store_lines(lines: Lines, history: History, products: Sequence[Product]) -> int:
    """Put the lines in the place of the one line that the import gave each order; how many they are."""
    with connection.cursor() as cursor:
        cursor.execute(f"DELETE FROM {OrderLine._meta.db_table} WHERE order_id = ANY(%s)", [history.order_ids.tolist()])
    return add_rows(OrderLine, COLUMNS, _rows(lines, history, products))


def _rows(lines: Lines, history: History, products: Sequence[Product]) -> Iterator[tuple[object, ...]]:
    shares = [cost_share(product, FAMILIES[at // ASSORTMENTS]) for at, product in enumerate(products)]
    orders = history.order_ids[lines.order].tolist()
    cells = zip(orders, lines.product.tolist(), lines.quantity.tolist(), lines.cents.tolist(), strict=True)
    for order, product, quantity, cents in cells:
        yield order, products[product].pk, quantity, *_unit_amounts(cents, quantity, shares[product])


def _unit_amounts(cents: int, quantity: int, share: Decimal) -> tuple[Decimal, int, Decimal]:
    """Unit price so fine that quantity × price is the cents again; what a free disc costs follows the usual price."""
    price = (Decimal(cents) / (100 * quantity)).quantize(MICRO)
    return price, 0, ((price or TYPICAL_PRICE) * share).quantize(MICRO)


def fill_baskets(history: History, traits: Traits, rng: np.random.Generator) -> Lines:
    """Divide each purchase into one to three lines."""
    wanted = 1 + rng.choice(MOST_LINES, size=history.orders, p=LINES_SHARES)
    lines_of_order = np.minimum(wanted, history.discs)
    quantity = _divided(history.discs, lines_of_order, rng)
    family = _families(history, traits, rng)
    # Lines of one order that share a family name different products of it.
    first = rng.integers(ASSORTMENTS, size=(history.orders, 1))
    product = family * ASSORTMENTS + (first + np.arange(MOST_LINES)) % ASSORTMENTS
    used = quantity > 0
    return Lines(
        order=np.nonzero(used)[0],
        product=product[used],
        quantity=quantity[used],
        cents=_shared_out(history.cents, quantity, rng)[used],
    )


def _divided(discs: Numbers, lines: Numbers, rng: np.random.Generator) -> Numbers:
    """The discs of each line: at least one in as many lines as the order has, none in the others."""
    quantity = (np.arange(MOST_LINES) < lines[:, None]).astype(np.int64)
    left = discs - lines
    for line in range(MOST_LINES - 1):
        lines_left = np.maximum(lines - line, 1)
        taken = np.where(lines > line, rng.binomial(left, 1 / lines_left), 0)
        quantity[:, line] += taken
        left = left - taken
    quantity[:, MOST_LINES - 1] += left
    return quantity


def _shared_out(cents: Numbers, quantity: Numbers, rng: np.random.Generator) -> Numbers:
    """The money of each line: by discs, some dearer than others; the lines of an order add up to its cents."""
    weight = quantity * rng.uniform(0.85, 1.15, size=quantity.shape)
    until = np.cumsum(weight, axis=1) / weight.sum(axis=1, keepdims=True)
    marks = np.floor(cents[:, None] * until).astype(np.int64)
    marks[:, -1] = cents
    return np.diff(marks, axis=1, prepend=0)


def _families(history: History, traits: Traits, rng: np.random.Generator) -> Numbers:
    """The family of each possible line: usually the customer's favourite, else anything that sells."""
    shape = (history.orders, MOST_LINES)
    shares = np.array([family.share for family in FAMILIES])
    losing = np.flatnonzero([family.loses for family in FAMILIES])
    sells = np.where([family.loses for family in FAMILIES], 0, shares)
    favourite = rng.choice(len(FAMILIES), size=history.customers, p=sells / sells.sum())
    anything = rng.choice(len(FAMILIES), size=shape, p=shares / shares.sum())
    family = np.where(rng.random(shape) < FAVOURITE_SHARE, favourite[history.customer][:, None], anything)
    is_dear = history.cents > DEAR_CENTS_PER_DISC * history.discs
    collected = traits.is_collector[history.customer] * COLLECTED_SHARE + is_dear * DEAR_SHARE
    return np.where(rng.random(shape) < collected[:, None], rng.choice(losing, size=shape), family)
