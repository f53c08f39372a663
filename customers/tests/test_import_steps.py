"""Importing customers on screen: upload, columns, preview, result, mending, undoing."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from crm_site.lib.jobs.actions import run_job
from crm_site.lib.jobs.models import Job
from customers.models import Customer, Import
from customers.tests.factories import CompanyFactory, CustomerFactory, UserFactory, user_with

pytestmark = pytest.mark.django_db

RIGHTS = ("view_import", "import_customers", "view_customer", "see_all_customers")
ROWS = "Réf;Qui;Courriel\nK1;Aubert;a@example.com\nK2;;b@example.com\nK3;Chevalier;=nonsense\n".encode()


@pytest.fixture
def manager(client: Client) -> Client:
    CompanyFactory()
    client.force_login(user_with(*(f"customers.{right}" for right in RIGHTS), username="manager"))
    return client


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has uploads of its own."""
    monkeypatch.setattr(settings, "MEDIA_ROOT", tmp_path / "media")


def upload(client: Client, content: bytes = ROWS, **fields: str) -> Import:
    data: dict[str, Any] = {"kind": "customers", "file": SimpleUploadedFile("customers.csv", content), **fields}
    response = client.post(reverse("import-new"), data)
    source = Import.objects.latest("id")
    assert response.status_code == 302, response.content.decode()
    assert response["Location"] == reverse("import-columns", args=[source.pk])
    return source


def named(client: Client, source: Import, **fields: str) -> Any:
    data = {"mode": "both", "key": "reference", "column_0": "reference", "column_1": "name", "column_2": "email"}
    return client.post(reverse("import-columns", args=[source.pk]), data | fields)


def finished(client: Client, content: bytes = ROWS, **fields: str) -> Import:
    source = upload(client, content)
    assert named(client, source, **fields).status_code == 302
    client.post(reverse("import-preview", args=[source.pk]))
    source.refresh_from_db()
    run_job(source.job_id)
    source.refresh_from_db()
    return source


def page_of(client: Client, name: str, source: Import) -> str:
    return client.get(reverse(name, args=[source.pk])).content.decode()


def test_the_columns_are_suggested_from_their_names_beside_some_values(manager: Client) -> None:
    source = upload(manager)
    response = manager.get(reverse("import-columns", args=[source.pk]))
    form = response.context["form"]
    assert [form.initial.get(f"column_{place}") for place in range(3)] == ["reference", None, "email"]
    assert "Aubert · Chevalier" in response.content.decode()
    assert source.key == "reference"


def test_the_preview_tells_of_each_row_what_becomes_of_it_and_changes_nothing(manager: Client) -> None:
    CustomerFactory(reference="K1", name="Aubert", given_name="Adèle", email="")
    source = upload(manager)
    assert named(manager, source)["Location"] == reverse("import-preview", args=[source.pk])
    response = manager.get(reverse("import-preview", args=[source.pk]))
    outcomes = [row.cells[2].text for row in response.context["table"].rows]
    assert outcomes == ["Changes a customer", "Rejected", "Rejected"]
    assert "Adèle Aubert" in response.content.decode()
    assert "The cell is empty." in response.content.decode()
    assert Customer.objects.get().email == ""
    assert Job.objects.count() == 0


def test_the_result_adds_up_and_shows_why_rows_were_rejected(manager: Client) -> None:
    CustomerFactory(reference="K1", name="Aubert", given_name="", email="")
    source = finished(manager)
    assert (source.rows, source.created, source.updated, source.skipped, source.rejected) == (3, 0, 1, 0, 2)
    page = page_of(manager, "import", source)
    for words in ("Changed", "This is not an e-mail address.", "Undo the import", "Courriel"):
        assert words in page
    assert source.requested_by.username == "manager"


