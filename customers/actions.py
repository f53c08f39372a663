"""What changes customers: the same for pages, commands and tasks."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from contextlib import ExitStack
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any, TextIO

from django.core.files.uploadedfile import UploadedFile
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_site.lib.accounts.models import User
from crm_site.lib.jobs.actions import enqueue
from crm_site.lib.jobs.models import Job
from crm_site.lib.jobs.registry import JobKind
from customers.importing.keeping import (
    MANY_ROWS,
    keep,
    lock_out_other_imports,
    refresh_statistics,
    write_rejections,
)
from customers.importing.order_rows import order_plan
from customers.importing.problems import ImportProblem
from customers.importing.reading import prepare
from customers.importing.report import ImportReport
from customers.importing.staging import Terms, Unwatched, Watch, load
from customers.importing.uploads import discard, discard_forgotten, put_away, stored
from customers.models import Company, ContactMoment, Customer, Import, Touchpoint
from customers.signals import orders_imported

# What the form of a customer edits, and so what two people may change at the same time.
EDITED_FIELDS = (
    "reference",
    "kind",
    "name",
    "given_name",
    "email",
    "phone",
    "street",
    "postal_code",
    "city",
    "country",
    "language",
    "member_of_id",
    "owner_id",
    "source_id",
    "acquisition_cost",
    "acquired_on",
    "team_id",
    "birth_date",
    "preferred_channel",
    "best_time",
    "needs",
    "custom",
)


class EditConflict(Exception):
    """Somebody else changed the customer since this person began."""


def version_of(customer: Customer) -> str:
    """A fingerprint of what can be edited: equal as long as nobody changed it (1 query, for the tags)."""
    tags = sorted(customer.tags.values_list("pk", flat=True))
    values = "\x1f".join([*(f"{getattr(customer, name)}" for name in EDITED_FIELDS), str(tags)])
    return hashlib.sha256(values.encode()).hexdigest()[:32]


@transaction.atomic
def change_customer(*, customer_id: int, version: str, changes: Mapping[str, Any]) -> Customer:
    """Write the changes if the customer is still as it was when `version` was taken; otherwise change nothing."""
    customer = Customer.objects.select_for_update(of=("self",)).get(pk=customer_id)
    if version_of(customer) != version:
        raise EditConflict
    for name, value in changes.items():
        if name == "tags":
            customer.tags.set(value)
        else:
            setattr(customer, name, value)
    customer.save()
    return customer


def log_moment(
    *,
    customer: Customer,
    touchpoint: Touchpoint,
    direction: str,
    occurred_at: dt.datetime,
    minutes: Decimal | None,
    summary: str,
    employee: User,
) -> ContactMoment:
    """Note a contact moment in a customer's file; without a duration the touchpoint's standard minutes count."""
    return ContactMoment.objects.create(
        customer=customer,
        touchpoint=touchpoint,
        direction=direction,
        occurred_at=occurred_at,
        minutes=minutes,
        summary=summary,
        employee=employee,
    )


# --- Imports ----------------------------------------------------------------------------------------------------------


def _import_url(job: Job) -> str:
    return reverse("import", args=[job.params["import"]])


IMPORT_ORDERS = JobKind(
    "import-orders",
    label=_("Import of orders"),
    stages={"read": _("Reading lines"), "check": _("Checking rows"), "keep": _("Keeping orders")},
    exclusive=True,
    result_url=_import_url,
    result_label=_("See what was imported"),
)


def import_orders(
    *,
    path: Path,
    mapping: str = "auto",
    source: Import | None = None,
    dry_run: bool = False,
    shift: dt.timedelta = dt.timedelta(),
    today: dt.date | None = None,
    watch: Watch | None = None,
    rejections: TextIO | None = None,
) -> ImportReport:
    """Import the orders of a file: good rows are kept, bad ones reported, and rows that are here already skipped.

    All of it happens in one transaction, which a dry run rolls back. Raises ImportProblem, having changed nothing, when
    the file as a whole cannot be read. `source` is the row that stands for this import, made here if it is not there
    yet; `shift` moves all dates; `rejections` is written the list of rejected rows.
    """
    watch = watch or Unwatched()
    reading = prepare(path, mapping)
    terms = Terms(Company.current().currency, timezone.get_default_timezone(), today or timezone.localdate(), shift)
    with transaction.atomic(), connection.cursor() as cursor:
        load(cursor, reading, order_plan(reading, terms), watch)
        lock_out_other_imports(cursor)
        report = keep(cursor, reading, source or Import(file_name=path.name[:255]), watch, dry_run=dry_run)
        if rejections:
            write_rejections(rejections)
        watch.hold()
        if dry_run:
            transaction.set_rollback(True)
        elif report.import_id is not None:
            if report.accepted >= MANY_ROWS:
                transaction.on_commit(refresh_statistics, robust=True)
            transaction.on_commit(partial(announce_import, report.import_id))
    return report


def announce_import(import_id: int) -> None:
    """Tell whoever computes from orders that there are new ones; nothing when all rows were known or rejected."""
    imported = Import.objects.filter(pk=import_id, accepted__gt=0).first()
    if imported:
        orders_imported.send_robust(sender=Import, imported=imported)


def finish_import(*, import_id: int, stored_file: str, mapping: str, watch: Watch) -> dict[str, Any]:
    """Import an uploaded file and put it out of the way. What an earlier attempt has committed is not done again."""
    source = Import.objects.get(pk=import_id)
    try:
        if source.finished_at:
            announce_import(import_id)
        elif stored(stored_file).exists():
            import_orders(path=stored(stored_file), mapping=mapping, source=source, watch=watch)
        else:
            raise ImportProblem("upload_gone")
    except ImportProblem:
        discard(stored_file)
        raise
    discard(stored_file)
    return {"import": import_id}


def request_import(*, upload: UploadedFile, mapping: str, requested_by: User) -> Import:
    """Put an uploaded file away and ask for its import in the background.

    Raises ImportProblem, keeping nothing, when the head of the file tells that it cannot be imported.
    """
    discard_forgotten(timezone.now())
    with ExitStack() as undo:
        file = put_away(upload)
        undo.callback(discard, file)
        prepare(stored(file), mapping, whole=False)
        with transaction.atomic():
            name = (upload.name or "")[:255]
            source = Import.objects.create(file_name=name, mapping=mapping, requested_by=requested_by)
            params = {"import": source.pk, "file": file, "mapping": mapping}
            source.job = enqueue(kind=IMPORT_ORDERS, params=params, requested_by=requested_by)
            source.save(update_fields=["job"])
        undo.pop_all()
    return source
