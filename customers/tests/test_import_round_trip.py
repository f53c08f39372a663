"""What the customer list exports is imported again unchanged, in both languages and both formats."""

import datetime as dt
from decimal import Decimal
from pathlib import Path

import pytest
from django.test import Client
from django.urls import reverse

from customers.import_actions import import_people
from customers.importing.subjects import Wish
from customers.models import Customer, Import
from customers.tables import FILED, IDENTITY
from customers.tests.factories import (
    AcquisitionSourceFactory,
    CustomerFactory,
    CustomFieldFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db
EVERYTHING = [column.name for column in (*IDENTITY, *FILED)]


@pytest.fixture(autouse=True)
def customers() -> None:
    """Customers with everything that a file can spoil."""
    CustomFieldFactory(code="size", name="Size", name_fr="Taille", kind="number")
    CustomFieldFactory(code="member", name="Club member", name_fr="Membre du club", kind="yes_no")
    CustomFieldFactory(code="since", name="Since", name_fr="Depuis", kind="date")
    CustomFieldFactory(code="colour", name="Colour", name_fr="Couleur", kind="choice", choices="Bleu ciel\nRouge")
    company = CustomerFactory(reference="F1", kind="company", name="=Dumont;Fils", given_name="", country="Allemagne")
    CustomerFactory(
        reference="-12",
        name="Le Goff",
        given_name="Anne",
        email="anne@example.com",
        phone="+33 6 12 34 56 78",
        street='12, rue "Haute"',
        postal_code="01000",
        country="EIRE",
        language="fr",
        member_of=company,
        owner=UserFactory(username="claire", first_name="Claire", last_name="Petit"),
        source=AcquisitionSourceFactory(name="Fair", name_fr="Salon"),
        birth_date=dt.date(1980, 2, 1),
        preferred_channel="phone",
        best_time="after 5",
        needs="First line\nSecond; line",
        custom={"size": "1.5", "member": True, "since": "2020-03-04", "colour": "Rouge"},
        acquisition_cost=Decimal("12.50"),
        acquired_on=dt.date(2021, 3, 4),
    )
    CustomerFactory(reference="H1", kind="household", name="Aubert", given_name="", custom={"member": False})
    CustomerFactory(reference="'quoted", name="Jean Jean", given_name="Jean", city="'s-Hertogenbosch")


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
@pytest.mark.parametrize("language", ["en", "fr"])
@pytest.mark.parametrize("everything", [True, False])
def test_an_export_is_imported_again_and_changes_nothing(
    visitor: Client, tmp_path: Path, language: str, ending: str, everything: bool
) -> None:
    columns = [*EVERYTHING, *(f"custom_{code}" for code in ("size", "member", "since", "colour"))]
    parameters = {"format": ending, "col": columns if everything else []}
    response = visitor.get(reverse("customers"), parameters, headers={"Accept-Language": language})
    path = tmp_path / f"customers.{ending}"
    path.write_bytes(b"".join(response.streaming_content))
    before = list(Customer.objects.order_by("id").values())
    report = import_people(path=path, wish=Wish(Import.Kind.CUSTOMERS))
    assert report.rejections == []
    assert (report.created, report.updated, report.skipped) == (0, 0, 4)
    assert list(Customer.objects.order_by("id").values()) == before
    if everything:
        assert report.mapping.count("#") == len(columns)


@pytest.mark.parametrize("ending", ["csv", "xlsx"])
def test_customers_who_are_gone_come_back_from_an_export(visitor: Client, tmp_path: Path, ending: str) -> None:
    columns = [*EVERYTHING, "custom_size", "custom_member", "custom_since", "custom_colour"]
    response = visitor.get(reverse("customers"), {"format": ending, "col": columns})
    path = tmp_path / f"customers.{ending}"
    path.write_bytes(b"".join(response.streaming_content))
    kept = [field.attname for field in Customer._meta.concrete_fields if field.attname not in CHANGING]
    before = list(Customer.objects.order_by("reference").values(*kept))
    Customer.objects.all().delete()
    report = import_people(path=path, wish=Wish(Import.Kind.CUSTOMERS))
    assert (report.created, report.rejections) == (4, [])
    for row in before:
        if row["reference"] == "F1":
            row["country"] = "Germany"
    assert list(Customer.objects.order_by("reference").values(*kept)) == before
    assert Customer.objects.get(reference="-12").member_of.reference == "F1"


CHANGING = {"id", "member_of_id", "source_import_id", "created_at", "search_vector"}