def test_rejected_rows_are_mended_and_imported_again_in_their_own_shape(manager: Client) -> None:
    source = finished(manager)
    response = manager.get(reverse("import-rejections", args=[source.pk]))
    text = b"".join(response.streaming_content).decode("utf-8-sig")
    heading, *rows = text.splitlines()
    assert heading.endswith('"Réf","Qui","Courriel"')
    assert rows[1].endswith('"K3","Chevalier","\'=nonsense"')
    mended = text.replace('"K2",""', '"K2","Bernard"').replace("'=nonsense", "c@example.com")
    again = upload(manager, mended.encode())
    form = manager.get(reverse("import-columns", args=[again.pk])).context["form"]
    chosen = {name: form.initial.get(name, "") for name in form.fields if name.startswith("column_")}
    assert list(chosen.values()) == ["", "", "", "", "reference", "name", "email"]
    manager.post(reverse("import-columns", args=[again.pk]), {"mode": "both", "key": "reference", **chosen})
    manager.post(reverse("import-preview", args=[again.pk]))
    again.refresh_from_db()
    run_job(again.job_id)
    again.refresh_from_db()
    assert (again.created, again.rejected) == (2, 0)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"column_0": "name"}, "Two columns are named as Name."),
        ({"column_1": ""}, "No column is named as the name"),
        ({"key": "phone"}, "No column is named as phone"),
        ({"column_0": "", "column_1": "", "column_2": ""}, "Say of at least one column"),
        ({"column_0": "colour"}, "Select a valid choice"),
        ({"mode": "destroy"}, "Select a valid choice"),
    ],
)
def test_columns_that_do_not_suffice_are_refused(manager: Client, fields: dict[str, str], words: str) -> None:
    source = upload(manager)
    response = named(manager, source, **fields)
    assert response.status_code == 422
    assert words in response.content.decode()


def test_columns_whose_names_tell_too_little_wait_to_be_named(manager: Client) -> None:
    source = upload(manager, b"Issue,Whom\nOpening,K1\n", kind="contact-moments")
    page = manager.get(reverse("import-columns", args=[source.pk]))
    assert page.status_code == 200
    assert "Opening" in page.content.decode()
    refused = manager.post(reverse("import-columns", args=[source.pk]), {"column_0": "summary"})
    assert refused.status_code == 422
    assert "does not say which column holds" in refused.content.decode()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "The file is empty"),
        (b"PK\x03\x04 no workbook", "Save it as CSV"),
        (b"name,email\n", "no rows"),
        (b"%PDF-1.7", "not a text file"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_at_once(manager: Client, content: bytes, words: str) -> None:
    data = {"kind": "customers", "file": SimpleUploadedFile("customers.csv", content)}
    response = manager.post(reverse("import-new"), data)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not Import.objects.exists()


def test_a_waiting_file_is_put_away(manager: Client) -> None:
    source = upload(manager)
    assert "Not started" in manager.get(reverse("imports")).content.decode()
    manager.post(reverse("import-drop", args=[source.pk]))
    assert not Import.objects.exists()
    assert not any((Path(settings.MEDIA_ROOT) / "imports").iterdir())


def test_an_import_starts_once(manager: Client) -> None:
    source = upload(manager)
    named(manager, source)
    for _ in range(2):
        manager.post(reverse("import-preview", args=[source.pk]))
    assert Job.objects.count() == 1
    assert manager.get(reverse("import-columns", args=[source.pk])).status_code == 302


def test_the_import_ends_when_its_requester_may_no_longer_import(manager: Client) -> None:
    source = upload(manager)
    named(manager, source)
    manager.post(reverse("import-preview", args=[source.pk]))
    source.refresh_from_db()
    source.requested_by.user_permissions.clear()
    job = run_job(source.job_id)
    assert "may no longer do so" in job.problem
    assert not Customer.objects.exists()


def test_an_import_is_undone_after_a_question(manager: Client) -> None:
    source = finished(manager)
    assert Customer.objects.count() == 1
    assert "What this import added is removed (1)" in page_of(manager, "import-undo", source)
    manager.post(reverse("import-undo", args=[source.pk]))
    source.refresh_from_db()
    run_job(source.undo_job_id)
    assert not Customer.objects.exists()
    page = page_of(manager, "import", source)
    assert "This import was undone" in page
    assert reverse("import-undo", args=[source.pk]) not in page


def test_who_sees_only_some_customers_sees_only_the_own_imports(manager: Client, client: Client) -> None:
    source = upload(manager)
    seller = user_with("customers.view_import", "customers.import_customers", "customers.view_customer")
    client.force_login(seller)
    for name in ("import", "import-columns", "import-preview", "import-rejections", "import-undo"):
        assert client.get(reverse(name, args=[source.pk])).status_code == 404
    own = upload(client)
    assert client.get(reverse("import-columns", args=[own.pk])).status_code == 200


def test_each_kind_of_file_needs_its_own_permission(client: Client) -> None:
    CompanyFactory()
    client.force_login(user_with("customers.view_import", "customers.import_orders"))
    response = client.post(
        reverse("import-new"), {"kind": "customers", "file": SimpleUploadedFile("customers.csv", ROWS)}
    )
    assert response.status_code == 422
    client.force_login(UserFactory())
    assert client.get(reverse("import-new")).status_code == 403
