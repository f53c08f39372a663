"""Contact moments from files: given to their customers, once."""

import datetime as dt
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from crm_site.lib.accounts.models import User
from customers.import_actions import import_people
from customers.importing.report import ImportReport
from customers.importing.subjects import Wish
from customers.models import ContactMoment, Customer, Import
from customers.models.moment import Touchpoint
from customers.tests.factories import (
    CompanyFactory,
    ContactMomentFactory,
    CustomerFactory,
    TouchpointFactory,
    UserFactory,
    user_with,
)
from customers.tests.test_import_customers import Write, figures, reasons, write

pytestmark = pytest.mark.django_db
__all__ = ["write"]

PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture(autouse=True)
def customer() -> Customer:
    CompanyFactory()
    return CustomerFactory(reference="K1", name="Aubert", email="a@example.com", phone="06 12 34 56 78")


@pytest.fixture(autouse=True)
def call() -> Touchpoint:
    return TouchpointFactory(name="Service call", name_fr="Appel au service")


def run(path: Path, user: User | None = None) -> ImportReport:
    report = import_people(path=path, wish=Wish(Import.Kind.MOMENTS), user=user)
    assert report.accepted + report.rejected + report.skipped == report.rows
    return report


def test_a_row_becomes_a_contact_moment_in_the_file_of_its_customer(write: Write, customer: Customer) -> None:
    employee = UserFactory(username="claire")
    person = CustomerFactory(reference="P1", member_of=customer)
    path = write(
        "Réf client;Date;Point de contact;Sens;Durée (minutes);Employé;Résumé;Résultat;Sentiment;Contact",
        "K1;03/04/2026 14:30;appel au service;sortant;12,5;Claire;A demandé son colis;Joint;Satisfait;P1",
    )
    assert figures(run(path)) == (1, 0, 0, 0)
    moment = ContactMoment.objects.get()
    assert (moment.customer, moment.employee, moment.person) == (customer, employee, person)
    assert moment.occurred_at == dt.datetime(2026, 4, 3, 14, 30, tzinfo=PARIS)
    assert (moment.direction, moment.minutes, moment.result, moment.sentiment) == (
        "outbound",
        Decimal("12.50"),
        "reached",
        1,
    )


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-04-03", dt.datetime(2026, 4, 3, tzinfo=PARIS)),
        ("3/4/2026", dt.datetime(2026, 4, 3, tzinfo=PARIS)),
        ("2026-04-03T14:30:05", dt.datetime(2026, 4, 3, 14, 30, 5, tzinfo=PARIS)),
        ("2026-04-03 12:30Z", dt.datetime(2026, 4, 3, 12, 30, tzinfo=dt.UTC)),
    ],
)
def test_days_and_times_are_those_of_the_company(write: Write, text: str, moment: dt.datetime) -> None:
    run(write("customer,date,touchpoint", f"K1,{text},Service call"))
    assert ContactMoment.objects.get().occurred_at == moment


def test_the_customer_is_found_by_the_first_cell_that_names_one(write: Write, customer: Customer) -> None:
    path = write(
        "reference,e-mail,phone,date,touchpoint",
        "K1,,,2026-01-01,Service call",
        ",A@EXAMPLE.com,,2026-01-02,Service call",
        ",,+33612345678,2026-01-03,Service call",
        ",,,2026-01-04,Service call",
        "K9,a@example.com,,2026-01-05,Service call",
    )
    report = run(path)
    assert customer.moments.count() == 3
    assert reasons(report) == [(5, "reference", "", "missing_value"), (6, "reference", "K9", "customer_not_found")]


def test_a_customer_is_found_by_the_name_that_lists_show(write: Write) -> None:
    company = CustomerFactory(given_name="", name="Aubert &  Co")
    person = CustomerFactory(given_name="Élise", name="Zola")
    path = write(
        "Company,Date received,Submitted via",
        "AUBERT & CO,4/3/2026,Service call",
        "élise  zola,4/13/2026,Service call",
        "Nobody,4/14/2026,Service call",
    )
    report = run(path)
    assert reasons(report) == [(4, "Company", "Nobody", "customer_not_found")]
    assert set(ContactMoment.objects.values_list("customer", "occurred_at__date")) == {
        (company.pk, dt.date(2026, 4, 3)),
        (person.pk, dt.date(2026, 4, 13)),
    }


