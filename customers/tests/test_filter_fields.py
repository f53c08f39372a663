"""Every field and operator of the advanced filter, against what Python itself says of the same customers."""

import datetime as dt
import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm_site.lib.accounts.models import Team
from crm_site.lib.conditions.fields import FEW, Expected
from crm_site.lib.conditions.grammar import Condition, Group, Where, read, write
from crm_site.lib.conditions.kinds import KINDS, OPERATORS
from crm_site.lib.conditions.narrowing import birthdays_from
from crm_site.lib.counting import expected_rows
from customers import custom_fields
from customers.filter_fields import REGISTER, CustomerFields
from customers.forms import CustomerFilters
from customers.models import ContactMoment, Customer, Purpose, Run, Tag
from customers.reports import FIGURES, filter_choices, portfolio
from customers.tests.factories import (
    AcquisitionSourceFactory,
    ConsentFactory,
    ContactMomentFactory,
    CustomerFactory,
    CustomFieldFactory,
    PurposeFactory,
    RunFactory,
    ScorecardFactory,
    TaskFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
TODAY = dt.date(2026, 6, 30)
TOWNS = ("Lyon", "lyon", "Évreux", "Saint-Denis, Nord", "(Gap)", "100%", "a_b", "~", "")
DAYS = (TODAY, TODAY - dt.timedelta(days=1), TODAY - dt.timedelta(days=30), TODAY + dt.timedelta(days=3), None)
AMOUNTS = (Decimal("-5.50"), Decimal(0), Decimal("0.01"), Decimal("99.99"), Decimal(1000))
CODES = {"text": "note", "number": "seats", "date": "ends__on", "choice": "tier", "yes_no": "vip"}
CUSTOM = {
    "note": ("green", "Green tea", None),
    "seats": ("12", "2.5", "-3", "many", None),
    "ends__on": ("2026-06-30", "2026-07-02", "2026-05-31", "soon", None),
    "tier": ("Gold", "Silver", None),
    "vip": (True, False, None),
}


def some_customers(run: Run, chance: random.Random) -> list[Customer]:
    """Sixty customers who differ in everything that can be filtered by."""
    staff, sources = UserFactory.create_batch(2), AcquisitionSourceFactory.create_batch(2)
    teams = [Team.objects.create(name=name) for name in ("North", "South")]
    tags = [Tag.objects.create(name=name) for name in ("fair", "vip")]
    for kind, code in CODES.items():
        CustomFieldFactory(code=code, kind=kind, choices="Gold\nSilver" if kind == "choice" else "")
    household = CustomerFactory(kind="household", reference="H1")
    purpose = PurposeFactory()
    made = []
    for _ in range(60):
        made.append(a_customer(chance, staff, sources, teams, household))
        made[-1].tags.set(chance.sample(tags, chance.randrange(3)))
        dealings(made[-1], purpose, chance)
        if chance.random() < 0.8:
            figures(run, made[-1], chance, len(made))
    return made


def a_customer(chance: random.Random, staff: Any, sources: Any, teams: Any, household: Customer) -> Customer:
    pick = chance.choice
    return CustomerFactory(
        kind=pick(["person", "company"]), name=pick(["Dupont", "dubois", "Zola"]), given_name=pick(["Ann", ""]),
        email=pick(["ann@example.com", ""]), phone=pick(["+33 1", ""]), street=pick(["Rue A", ""]),
        postal_code=pick(["69001", "69002", ""]), city=pick(TOWNS), country=pick(["France", "Spain", ""]),
        language=pick(["en", "fr", ""]), owner=pick([*staff, None]), team=pick([*teams, None]),
        source=pick([*sources, None]), acquired_on=pick(DAYS), acquisition_cost=pick([*AMOUNTS[1:], None]),
        birth_date=pick([dt.date(1980, 7, 1), dt.date(1996, 2, 29), dt.date(1970, 6, 30), None]),
        preferred_channel=pick(["email", "phone", ""]), member_of=pick([household, None]),
        best_time=pick(["Evening", ""]), needs=pick(["Oak", "oak, ash", ""]),
        created_at=timezone.make_aware(dt.datetime.combine(pick(DAYS[:4]), pick([dt.time(), dt.time(23, 59, 59)]))),
        custom={code: value for code in CUSTOM if (value := pick(CUSTOM[code])) is not None},
    )  # fmt: skip


def dealings(customer: Customer, purpose: Purpose, chance: random.Random) -> None:
    for direction in chance.choices(["inbound", "outbound", "observed"], k=chance.randrange(3)):
        day = chance.choice(DAYS[:3])
        at = timezone.make_aware(dt.datetime.combine(day, dt.time(chance.randrange(24))))
        ContactMomentFactory(customer=customer, direction=direction, occurred_at=at)
    for hours in range(chance.randrange(3)):
        at = timezone.make_aware(dt.datetime.combine(TODAY, dt.time(hours)))
        ConsentFactory(customer=customer, purpose=purpose, given=chance.random() < 0.5, at=at)
    for _ in range(chance.randrange(2)):
        done = chance.choice([timezone.now(), None])
        TaskFactory(customer=customer, due_on=TODAY + dt.timedelta(days=chance.choice([-1, 1])), done_at=done)


def figures(run: Run, customer: Customer, chance: random.Random, rank: int) -> None:
    pick = chance.choice
    ScorecardFactory(
        run=run, customer=customer, stage=pick(["prospect", "customer"]), category=pick([1, 2, 3, 4, None]),
        orders=pick([0, 1, 7]), first_order_on=pick(DAYS), last_order_on=pick(DAYS),
        place=pick([rank, None]), profit=pick(AMOUNTS), net_revenue=pick(AMOUNTS), gross_margin=pick(AMOUNTS),
        cost_to_serve=pick(AMOUNTS), direct_costs=pick(AMOUNTS), lifetime_value=pick([*AMOUNTS, None]),
        probability_alive=pick([0.0, 0.25, 0.75, None]), expected_orders=pick([0.5, 2.5, None]),
        churn_risk=pick([0.125, 0.5, None]), rfm=pick([111, 534, 251, None]),
    )  # fmt: skip


# --- What Python says -------------------------------------------------------------------------------------------------


def holds(operator: str, value: Any, given: list[Any]) -> bool:
    """Whether a value passes, as somebody who reads the words would say."""
    if operator in {"empty", "known"}:
        return (value in (None, "", ())) is (operator == "empty")
    if isinstance(value, tuple):
        return bool(set(value) & set(given)) is (operator in {"is", "in"})
    if operator in {"not", "out", "lacks"}:
        return not holds({"not": "is", "out": "in", "lacks": "contains"}[operator], value, given)
    if value is None:
        return False
    return compared(operator, value, given)


def compared(operator: str, value: Any, given: list[Any]) -> bool:
    first, last = given[0], given[-1]
    tests: dict[str, Callable[[], bool]] = {
        "is": lambda: same(value) in map(same, given),
        "in": lambda: same(value) in map(same, given),
        "contains": lambda: same(first) in same(value),
        "starts": lambda: same(value).startswith(same(first)),
        "least": lambda: value >= first,
        "most": lambda: value <= first,
        "between": lambda: first <= value <= last,
        "before": lambda: value < first,
        "after": lambda: value > first,
        "last": lambda: TODAY - dt.timedelta(days=first) < value <= TODAY,
        "next": lambda: TODAY <= value < TODAY + dt.timedelta(days=first),
        "anew": lambda: value.month * 100 + value.day in birthdays_from(TODAY, first),
        "ago": lambda: value <= TODAY - dt.timedelta(days=first),
    }
    return tests[operator]()


def same(value: Any) -> Any:
    return value.upper() if isinstance(value, str) else value


def value_of(name: str, customer: Customer, ranked: int) -> Any:
    """What a customer has in a field."""
    match name:
        case "tags":
            return tuple(customer.tags.values_list("pk", flat=True))
        case "owner" | "team" | "source":
            return getattr(customer, f"{name}_id")
        case "created":
            return timezone.localdate(customer.created_at)
        case "member_of":
            return customer.member_of and customer.member_of.reference
        case "last_contact":
            met = customer.moments.exclude(direction=ContactMoment.Direction.OBSERVED).latest_first().first()
            return met and timezone.localdate(met.occurred_at)
        case "open_task":
            return customer.tasks.filter(done_at=None).exists()
        case "overdue_task":
            return customer.tasks.filter(done_at=None, due_on__lt=TODAY).exists()
        case "birthday":
            return customer.birth_date
        case "percentile":
            return customer.rank and Decimal(customer.rank) * 100 / ranked
        case "probability_alive" | "churn_risk":
            share = getattr(customer, name)
            return None if share is None else Decimal(str(share)) * 100
        case "recency" | "frequency" | "spending":
            place = ("recency", "frequency", "spending").index(name)
            return customer.rfm and int(str(customer.rfm)[place])
    if name.startswith("consent_"):
        said = customer.consents.filter(channel=name.split("_")[1]).latest_first().first()
        return said and said.given
    if name.startswith(custom_fields.PREFIX):
        return own_value(name.removeprefix(custom_fields.PREFIX), customer)
    return getattr(customer, name)


def own_value(code: str, customer: Customer) -> Any:
    field = next(field for field in custom_fields.fields() if field.code == code)
    value = custom_fields.read(field, customer.custom)
    # A text among numbers or days is no number and no day.
    return None if isinstance(value, str) and field.kind in {"number", "date"} else value


def asked(field: Any, operator: str, customers: list[Customer], ranked: int, chance: random.Random) -> list[Any]:
    """Values to compare by, mostly such as somebody has."""
    takes = OPERATORS[operator].takes
    if takes == "none":
        return []
    if takes == "days":
        return [chance.choice([1, 2, 31, 400])]
    if KINDS[field.kind].control == "choice":
        offered = [value for value, _label in field.choices()]
        return chance.sample(offered, min(len(offered), 2 if takes == "many" else 1))
    had = [value_of(field.name, customer, ranked) for customer in chance.sample(customers, 12)]
    values = sorted({short(value) for value in had if value not in (None, "")})
    if field.kind == "text" and operator in {"contains", "lacks", "starts"} and values:
        return [chance.choice(values)[: chance.choice([1, 3])]]
    count = {"one": 1, "two": 2}.get(takes, 2)
    return sorted(chance.choices(values, k=count)) if values else []


def short(value: Any) -> Any:
    """A value as somebody would type it: a share of a ranking has no end of decimal places."""
    return value.quantize(Decimal("0.01")) if isinstance(value, Decimal) else value


def as_text(value: Any) -> str:
    return f"{value:f}" if isinstance(value, Decimal) else str(value)


# --- Both together ----------------------------------------------------------------------------------------------------


def narrowed(where: Where, run: Run, expected: Expected | None = None) -> set[int]:
    query = QueryDict(mutable=True)
    query["where"] = write(where)
    filters = CustomerFilters(query, choices=filter_choices(), run=run, today=TODAY, expected=expected)
    assert not filters.errors, filters.errors
    return set(filters.apply(portfolio(Customer.objects.all(), run, filters.figures)).values_list("pk", flat=True))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_every_operator_of_every_field_finds_what_python_finds(seed: int) -> None:
    chance, run = random.Random(seed), RunFactory(totals={"ranking": {"customers": 37}})
    some_customers(run, chance)
    customers = list(portfolio(Customer.objects.select_related("member_of"), run, FIGURES))
    fields, tried = CustomerFields(None, run), set()
    for field in (field for field in fields.values() if field.kind != "words"):
        for operator in field.operators:
            given = asked(field, operator, customers, 37, chance)
            if not given and OPERATORS[operator].takes != "none":
                continue
            condition = Condition(field.name, operator, tuple(map(as_text, given)))
            asks = "anew" if field.kind == "birthday" else operator
            expected = {each.pk for each in customers if holds(asks, value_of(field.name, each, 37), given)}
            assert narrowed(Where((Group((condition,)),)), run) == expected, (condition, seed)
            tried.add((field.kind, operator))
    wanted = {(kind, operator) for kind in KINDS if kind != "words" for operator in KINDS[kind].operators}
    assert wanted <= tried


def test_groups_join_conditions_by_all_and_by_any(run: Run) -> None:
    for city, profit in (("Lyon", 5), ("Metz", -5), ("Lyon", -9), ("Gap", -9)):
        ScorecardFactory(run=run, customer=CustomerFactory(city=city), profit=profit)
    towns = Group((Condition("city", "is", ("Lyon",)), Condition("city", "is", ("Metz",))), "any")
    losing = Group((Condition("profit", "most", ("0",)),))
    found = {joint: len(narrowed(Where((towns, losing), joint), run)) for joint in ("all", "any")}
    cities = Customer.objects.filter(pk__in=narrowed(Where((towns, losing)), run)).values_list("city", flat=True)
    assert (sorted(cities), found) == (["Lyon", "Metz"], {"all": 2, "any": 4})


ALTERNATIVES = (
    "any(profit:most:0;city:is:lyon;last_contact:last:2)",
    "any(tags:known;open_task:is:True);all(kind:is:person)",
    "kind:is:person;any(member_of:known;category:is:1);any(owner:empty;words:has:du)",
    "either(all(profit:least:1;kind:is:person);all(last_contact:empty);any(city:empty;tags:empty))",
    "either(any(custom_tier:is:Gold;consent_email_{purpose}:is:True);all(order_count:most:1;birthday:next:31))",
    "any(city:is:Lyon;city:is:Gap)",
    "either(all(profit:most:0))",
)


@pytest.mark.parametrize("text", ALTERNATIVES)
def test_alternatives_looked_up_one_by_one_are_those_asked_together(text: str, run: Run) -> None:
    some_customers(run, random.Random(5))
    where = read(text.replace("{purpose}", str(Purpose.objects.get().pk)))
    together = narrowed(where, run)
    assert 0 < len(together) < 61
    assert narrowed(where, run, expected=lambda rows: 0) == together
    assert narrowed(where, run, expected=expected_rows) == together


def test_alternatives_of_many_are_asked_together(run: Run) -> None:
    CustomerFactory(city="Lyon")
    where = read("any(city:is:Lyon;tags:known)")
    with CaptureQueriesContext(connection) as queries:
        narrowed(where, run, expected=lambda rows: FEW)
        narrowed(where, run, expected=lambda rows: 0)
    assert ["UNION" in query["sql"] for query in queries if "UPPER" in query["sql"]] == [False, True]


def test_words_find_what_the_search_finds(run: Run) -> None:
    found = CustomerFactory(name="Étangval", city="Besançon")
    CustomerFactory(name="Martin")
    assert narrowed(Where((Group((Condition("words", "has", ("etang besan",)),)),)), run) == {found.pk}


@pytest.mark.parametrize(
    ("today", "days", "expected"),
    [
        (dt.date(2026, 2, 28), 1, [228, 229]),
        (dt.date(2028, 2, 28), 1, [228]),
        (dt.date(2028, 2, 28), 2, [228, 229]),
        (dt.date(2026, 12, 31), 2, [101, 1231]),
    ],
)
def test_a_birthday_on_the_29_of_february_comes_every_year(today: dt.date, days: int, expected: list[int]) -> None:
    assert birthdays_from(today, days) == expected


def test_every_field_has_a_name_of_its_own_and_a_known_kind() -> None:
    names = [field.name for field in REGISTER]
    assert len(names) == len(set(names))
    assert {field.kind for field in REGISTER} <= KINDS.keys()
