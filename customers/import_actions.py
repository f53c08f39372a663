"""What imports do: the same for pages, commands and tasks."""

from __future__ import annotations

import datetime as dt
from contextlib import ExitStack
from dataclasses import replace
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
from crm_site.lib.trail.actor import importing
from customers.importing.keeping import (
    MANY_ROWS,
    keep,
    keep_people,
    lock_out_other_imports,
    refresh_statistics,
    write_rejections,
)
from customers.importing.mappings import COLUMNS, Mapping, parse_mapping, position
from customers.importing.order_rows import order_plan
from customers.importing.people import people_plan, read_people, settling_of
from customers.importing.problems import ImportProblem
from customers.importing.reading import outline, prepare
from customers.importing.report import ImportReport
from customers.importing.staging import Terms, Unwatched, Watch, load, visible
from customers.importing.subjects import Wish, subject_of, usual_key
from customers.importing.undoing import take_back
from customers.importing.uploads import discard, discard_forgotten, put_away, stored
from customers.models import Company, Import
from customers.permissions import IMPORT_CUSTOMERS
from customers.signals import orders_imported

# So many imports back it is looked how columns of the same names were understood.
REMEMBERED = 10


def _import_url(job: Job) -> str:
    return reverse("import", args=[job.params["import"]])


_STAGES = {"read": _("Reading lines"), "check": _("Checking rows"), "keep": _("Keeping what is new")}
IMPORT_ORDERS = JobKind(
    "import-orders",
    label=_("Import of orders"),
    stages={"read": _("Reading lines"), "check": _("Checking rows"), "keep": _("Keeping orders")},
    exclusive=True,
    result_url=_import_url,
    result_label=_("See what was imported"),
)