@pytest.mark.parametrize(
    "written",
    ["Élise D’Arcy-Nuñez", "elise d'arcy nunez", "ELISE D'ARCY-NUNEZ", "D'Arcy-Nuñez Élise", "d’arcy nunez,  elise"],
)
def test_a_name_is_found_without_accents_and_in_either_order(write: Write, written: str) -> None:
    person = CustomerFactory(given_name="Élise", name="D'Arcy-Nuñez")
    CustomerFactory(given_name="Elise", name="Darcy")
    report = run(write("name;date;touchpoint", f"{written};2026-01-01;Service call"))
    assert not reasons(report)
    assert person.moments.count() == 1


def test_of_two_names_the_one_in_the_usual_order_is_meant(write: Write) -> None:
    person = CustomerFactory(given_name="Paul", name="Martin")
    CustomerFactory(given_name="Martin", name="Paul")
    report = run(write("name,date,touchpoint", "Paul Martin,2026-01-01,Service call"))
    assert not reasons(report)
    assert person.moments.count() == 1


def test_a_name_that_several_bear_is_not_guessed(write: Write) -> None:
    CustomerFactory.create_batch(2, given_name="", name="Zola")
    report = run(write("name,date,touchpoint", "Zola,2026-01-01,Service call"))
    assert reasons(report) == [(2, "name", "Zola", "ambiguous_key")]


def test_a_phone_that_several_share_is_shown_as_it_was_written(write: Write) -> None:
    CustomerFactory(phone="+33 6 12 34 56 78")
    report = run(write("phone,date,touchpoint", "06.12.34.56.78,2026-01-01,Service call"))
    assert reasons(report) == [(2, "phone", "06.12.34.56.78", "ambiguous_key")]


def test_rows_that_tell_the_same_are_moments_of_their_own_once(write: Write) -> None:
    row = "K1,2026-01-01,Service call,Asked about a card"
    path = write("customer,date,touchpoint,summary", row, row, row)
    assert figures(run(path)) == (3, 0, 0, 0)
    assert figures(run(path)) == (0, 0, 3, 0)
    longer = write("customer,date,touchpoint,summary", row, row, row, row)
    assert figures(run(longer)) == (1, 0, 3, 0)
    assert ContactMoment.objects.count() == 4


def test_a_number_from_elsewhere_knows_a_row_again_whatever_else_it_says(write: Write) -> None:
    header = "external id,customer,date,touchpoint,summary"
    run(write(header, "77,K1,2026-01-01,Service call,One"))
    assert figures(run(write(header, "77,K1,2026-01-01,Service call,Said otherwise"))) == (0, 0, 1, 0)
    assert ContactMoment.objects.get().summary == "One"


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("K1,,Service call,,", "date", "missing_value"),
        ("K1,2999-01-01,Service call,,", "date", "future_moment"),
        ("K1,yesterday,Service call,,", "date", "bad_date"),
        ("K1,2026-01-01,Telepathy,,", "touchpoint", "unknown_touchpoint"),
        ("K1,2026-01-01,,,", "touchpoint", "missing_value"),
        ("K1,2026-01-01,Service call,-5,", "minutes", "below_zero"),
        ("K1,2026-01-01,Service call,,sideways", "direction", "unknown_direction"),
    ],
)
def test_a_row_that_cannot_be_taken_tells_where_and_why(write: Write, row: str, column: str, reason: str) -> None:
    report = run(write("customer,date,touchpoint,minutes,direction", row))
    assert [(line, at, why) for line, at, _, why in reasons(report)] == [(2, column, reason)]


def test_the_person_spoken_with_belongs_to_the_customer(write: Write) -> None:
    CustomerFactory(reference="P1")
    report = run(write("customer,date,touchpoint,person", "K1,2026-01-01,Service call,P1"))
    assert reasons(report) == [(2, "person", "P1", "person_not_found")]


def test_nobody_adds_to_files_that_they_do_not_see(write: Write) -> None:
    user = user_with("customers.view_customer")
    CustomerFactory(reference="MINE", owner=user)
    CustomerFactory(reference="THEIRS", owner=UserFactory())
    path = write("customer,date,touchpoint", "MINE,2026-01-01,Service call", "THEIRS,2026-01-01,Service call")
    report = run(path, user)
    assert (report.created, reasons(report)) == (1, [(3, "customer", "THEIRS", "customer_not_found")])


def test_moments_noted_by_hand_are_no_obstacle(write: Write, customer: Customer) -> None:
    ContactMomentFactory.create_batch(2, customer=customer)
    assert run(write("customer,date,touchpoint", "K1,2026-01-01,Service call")).created == 1
