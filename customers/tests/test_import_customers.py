"""What becomes of the rows of a file of customers: added, changed, skipped or rejected, and always accounted for."""

import datetime as dt
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from crm_site.lib.accounts.models import User
from customers.import_actions import import_people
from customers.importing.problems import ImportProblem
from customers.importing.report import ImportReport
from customers.importing.subjects import Wish
from customers.models import Customer, Import, ImportRejection
from customers.tests.factories import (
    AcquisitionSourceFactory,
    CompanyFactory,
    CustomerFactory,
    CustomFieldFactory,
    UserFactory,
    user_with,
)

pytestmark = pytest.mark.django_db

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes lines into a file and answers its path."""

    def write(*lines: str, name: str = "customers.csv", encoding: str = "utf-8") -> Path:
        path = tmp_path / name
        path.write_bytes("".join(f"{line}\n" for line in lines).encode(encoding))
        return path

    return write


def run(path: Path, mapping: str = "auto", *, user: User | None = None, **wishes: Any) -> ImportReport:
    CompanyFactory()
    wish = Wish(wishes.pop("kind", Import.Kind.CUSTOMERS), **wishes)
    report = import_people(path=path, wish=wish, mapping=mapping, user=user)
    assert report.accepted + report.rejected + report.skipped == report.rows
    assert report.created + report.updated == report.accepted
    return report


def reasons(report: ImportReport) -> list[tuple[int, str, str, str]]:
    return [(r.line, r.column, r.value, r.reason) for r in report.rejections]


def figures(report: ImportReport) -> tuple[int, int, int, int]:
    return report.created, report.updated, report.skipped, report.rejected


# --- New customers ----------------------------------------------------------------------------------------------------


def test_a_row_becomes_a_customer_who_is_found_and_sorted_like_any_other(write: Write) -> None:
    path = write(
        "Reference;Kind;Name;Given name;E-mail address;Phone;Street;Postal code;Town;Country;Language;Date of birth",
        "K1;Person;Œuvrard;Élise;elise@example.com;+33 6 12 34 56 78;1 rue X;69001;Lyon;France;French;31/12/1980",
    )
    assert figures(run(path)) == (1, 0, 0, 0)
    customer = Customer.objects.get()
    assert (customer.full_name, customer.kind, customer.language) == ("Élise Œuvrard", "person", "fr")
    assert (customer.birth_date, customer.sort_key) == (dt.date(1980, 12, 31), "oeuvrard elise")
    assert list(Customer.objects.matching("oeuv 336123")) == [customer]
    written = customer.search_text
    customer.fill_search_columns()
    assert customer.search_text == written


def test_new_customers_are_numbered_as_the_file_has_them(write: Write) -> None:
    run(write("reference,name", "K3,Zola", "K1,Aubert", "K2,Le Goff"))
    numbered = Customer.objects.order_by("pk").values_list("reference", flat=True)
    assert list(numbered) == ["K3", "K1", "K2"]


@pytest.mark.parametrize(
    ("header", "field"),
    [
        ("Mail", "email"),
        ("courriel", "email"),
        ("Adresse e-mail", "email"),
        ("Tél.", "phone"),
        ("Code postal", "postal_code"),
        ("Ville", "city"),
        ("Prénom", "given_name"),
        ("PAYS", "country"),
        ("N° client", "reference"),
    ],
)
def test_usual_names_of_columns_are_understood(write: Write, header: str, field: str) -> None:
    value = {"email": "a@example.com", "phone": "0612345678"}.get(field, "Essai")
    run(write(f"Nom;{header}", f"Aubert;{value}"), key="name")
    assert getattr(Customer.objects.get(), field) == value


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16"])
@pytest.mark.parametrize("sign", [";", ",", "\t"])
def test_encodings_and_separators_are_told_by_the_file(write: Write, encoding: str, sign: str) -> None:
    lines = ["Référence Nom Ville", "K1 Étienne Besançon", "K2 Hélène Orléans"]
    run(write(*(line.replace(" ", sign) for line in lines), encoding=encoding))
    assert list(Customer.objects.order_by("reference").values_list("name", "city")) == [
        ("Étienne", "Besançon"),
        ("Hélène", "Orléans"),
    ]


def test_words_of_both_languages_stand_for_the_same(write: Write) -> None:
    path = write(
        "reference,name,kind,country,language,preferred_channel",
        "K1,A,Entreprise,Allemagne,français,Téléphone",
        "K2,B,company,DE,fr,phone",
        "K3,C,Société,Germany,French,call",
    )
    run(path)
    rows = Customer.objects.values_list("kind", "country", "language", "preferred_channel")
    assert set(rows) == {("company", "Germany", "fr", "phone")}


def test_days_come_first_and_decimals_follow_a_comma(write: Write) -> None:
    run(write("name;acquired on;acquisition cost", "A;03/04/2026;12,50", "B;2026-04-03;1 234,5"), key="name")
    assert set(Customer.objects.values_list("acquired_on", "acquisition_cost")) == {
        (dt.date(2026, 4, 3), Decimal("12.50")),
        (dt.date(2026, 4, 3), Decimal("1234.50")),
    }


def test_customers_without_reference_get_one_that_is_free(write: Write) -> None:
    CustomerFactory(reference="C000041", email="")
    run(write("name,e-mail", "Aubert,a@example.com", "Bernard,b@example.com"), key="email")
    assert list(Customer.objects.order_by("reference").values_list("reference", flat=True)) == [
        "C000041",
        "C000042",
        "C000043",
    ]
    assert Customer.objects.matching("c000042").get().name == "Aubert"


def test_staff_and_sources_are_named_as_on_screen(write: Write) -> None:
    owner = UserFactory(username="claire", email="claire@example.com", first_name="Claire", last_name="Petit")
    source = AcquisitionSourceFactory(name="Fair", name_fr="Salon")
    path = write(
        "reference,name,owner,acquisition source",
        "K1,A,Claire Petit,salon",
        "K2,B,CLAIRE@example.com,Fair",
        "K3,C,Nobody,Fair",
        "K4,D,,Advert",
    )
    report = run(path)
    assert set(Customer.objects.values_list("owner", "source")) == {(owner.pk, source.pk)}
    assert [reason for *_, reason in reasons(report)] == ["unknown_owner", "unknown_source"]


def test_own_fields_are_filled_by_their_names(write: Write) -> None:
    CustomFieldFactory(code="colour", name="Colour", name_fr="Couleur", kind="choice", choices="Red\nBlue")
    CustomFieldFactory(code="size", name="Size", kind="number")
    CustomFieldFactory(code="member", name="Member", kind="yes_no")
    path = write("Référence;Nom;couleur;Size;Member", "K1;A;blue;1,5;oui", "K2;B;green;2;no", "K3;C;;2;")
    assert reasons(run(path)) == [(3, "couleur", "green", "unknown_choice")]
    assert list(Customer.objects.order_by("reference").values_list("custom", flat=True)) == [
        {"colour": "Blue", "size": "1.5", "member": True},
        {"size": "2"},
    ]


# --- Customers that are here ------------------------------------------------------------------------------------------


def test_an_empty_cell_leaves_what_is_there(write: Write) -> None:
    customer = CustomerFactory(reference="K1", name="Aubert", given_name="Adèle", email="a@example.com", city="Lyon")
    assert figures(run(write("reference,name,email,city", "K1,,,Paris"))) == (0, 1, 0, 0)
    customer.refresh_from_db()
    assert (customer.full_name, customer.email, customer.city) == ("Adèle Aubert", "a@example.com", "Paris")
    assert list(Customer.objects.matching("aubert paris")) == [customer]
    assert not Customer.objects.matching("lyon").exists()


@pytest.mark.parametrize(
    ("key", "row"),
    [
        ("reference", "K1,Aubert,Adèle,,,"),
        ("email", ",,,ADELE@Example.com,,"),
        ("phone", ",,,,0033 6.12.34.56.78,"),
        ("name", ",aubert,ADELE,,,69 001"),
    ],
)
def test_a_customer_is_recognised_by_the_chosen_key(write: Write, key: str, row: str) -> None:
    CustomerFactory(
        reference="K1",
        name="Aubert",
        given_name="Adèle",
        email="adele@example.com",
        phone="06 12 34 56 78",
        postal_code="69001",
    )
    assert run(write("reference,name,given name,email,phone,postal code,city", f"{row},Nice"), key=key).updated == 1
    assert Customer.objects.get().city == "Nice"


def test_rows_that_change_nothing_are_skipped(write: Write) -> None:
    CustomerFactory(reference="K1", name="Aubert", given_name="Adèle", city="Lyon", country="Allemagne")
    report = run(write("reference,name,city,country", "K1,Adèle Aubert,Lyon,Allemagne"))
    assert figures(report) == (0, 0, 1, 0)
    assert Customer.objects.get().country == "Allemagne"


def test_only_new_ones_or_only_known_ones(write: Write) -> None:
    CustomerFactory(reference="K1", city="Lyon")
    path = write("reference,name,city", "K1,,Nice", "K2,Bernard,Nice")
    assert figures(run(path, mode="create")) == (1, 0, 1, 0)
    Customer.objects.filter(reference="K2").delete()
    report = run(path, mode="update")
    assert figures(report) == (0, 1, 0, 1)
    assert reasons(report) == [(3, "reference", "K2", "not_found")]


def test_the_same_file_twice_changes_nothing(write: Write) -> None:
    path = write("name;e-mail;phone;birthday", "Aubert;a@example.com;06 12;1/2/1990", "Bernard;b@example.com;;")
    assert figures(run(path, key="email")) == (2, 0, 0, 0)
    assert figures(run(path, key="email")) == (0, 0, 2, 0)


# --- Rejected rows ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("row", "column", "reason"),
    [
        ("K1,,,,", "name", "missing_value"),
        (",A,,,", "reference", "no_key"),
        ("K1,A,nonsense,,", "email", "bad_email"),
        ("K1,A,,none,", "phone", "bad_phone"),
        ("K1,A,,,tomorrow", "birthday", "bad_date"),
        ("K1,A,,,1/1/2999", "birthday", "future_day"),
        (f"K1,{'x' * 161},,,", "name", "text_too_long"),
        ("K1,A,,", "birthday", "wrong_column_count"),
        ("K1,A\0,,,", "name", "nul_character"),
    ],
)
def test_a_row_that_cannot_be_taken_tells_where_and_why(write: Write, row: str, column: str, reason: str) -> None:
    report = run(write("reference,name,email,phone,birthday", row))
    assert [(line, at, why) for line, at, _, why in reasons(report)] == [(2, column, reason)]
    assert not Customer.objects.exists()


def test_a_date_that_cannot_be_one_does_not_turn_the_others_round(write: Write) -> None:
    report = run(write("reference,name,birthday", "K1,A,12/03/1980", "K2,B,31/99/1980", "K3,C,99/99/1980"))
    assert {why for *_place, why in reasons(report)} == {"bad_date"}
    assert Customer.objects.get().birth_date == dt.date(1980, 3, 12)


def test_a_rejected_row_is_kept_as_it_stood_in_the_file(write: Write) -> None:
    run(write("reference,name,birthday", "K1,A,", "K2,,1/2/1990", "K3,'=B,soon"))
    assert list(ImportRejection.objects.values_list("line", "cells")) == [
        (3, ["K2", "", "1/2/1990"]),
        (4, ["K3", "'=B", "soon"]),
    ]


def test_a_customer_named_twice_is_taken_once(write: Write) -> None:
    report = run(write("reference,name", "K1,A", "K1,B"))
    assert (Customer.objects.get().name, reasons(report)) == ("A", [(3, "reference", "K1", "repeated_row")])


def test_rows_that_say_the_same_are_one(write: Write) -> None:
    report = run(write("reference,name,note", "K1,A,x", "K1,A,x", "K2,B,", "K1,A,y"))
    assert figures(report) == (2, 0, 1, 1)


@pytest.mark.parametrize(("header", "kind"), [("Raison sociale", "company"), ("Company", "company"), ("Nom", "person")])
def test_names_of_companies_make_companies(write: Write, header: str, kind: str) -> None:
    run(write(header, "Dumont"), key="name")
    assert Customer.objects.get().kind == kind


def test_a_reference_belongs_to_one_customer(write: Write) -> None:
    CustomerFactory(reference="K1", email="")
    report = run(
        write("reference,name,email", "K1,A,a@example.com", "K2,B,b@example.com", "K2,C,c@example.com"), key="email"
    )
    assert [(line, why) for line, _, _, why in reasons(report)] == [(2, "reference_taken"), (4, "repeated_row")]


def test_a_key_that_several_customers_share_tells_nothing(write: Write) -> None:
    CustomerFactory.create_batch(2, email="both@example.com")
    report = run(write("name,email", "A,Both@example.com"), key="email")
    assert reasons(report) == [(2, "email", "Both@example.com", "ambiguous_key")]


def test_nobody_changes_customers_that_they_do_not_see(write: Write) -> None:
    user = user_with("customers.view_customer", "customers.import_customers")
    CustomerFactory(reference="MINE", owner=user, city="Lyon")
    CustomerFactory(reference="THEIRS", owner=UserFactory(), city="Lyon")
    report = run(write("reference,name,city", "MINE,,Nice", "THEIRS,,Nice", "NEW,A,Nice"), user=user)
    assert figures(report) == (1, 1, 0, 1)
    assert reasons(report) == [(3, "reference", "THEIRS", "not_found")]
    assert Customer.objects.get(reference="THEIRS").city == "Lyon"


@pytest.mark.parametrize(
    ("header", "wishes", "code"),
    [
        ("e-mail,colour", {}, "key_unnamed"),
        ("reference,e-mail", {}, "name_unnamed"),
        ("reference,name", {"kind": "contact-persons"}, "member_unnamed"),
        ("colour,size", {}, "incomplete_mapping"),
    ],
)
def test_a_file_whose_columns_do_not_suffice_is_refused(
    write: Write, header: str, wishes: dict[str, str], code: str
) -> None:
    with pytest.raises(ImportProblem) as refused:
        run(write(header, "a@example.com,b"), **wishes)
    assert refused.value.code == code
    assert refused.value.sentence
    assert not Import.objects.exists()


def test_a_dry_run_keeps_nothing(write: Write) -> None:
    CustomerFactory(reference="K1", city="Lyon")
    CompanyFactory()
    path = write("reference,name,city", "K1,,Nice", "K2,B,Nice")
    report = import_people(path=path, wish=Wish(Import.Kind.CUSTOMERS), dry_run=True)
    assert (report.created, report.updated) == (1, 1)
    assert Customer.objects.get().city == "Lyon"
    assert not Import.objects.exists()


class Interrupted(Exception):
    """What a test throws in the middle of an import."""


class BreakingOff:
    """Ends the work when its last stage is over."""

    def progress(self, done: int, total: int, stage: str = "") -> None: ...
    def check_stop(self) -> None: ...
    def hold(self) -> None:
        raise Interrupted


def test_a_crash_at_the_last_moment_leaves_nothing_behind(write: Write) -> None:
    CustomerFactory(reference="K1", city="Lyon")
    CompanyFactory()
    path = write("reference,name,city", "K1,,Nice", "K2,B,Nice", "K3,,Nice")
    with pytest.raises(Interrupted):
        import_people(path=path, wish=Wish(Import.Kind.CUSTOMERS), watch=BreakingOff())
    assert Customer.objects.get().city == "Lyon"
    assert not Import.objects.exists()
    assert figures(run(path)) == (1, 1, 0, 1)
