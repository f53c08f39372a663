"""Contact persons from files, and members whose household or company stands in the same file."""

from pathlib import Path

import pytest

from customers.importing.report import ImportReport
from customers.models import Customer, Import
from customers.tests.factories import CustomerFactory
from customers.tests.test_import_customers import Write, figures, reasons, run, write

pytestmark = pytest.mark.django_db
__all__ = ["write"]


def run_persons(path: Path, **wishes: str) -> ImportReport:
    return run(path, kind=Import.Kind.PERSONS, **wishes)


def test_a_person_belongs_to_the_company_of_this_reference_or_name(write: Write) -> None:
    company = CustomerFactory(reference="F1", name="Dumont & Fils", given_name="", kind="company")
    path = write(
        "Société;Nom;Prénom;Courriel",
        "F1;Aubert;Adèle;a@example.com",
        "DUMONT & fils;Bernard;Bruno;b@example.com",
        "Elsewhere;Chevalier;Chloé;c@example.com",
        ";Denis;Denis;d@example.com",
    )
    report = run_persons(path, key="email")
    assert figures(report) == (2, 0, 0, 2)
    assert reasons(report) == [
        (4, "Société", "Elsewhere", "member_not_found"),
        (5, "Société", "", "missing_value"),
    ]
    persons = Customer.objects.filter(member_of=company)
    assert set(persons.values_list("name", "kind")) == {("Aubert", "person"), ("Bernard", "person")}
    assert figures(run_persons(path, key="email")) == (0, 0, 2, 2)


def test_a_company_name_that_several_have_is_not_guessed(write: Write) -> None:
    CustomerFactory.create_batch(2, name="Dumont", given_name="", kind="company")
    report = run_persons(write("company,name,email", "Dumont,Aubert,a@example.com"), key="email")
    assert reasons(report) == [(2, "company", "Dumont", "member_ambiguous")]


def test_a_person_is_never_taken_for_a_company(write: Write) -> None:
    CustomerFactory(reference="P1", name="Dumont", given_name="", kind="person")
    report = run_persons(write("company,name,email", "P1,Aubert,a@example.com"), key="email")
    assert reasons(report) == [(2, "company", "P1", "member_not_found")]


def test_members_may_stand_in_the_same_file_as_their_household(write: Write) -> None:
    path = write(
        "reference,kind,name,given name,member of",
        "K1,person,Aubert,Adèle,H1",
        "H1,household,Aubert,,",
        "K2,person,Faure,Farid,H2",
        "H2,household,,,",
        "H3,household,Girard,,H3",
    )
    report = run(path)
    assert Customer.objects.get(reference="K1").member_of.reference == "H1"
    assert [(line, why) for line, _, _, why in reasons(report)] == [
        (4, "member_not_found"),
        (5, "missing_value"),
        (6, "member_not_found"),
    ]
    assert figures(run(path)) == (0, 0, 2, 3)
