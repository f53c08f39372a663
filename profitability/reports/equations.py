"""What the editor of time equations reads: names to choose from, and the minutes of an example customer."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db.models import Q

from crm_site.lib.remembered import Lately
from customers.choosing import references_in
from customers.models import Customer
from profitability.drivers import Driver, all_drivers, driver_named
from profitability.equation_words import PLACELESS, fault_in_words, terms_of
from profitability.equations import EquationFault, EquationTerm
from profitability.models import CustomerMonth
from profitability.periods import month_at, month_index
from profitability.reports.runs import Published, published_now

MONTHS = 12
AT_EITHER_END = 20  # customers of the ranking, of whom the one that takes most time is the example


@dataclass(frozen=True, slots=True)
class ExampleTerm:
    """A term of the equation for the example customer; the quantity is None where no recompute has counted it yet."""

    driver: Driver
    minutes: float  # for each unit
    quantity: float | None

    @property
    def total(self) -> float | None:
        return None if self.quantity is None else self.minutes * self.quantity


@dataclass(frozen=True, slots=True)
class Marked:
    """An equation cut at its fault."""

    before: str
    at: str
    after: str


@dataclass(frozen=True, slots=True)
class Example:
    """What is wrong with an equation, or what it means for one customer in the last twelve months."""

    fault: str = ""
    marked: Marked | None = None  # where a fault has a place
    terms: tuple[ExampleTerm, ...] = ()
    customer: Customer | None = None
    unknown_customer: bool = False

    @property
    def minutes(self) -> float:
        """All minutes whose drivers were counted."""
        return sum(term.total or 0 for term in self.terms)

    @property
    def uncounted(self) -> bool:
        return any(term.quantity is None for term in self.terms)


def offered_names() -> list[Driver]:
    """The names that equations may use: every driver that records yield."""
    return all_drivers()


def example_of(equation: str, *, user: AbstractUser | AnonymousUser, number: str) -> Example | None:
    """An equation checked, and worked out for the customer of this reference, or one whom it concerns (3 queries).

    None where nothing was written yet.
    """
    if not equation.strip():
        return None
    try:
        terms = terms_of(equation)
    except EquationFault as fault:
        return Example(fault=fault_in_words(fault), marked=_marked(equation, fault))
    published = published_now()
    counted = _counted(published, user, number) if published and published.run.has_rows else {}
    customer = max(counted, key=lambda one: _minutes(terms, counted[one]), default=None)
    quantities = counted[customer] if customer else {}
    return Example(
        terms=tuple(
            ExampleTerm(driver_named(term.driver), float(term.minutes), quantities.get(term.driver)) for term in terms
        ),
        customer=customer,
        unknown_customer=bool(number) and customer is None,
    )


def _marked(equation: str, fault: EquationFault) -> Marked | None:
    if fault.code in PLACELESS:
        return None
    end = fault.position + max(len(fault.text), 1)
    return Marked(equation[: fault.position], equation[fault.position : end], equation[end:])


def _counted(published: Published, user: AbstractUser | AnonymousUser, number: str) -> dict[Customer, dict[str, float]]:
    """What the customer of this reference, or each at either end of the ranking, caused in the last twelve months.

    2 queries, 1 for customers who were looked at lately, and 2 more where ranks are told by steps.
    """
    visible = Customer.objects.visible_to(user)
    if number:
        chosen = visible.filter(reference__in=references_in(number.strip()))
    else:
        place_of, customers = published.run.place_of, published.totals.ranking.customers
        best, last = place_of(AT_EITHER_END + 1), place_of(customers - AT_EITHER_END + 1)
        ends = Q(scorecards__place__lt=best) | Q(scorecards__place__gte=last)
        chosen = visible.filter(ends, scorecards__run_id__in=published.run.parts)
    by_key = {customer.pk: customer for customer in chosen}
    question = (published.run.pk, frozenset(by_key))
    told = CAUSED.told(question) or CAUSED.keep(question, _caused(published, by_key))
    return {by_key[key]: quantities for key, quantities in told.items()}


# By run and customers: what a run found never changes, so that a process reads it once.
CAUSED: Lately[tuple[int, frozenset[int]], dict[int, dict[str, float]]] = Lately(seconds=600, most=10)


def _caused(published: Published, customers: Collection[int]) -> dict[int, dict[str, float]]:
    """How much of each driver these customers caused (1 query)."""
    since = month_at(month_index(published.run.as_of) - MONTHS + 1)
    months = CustomerMonth.objects.in_run(published.run).filter(customer__in=customers, month__gte=since)
    found = {key: dict.fromkeys(published.totals.drivers, 0.0) for key in customers}
    for key, quantities in months.values_list("customer_id", "quantities"):
        for code, quantity in zip(published.totals.drivers, quantities, strict=True):
            found[key][code] += quantity
    return found


def _minutes(terms: tuple[EquationTerm, ...], quantities: dict[str, float]) -> float:
    return sum(float(term.minutes) * quantities.get(term.driver, 0) for term in terms)
