"""What kind of customer each one is: drawn once, so that identity, taste and behaviour fit together."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from customers.demo.history import History, Numbers
from customers.demo.words import REGIONS
from customers.models import Customer

COMPANY_SHARE = 0.03
HOUSEHOLD_SHARE = 0.07
COLLECTOR_SHARE = 0.10
# A customer with many orders can become demanding; a company does so more often.
DEMANDING_FROM_ORDERS = 5
DEMANDING_SHARE = 0.10
DEMANDING_COMPANY_SHARE = 0.40
OWNED_FROM_ORDERS = 4
NOBODY = 0


@dataclass(frozen=True, kw_only=True)
class Traits:
    """One entry for each customer of the history."""

    kind: Numbers  # of Customer.Kind
    region: Numbers  # position in REGIONS
    is_demanding: Numbers  # costs much to serve: calls, visits, questions
    is_collector: Numbers  # buys box sets and imports, which lose money
    temperament: Numbers  # 1 on average: how readily the customer gets in touch
    reads_newsletter: Numbers
    owner: Numbers  # id of the user who looks after the customer, or NOBODY


def draw_traits(history: History, *, owners: Sequence[int], rng: np.random.Generator) -> Traits:
    """Heavy buyers are more often companies, households, demanding and collectors than others are."""
    orders, count = history.orders_of_customer, history.customers
    kind = np.full(count, Customer.Kind.PERSON.value, dtype=object)
    households = _drawn(np.sqrt(orders), HOUSEHOLD_SHARE, rng)
    companies = _drawn(orders.astype(float), COMPANY_SHARE, rng)
    kind[households] = Customer.Kind.HOUSEHOLD.value
    kind[companies] = Customer.Kind.COMPANY.value
    demanding_share = np.where(companies, DEMANDING_COMPANY_SHARE, DEMANDING_SHARE)
    shares = np.array([region.share for region in REGIONS])
    return Traits(
        kind=kind,
        region=rng.choice(len(REGIONS), size=count, p=shares / shares.sum()),
        is_demanding=(orders >= DEMANDING_FROM_ORDERS) & (rng.random(count) < demanding_share),
        is_collector=_drawn(np.sqrt(orders), COLLECTOR_SHARE, rng),
        temperament=rng.gamma(0.8, 1 / 0.8, size=count),
        reads_newsletter=rng.random(count) < 0.4,
        owner=np.where(companies | (orders >= OWNED_FROM_ORDERS), rng.choice(np.array(owners), size=count), NOBODY),
    )


def _drawn(weights: Numbers, share: float, rng: np.random.Generator) -> Numbers:
    """Marks a share of the customers, each with a chance that grows with its weight."""
    wanted = round(share * len(weights))
    marks = np.zeros(len(weights), dtype=bool)
    # The largest keys of random ** (1 / weight) are a weighted sample without replacement.
    marks[np.argsort(-np.log(rng.random(len(weights))) / weights, kind="stable")[:wanted]] = True
    return marks