IMPORT_PEOPLE = JobKind(
    "import-people",
    label=_("Import of customers and contact moments"),
    stages=_STAGES,
    exclusive=True,
    result_url=_import_url,
    result_label=_("See what was imported"),
)
UNDO_IMPORT = JobKind(
    "undo-import",
    label=_("Undoing of an import"),
    stages={"undo": _("Taking back what was imported")},
    exclusive=True,
    result_url=_import_url,
    result_label=_("See what was taken back"),
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
    zone, now = timezone.get_default_timezone(), timezone.now()
    terms = Terms(Company.current().currency, zone, today or timezone.localdate(), now, shift)
    source = source or Import(file_name=path.name[:255])
    with transaction.atomic(), importing(source.file_name), connection.cursor() as cursor:
        load(cursor, reading, order_plan(reading, terms), watch)
        lock_out_other_imports(cursor)
        report = keep(cursor, reading, source, watch, dry_run=dry_run)
        if rejections:
            write_rejections(rejections)
        watch.hold()
        if dry_run:
            transaction.set_rollback(True)
        elif report.import_id is not None:
            if report.accepted >= MANY_ROWS:
                transaction.on_commit(partial(refresh_statistics, source.kind), robust=True)
            transaction.on_commit(partial(announce_import, report.import_id))
    return report


def import_people(
    *,
    path: Path,
    wish: Wish,
    mapping: str = "auto",
    user: User | None = None,
    source: Import | None = None,
    dry_run: bool = False,
    watch: Watch | None = None,
    rejections: TextIO | None = None,
) -> ImportReport:
    """Import the customers, contact persons or contact moments of a file, all in one transaction; as `import_orders`.

    Rows find only customers whom the user may see; without a user, all.
    """
    watch = watch or Unwatched()
    source = source or Import(file_name=path.name[:255])
    source.kind, source.mode, source.key = wish.kind, *(("", "") if wish.of_moments else (wish.mode, wish.key))
    reading = read_people(path, mapping, wish)
    with transaction.atomic(), importing(source.file_name), connection.cursor() as cursor:
        load(cursor, reading, people_plan(reading, wish), watch)
        lock_out_other_imports(cursor)
        report = keep_people(cursor, reading, settling_of(cursor, reading, wish, user), source, watch, dry_run=dry_run)
        if rejections:
            write_rejections(rejections)
        watch.hold()
        if dry_run:
            transaction.set_rollback(True)
        elif report.accepted >= MANY_ROWS:
            transaction.on_commit(partial(refresh_statistics, source.kind), robust=True)
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
            _import_stored(source, stored(stored_file), mapping, watch)
        else:
            raise ImportProblem("upload_gone")
    except ImportProblem:
        discard(stored_file)
        raise
    discard(stored_file)
    return {"import": import_id}


def _import_stored(source: Import, path: Path, mapping: str, watch: Watch) -> None:
    if source.kind == Import.Kind.ORDERS:
        import_orders(path=path, mapping=mapping, source=source, watch=watch)
        return
    user = source.requested_by
    if user is None or not user.is_active or not user.has_perm(IMPORT_CUSTOMERS):
        raise ImportProblem("no_longer_allowed")
    import_people(path=path, wish=wish_of(source), mapping=mapping, user=user, source=source, watch=watch)


def wish_of(source: Import) -> Wish:
    """What was wished of an import."""
    return Wish(source.kind, source.mode or Import.Mode.BOTH, source.key or Import.Key.REFERENCE)


def receive_people(*, upload: UploadedFile, kind: str, encoding: str, requested_by: User) -> Import:
    """Put an uploaded file away until somebody has said what its columns hold; suggests that from their names.

    Raises ImportProblem, keeping nothing, when the head of the file tells that it cannot be read.
    """
    discard_forgotten(timezone.now())
    with ExitStack() as undo:
        file = put_away(upload)
        undo.callback(discard, file)
        reading = outline(stored(file), f"auto,encoding={encoding}" if encoding else "auto", subject=subject_of(kind))
        if not reading.sample(1):
            raise ImportProblem("no_rows")
        source = Import(
            file_name=(upload.name or "")[:255],
            kind=kind,
            mapping=str(reading.mapping),
            key="" if kind == Import.Kind.MOMENTS else usual_key(reading.columns),
            mode="" if kind == Import.Kind.MOMENTS else Import.Mode.BOTH,
            header=[visible(name) for name in reading.header],
            stored_file=file,
            requested_by=requested_by,
        )
        _name_as_before(source, reading.mapping)
        source.save()
        undo.pop_all()
    return source


def _name_as_before(source: Import, told: Mapping) -> None:
    """Columns of the same names hold what this person last said that they hold: a mended file needs no more words."""
    before = Import.objects.filter(requested_by=source.requested_by, kind=source.kind, finished_at__isnull=False)
    subject = subject_of(source.kind)
    for last in before.order_by("-id")[:REMEMBERED]:
        try:
            layout = parse_mapping(last.mapping, subject).layout
        except ImportProblem:
            continue  # it names a field that is no more
        places = {field: position(name, last.header) for field, name in layout.columns.items()} if layout else {}
        names = {field: last.header[place] for field, place in places.items() if place is not None}
        if names and all(source.header.count(name) == 1 for name in names.values()):
            columns = {field: f"#{source.header.index(name) + 1}" for field, name in names.items()}
            source.mapping = str(replace(told, layout=replace(COLUMNS, columns=columns)))
            source.mode, source.key = last.mode, last.key
            return


def name_columns(*, source: Import, mapping: str, mode: str, key: str) -> None:
    """Say what the columns of a waiting file hold, and what is to be done with its rows. Raises ImportProblem."""
    source.mapping, source.mode, source.key = mapping, mode, key
    read_people(stored(source.stored_file), mapping, wish_of(source), whole=False)
    source.save(update_fields=["mapping", "mode", "key"])


@transaction.atomic
def request_people(*, import_id: int, requested_by: User) -> Import:
    """Ask for the import of a file whose columns were named; asking twice asks once."""
    source = Import.objects.select_for_update(of=("self",)).get(pk=import_id)
    if source.stored_file:
        params = {"import": source.pk, "file": source.stored_file, "mapping": source.mapping}
        source.job = enqueue(kind=IMPORT_PEOPLE, params=params, requested_by=requested_by)
        source.stored_file = ""
        source.save(update_fields=["job", "stored_file"])
    return source


def drop_upload(*, source: Import) -> None:
    """Forget a file that nobody asked to be imported."""
    discard(source.stored_file)
    source.delete()


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


@transaction.atomic
def request_undo(*, import_id: int, requested_by: User) -> Job | None:
    """Ask for an import to be taken back; none where that cannot be, or was asked for already."""
    source = Import.objects.select_for_update(of=("self",)).get(pk=import_id)
    if not source.can_be_undone:
        return None
    source.undo_job = enqueue(kind=UNDO_IMPORT, params={"import": source.pk}, requested_by=requested_by)
    source.save(update_fields=["undo_job"])
    return source.undo_job


def finish_undo(*, import_id: int, watch: Watch) -> dict[str, Any]:
    """Take an import back; what an earlier attempt has committed is not done again."""
    watch.progress(0, 0, "undo")
    with transaction.atomic():
        undone = take_back(import_id=import_id, watch=watch.check_stop)
        watch.hold()
    return {"import": import_id, "undone": undone}
