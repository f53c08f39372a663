"""What the editor of time equations reads: names to choose from, and the minutes of an example customer."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import AbstractUser, AnonymousUser

from customers.models import Customer
from profitability.drivers import Driver, all_drivers, driver_named
from profitability.equation_words import PLACELESS, fault_in_words, terms_of
from profitability.equations import EquationFault
from profitability.models import CustomerMonth
from profitability.periods import month_at, month_index
from profitability.reports.runs import published_now

MONTHS = 12


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
    """An equation checked, and worked out for the customer of this reference, or the best one (3 queries).

    None where nothing was written yet.
    """
    if not equation.strip():
        return None
    try:
        terms = terms_of(equation)
    except EquationFault as fault:
        return Example(fault=fault_in_words(fault), marked=_marked(equation, fault))
    published = published_now()
    customer = _example_customer(user, number)
    counted: dict[str, float] = {}
    if published and customer and published.run.has_rows:
        since = month_at(month_index(published.run.as_of) - MONTHS + 1)
        months = CustomerMonth.objects.of(published.run, customer.pk).filter(month__gte=since)
        quantities = [month.quantities for month in months]
        counted = {
            code: sum(values[place] for values in quantities) for place, code in enumerate(published.totals.drivers)
        }
    return Example(
        terms=tuple(
            ExampleTerm(driver_named(term.driver), float(term.minutes), counted.get(term.driver)) for term in terms
        ),
        customer=customer,
        unknown_customer=bool(number) and customer is None,
    )


def _marked(equation: str, fault: EquationFault) -> Marked | None:
    if fault.code in PLACELESS:
        return None
    end = fault.position + max(len(fault.text), 1)
    return Marked(equation[: fault.position], equation[fault.position : end], equation[end:])


def _example_customer(user: AbstractUser | AnonymousUser, number: str) -> Customer | None:
    """The customer of a reference; else the one who earns most, by whom most is done."""
    visible = Customer.objects.visible_to(user)
    if number:
        return visible.filter(reference=number.strip()).first()
    return visible.filter(scorecards__run__is_current=True, scorecards__rank=1).first()
