"""Importing on screen: upload, progress, result, the list of what was rejected."""

import datetime as dt
import os
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from crm_site.lib.jobs.actions import run_job
from crm_site.lib.jobs.models import Job
from customers import import_forms
from customers.import_actions import request_import
from customers.importing.uploads import discard_forgotten
from customers.models import Customer, Import, Order
from customers.tests.factories import CompanyFactory, ImportFactory, ImportRejectionFactory, user_with

pytestmark = pytest.mark.django_db

ORDERS = b"order,customer,date,sku,quantity,unit_price\nA1,C1,2026-06-01,P1,2,9.90\nA2,C1,2026-06-01,=P2,nought,9.90\n"


@pytest.fixture
def manager(client: Client) -> Client:
    CompanyFactory()
    rights = ("view_import", "import_orders", "view_order", "see_all_customers")
    client.force_login(user_with(*(f"customers.{right}" for right in rights)))
    return client


@pytest.fixture
def importer(client: Client) -> Client:
    """Who may import orders as well as customers."""
    CompanyFactory()
    rights = ("view_import", "import_orders", "import_customers", "view_customer", "see_all_customers")
    client.force_login(user_with(*(f"customers.{right}" for right in rights)))
    return client


@pytest.fixture(autouse=True)
def own_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each test has uploads of its own."""
    monkeypatch.setattr(settings, "MEDIA_ROOT", tmp_path / "media")


def upload(content: bytes = ORDERS, name: str = "orders.csv", **fields: str) -> dict[str, object]:
    return {"file": SimpleUploadedFile(name, content), "kind": "orders", "mapping": "auto", **fields}


def waiting_files() -> list[Path]:
    folder = Path(settings.MEDIA_ROOT) / "imports"
    return list(folder.iterdir()) if folder.exists() else []


def imported(client: Client) -> Import:
    client.post(reverse("import-new"), upload())
    source = Import.objects.latest("id")
    run_job(source.job_id)
    source.refresh_from_db()
    return source


def test_an_upload_waits_under_a_random_name_and_shows_its_progress(manager: Client) -> None:
    response = manager.post(reverse("import-new"), upload(name="../../etc/orders.csv"), follow=True)
    source = Import.objects.get()
    assert response.redirect_chain == [(reverse("import", args=[source.pk]), 302)]
    assert (source.file_name, source.job.state) == ("orders.csv", Job.State.QUEUED)
    (file,) = waiting_files()
    assert len(file.name) == 32
    assert file.stat().st_mode & 0o777 == 0o600
    assert f'hx-get="{reverse("import", args=[source.pk])}"' in response.content.decode()
    fragment = manager.get(reverse("import", args=[source.pk]), headers={"HX-Request": "true"})
    assert "<html" not in fragment.content.decode()
    assert "HX-Refresh" not in fragment
    run_job(source.job_id)


def test_the_result_shows_what_became_of_each_row(manager: Client) -> None:
    source = imported(manager)
    assert (source.rows, source.accepted, source.rejected, source.skipped) == (2, 1, 1, 0)
    assert waiting_files() == []
    page = manager.get(reverse("import", args=[source.pk])).content.decode()
    for words in ("nought", "This is not a number.", "Write digits only", f"?source={source.pk}"):
        assert words in page
    fragment = manager.get(reverse("import", args=[source.pk]), headers={"HX-Request": "true"})
    assert fragment["HX-Refresh"] == "true"


def test_the_orders_of_an_import_are_listed(manager: Client) -> None:
    source = imported(manager)
    other = Order.objects.create(number="Other", ordered_on=dt.date(2026, 6, 1))
    page = manager.get(reverse("orders"), {"source": source.pk}).content.decode()
    assert "A1" in page
    assert other.number not in page


def test_rejected_rows_are_downloaded_as_text_that_no_spreadsheet_evaluates(manager: Client) -> None:
    source = ImportFactory(finished_at=timezone.now(), rows=1, rejected=1)
    ImportRejectionFactory(source=source, line=7, column="sku", value="=1+1", reason="too_long")
    response = manager.get(reverse("import-rejections", args=[source.pk]))
    lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()
    assert lines[0].startswith('"Line","Column","Value","Reason"')
    assert lines[1].startswith('7,"sku","\'=1+1","The text is longer than can be kept."')


def test_many_rejected_rows_are_shown_by_the_page_with_few_queries(
    manager: Client, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    source = ImportFactory(finished_at=timezone.now(), rows=60, rejected=60)
    ImportRejectionFactory.create_batch(60, source=source, reason="bad_date", column="Day", value="soon")
    with django_assert_max_num_queries(12):
        response = manager.get(reverse("import", args=[source.pk]))
    assert len(response.context["rejections"].rows) == 25
    second = manager.get(reverse("import", args=[source.pk]) + response.context["paging"].next_url.split("#")[0])
    assert second.context["rejections"].rows[0].cells[0].text > response.context["rejections"].rows[-1].cells[0].text


@pytest.mark.parametrize("place", ["nonsense", "\0", "x" * 3000])
def test_a_place_that_cannot_be_read_shows_the_first_rejected_rows(manager: Client, place: str) -> None:
    source = ImportFactory(finished_at=timezone.now(), rows=1, rejected=1)
    ImportRejectionFactory(source=source)
    assert manager.get(reverse("import", args=[source.pk]), {"after": place}).status_code == 200


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        (upload(b""), "The file is empty"),
        (upload(b"PK\x03\x04 a workbook"), "Save it as CSV"),
        (upload(b"Who,When,What\nC1,2026-06-01,5\n"), "The columns of the file are: Who, When, What"),
        (upload(mapping="columns"), "Name the columns of the file."),
        (upload(mapping="columns", columns="colour=sku"), "no field or option called colour"),
        (upload(mapping="cdnow"), "not as in the CDNOW files"),
        ({"kind": "orders", "mapping": "auto"}, "Choose a file."),
        (upload(mapping="elsewhere"), "Select a valid choice"),
    ],
)
def test_a_wrong_upload_is_refused_beside_its_field_and_leaves_nothing(
    manager: Client, fields: dict[str, object], words: str
) -> None:
    if "file" in fields:
        fields["file"].seek(0)  # type: ignore[attr-defined]
    response = manager.post(reverse("import-new"), fields)
    assert response.status_code == 422
    assert words in response.content.decode()
    assert not Import.objects.exists()
    assert waiting_files() == []


def test_a_file_of_customers_sent_as_orders_points_to_the_choice(importer: Client) -> None:
    response = importer.post(reverse("import-new"), upload(b"Reference,Name,Town\nC1,Dupont,Lyon\n"))
    assert "say so here" in str(response.context["form"].errors["kind"])


def test_the_list_of_customers_leads_to_an_import_of_customers(importer: Client) -> None:
    assert f"{reverse('import-new')}?kind=customers" in importer.get(reverse("customers")).content.decode()
    assert importer.get(f"{reverse('import-new')}?kind=customers").context["form"]["kind"].value() == "customers"


def test_an_encoding_can_be_chosen(manager: Client) -> None:
    rows = "customer,customer_name,date,unit_price\nC1,José,2026-06-01,5\n".encode("cp850")
    assert manager.post(reverse("import-new"), upload(rows)).status_code == 422
    manager.post(reverse("import-new"), upload(rows, encoding="cp850"))
    run_job(Import.objects.get().job_id)
    assert Customer.objects.get().name == "José"


def test_a_file_beyond_the_limit_is_refused(manager: Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_forms, "LARGEST_UPLOAD_MB", 0)
    response = manager.post(reverse("import-new"), upload())
    assert response.status_code == 422
    assert "larger than 0 MB" in response.content.decode()


def test_a_file_that_turns_out_wrong_is_refused_on_its_page_with_nothing_imported(manager: Client) -> None:
    rows = b"".join(b"A%d,C1,2026-06-01,P1,1,5\n" % n for n in range(20_000))
    manager.post(reverse("import-new"), upload(ORDERS + rows + b"\x81\x8d\x8f\x90\x9d\n", columns="", decimal="point"))
    source = Import.objects.get()
    run_job(source.job_id)
    page = manager.get(reverse("import", args=[source.pk])).content.decode()
    assert "Nothing of this file was imported." in page
    assert "Line 20004 of the file is not UTF-8" in page
    assert not Order.objects.exists()
    assert waiting_files() == []


def test_an_import_that_is_done_is_not_done_again(manager: Client) -> None:
    source = imported(manager)
    Job.objects.filter(pk=source.job_id).update(state=Job.State.QUEUED)
    job = run_job(source.job_id)
    source.refresh_from_db()
    assert (job.state, source.accepted, source.skipped) == (Job.State.DONE, 1, 0)


def test_an_upload_whose_file_is_gone_says_so(manager: Client) -> None:
    manager.post(reverse("import-new"), upload())
    for file in waiting_files():
        file.unlink()
    job = run_job(Import.objects.get().job_id)
    assert (job.state, job.problem) == (Job.State.FAILED, "The uploaded file is no longer kept. Upload it again.")


def test_files_that_nobody_waits_for_are_deleted_after_a_week(manager: Client) -> None:
    manager.post(reverse("import-new"), upload())
    (file,) = waiting_files()
    now = timezone.now()
    discard_forgotten(now)
    assert file.exists()
    week_ago = (now - dt.timedelta(days=8)).timestamp()
    os.utime(file, (week_ago, week_ago))
    discard_forgotten(now)
    assert not file.exists()


def test_nothing_is_queued_when_the_request_fails(
    manager: Client, django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("customers.import_actions.enqueue", lambda **_: 1 / 0)
    user = user_with("customers.import_orders")
    with pytest.raises(ZeroDivisionError):
        request_import(upload=SimpleUploadedFile("orders.csv", ORDERS), mapping="auto", requested_by=user)
    assert not Import.objects.exists()
    assert waiting_files() == []


def test_the_list_of_imports_shows_each_with_its_state(manager: Client) -> None:
    assert "Nothing imported yet" in manager.get(reverse("imports")).content.decode()
    source = imported(manager)
    page = manager.get(reverse("imports")).content.decode()
    assert reverse("import", args=[source.pk]) in page
    assert "pill-warning" in page


@pytest.mark.parametrize("name", ["import-new", "imports", "import", "import-rejections"])
def test_without_permission_imports_are_closed(client: Client, name: str) -> None:
    source = ImportFactory()
    client.force_login(user_with("customers.view_customer"))
    arguments = [source.pk] if name in {"import", "import-rejections"} else []
    assert client.get(reverse(name, args=arguments)).status_code == 403


def test_who_may_only_look_cannot_upload(client: Client) -> None:
    CompanyFactory()
    client.force_login(user_with("customers.view_import"))
    assert client.post(reverse("import-new"), upload()).status_code == 403
    assert reverse("import-new") not in client.get(reverse("imports")).content.decode()
