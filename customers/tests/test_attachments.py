"""Documents on a customer's file: inert, checked, and gone when they are deleted."""

from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError
from django.test import Client

from customers.contacting import forms
from customers.contacting.documents import attach, safe_name
from customers.models import Attachment, Customer
from customers.tests.factories import CustomerFactory, user_with

pytestmark = pytest.mark.django_db
RIGHTS = ("view_customer", "view_attachment", "add_attachment", "delete_attachment")


@pytest.fixture
def staff(client: Client) -> Client:
    client.force_login(user_with(*(f"customers.{right}" for right in RIGHTS), username="staff"))
    return client


@pytest.fixture
def customer() -> Customer:
    return CustomerFactory()


def upload(staff: Client, customer: Customer, name: str = "a.pdf", content: bytes = b"%PDF") -> int:
    file = SimpleUploadedFile(name, content, content_type="text/html")
    return staff.post(f"/customers/{customer.pk}/documents/", {"file": file}).status_code


def test_a_document_is_added_listed_and_given_back_as_it_was(staff: Client, customer: Customer) -> None:
    assert upload(staff, customer, "Offer 2026.pdf", b"%PDF-1") == 302
    document = Attachment.objects.get()
    assert (document.name, document.size, document.uploaded_by and document.uploaded_by.username) == (
        "Offer 2026.pdf",
        6,
        "staff",
    )
    assert "Offer 2026.pdf" in staff.get(f"/customers/{customer.pk}/documents/").content.decode()
    response = staff.get(f"/documents/{document.pk}/")
    assert b"".join(response.streaming_content) == b"%PDF-1"  # type: ignore[attr-defined]


@pytest.mark.parametrize("name", ["page.html", "drawing.svg", "macro.xlsm", "page.html\r\nX-Evil: 1", 'a".html'])
def test_whatever_it_is_a_browser_only_saves_it(staff: Client, customer: Customer, name: str) -> None:
    document = attach(customer=customer, name=name, content=ContentFile(b"<script>alert(1)</script>"))
    response = staff.get(f"/documents/{document.pk}/")
    assert response["Content-Type"] == "application/octet-stream"
    assert response["Content-Disposition"].startswith("attachment;")
    assert response["X-Content-Type-Options"] == "nosniff"
    assert "X-Evil" not in response
    assert "no-store" in response["Cache-Control"]


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\me\\offer.pdf", "offer.pdf"),
        ("offer\x00.pdf\n", "offer.pdf"),
        ("\u202efdp.exe", "fdp.exe"),
        ("..", "document"),
        ("", "document"),
        ("/", "document"),
        ("   .  ", "document"),
        ("x" * 300 + ".pdf", "x" * 196 + ".pdf"),
        ("Facture d’été.pdf", "Facture d’été.pdf"),
    ],
)
def test_of_a_name_only_the_harmless_part_is_kept(name: str, kept: str) -> None:
    assert safe_name(name) == kept


def test_nothing_of_its_name_is_on_the_disk(customer: Customer) -> None:
    document = attach(customer=customer, name="../evil.html", content=ContentFile(b"x"))
    path = Path(document.file.path)
    assert path.is_relative_to(Path(document.file.storage.location))  # type: ignore[attr-defined]
    assert "evil" not in path.name
    assert path.suffix == ""


@pytest.mark.parametrize(("size", "status"), [(10, 302), (11, 422), (0, 422)])
def test_a_document_has_a_largest_size(
    staff: Client, customer: Customer, monkeypatch: pytest.MonkeyPatch, size: int, status: int
) -> None:
    monkeypatch.setattr(forms, "LARGEST", 10)
    assert upload(staff, customer, content=b"x" * size) == status
    assert Attachment.objects.count() == (status == 302)


def test_a_form_without_a_file_is_refused(staff: Client, customer: Customer) -> None:
    assert staff.post(f"/customers/{customer.pk}/documents/").status_code == 422


def test_a_document_is_deleted_only_after_asking(
    staff: Client, customer: Customer, django_capture_on_commit_callbacks: pytest.FixtureRequest
) -> None:
    document = attach(customer=customer, name="a.pdf", content=ContentFile(b"x"))
    path = Path(document.file.path)
    assert "a.pdf" in staff.get(f"/documents/{document.pk}/delete/").content.decode()
    assert path.exists()
    with django_capture_on_commit_callbacks(execute=True):  # type: ignore[operator]
        staff.post(f"/documents/{document.pk}/delete/")
    assert not path.exists()
    assert not Attachment.objects.exists()


def test_documents_of_somebody_elses_customer_are_not_there(staff: Client) -> None:
    foreign = CustomerFactory(owner=user_with())
    document = attach(customer=foreign, name="a.pdf", content=ContentFile(b"x"))
    assert staff.get(f"/documents/{document.pk}/").status_code == 404
    assert staff.post(f"/documents/{document.pk}/delete/").status_code == 404
    assert staff.get(f"/customers/{foreign.pk}/documents/").status_code == 404
    assert upload(staff, foreign) == 404
    assert Attachment.objects.count() == 1


def test_whoever_may_only_read_neither_adds_nor_deletes(client: Client, customer: Customer) -> None:
    client.force_login(user_with("customers.view_customer", "customers.view_attachment"))
    document = attach(customer=customer, name="a.pdf", content=ContentFile(b"x"))
    assert client.get(f"/documents/{document.pk}/").status_code == 200
    assert upload(client, customer) == 403
    assert client.post(f"/documents/{document.pk}/delete/").status_code == 403
    assert Attachment.objects.count() == 1


def test_a_document_whose_content_is_lost_is_not_there(staff: Client, customer: Customer) -> None:
    document = attach(customer=customer, name="a.pdf", content=ContentFile(b"x"))
    Path(document.file.path).unlink()
    assert staff.get(f"/documents/{document.pk}/").status_code == 404


def test_a_file_whose_row_fails_does_not_stay_behind(customer: Customer, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(attachment: Attachment) -> None:
        raise DatabaseError

    folder = Path(Attachment._meta.get_field("file").storage.location)  # type: ignore[union-attr]
    before = set(folder.rglob("*"))
    monkeypatch.setattr(Attachment, "save", fail)
    with pytest.raises(DatabaseError):
        attach(customer=customer, name="a.pdf", content=ContentFile(b"x"))
    assert {path for path in folder.rglob("*") if path.is_file()} <= before
