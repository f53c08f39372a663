"""The columns of the lists of imports, of previewed and of rejected rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import zip_longest
from operator import attrgetter

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from crm_site.lib import formatting
from crm_site.lib.components import Fact, Step
from crm_site.lib.jobs.models import Job
from crm_site.lib.paging import Sort
from crm_site.lib.tables import Column, Table
from customers import custom_fields
from customers.importing.mappings import COLUMNS, parse_mapping, position
from customers.importing.people import CHANGES, NEW, REJECTED, SAME, PreviewedRow
from customers.importing.problems import ImportProblem
from customers.importing.reading import outline
from customers.importing.report import Fault
from customers.importing.subjects import label, subject_of
from customers.importing.uploads import stored
from customers.models import CustomField, Import

SAMPLED = 4
LONGEST_SAMPLE = 40

DONE = pgettext_lazy("import", "Done")
UNDONE = pgettext_lazy("import", "Undone")
WAITING = pgettext_lazy("import", "Not started")
TONES: dict[str, str] = {Job.State.FAILED: "danger", Job.State.CANCELLED: "neutral"}


def state_label(source: Import) -> str | Promise:
    """How far an import is: done once its rows were kept, otherwise as far as its job is."""
    if source.undone_at:
        return UNDONE
    if source.stored_file:
        return WAITING
    return DONE if source.finished_at or not source.job else source.job.get_state_display()


def state_tone(source: Import) -> str:
    if source.undone_at or source.stored_file:
        return "neutral"
    if source.finished_at or not source.job:
        return "warning" if source.rejected else "success"
    return TONES.get(source.job.state, "info")


def _address(source: Import) -> str:
    return reverse("import", args=[source.pk])


IMPORTS = Table(
    name="imports",
    caption=_("Imports"),
    columns=(
        Column("file_name", _("File"), "link", link=_address),
        Column("kind", _("Holds"), choices=dict(Import.Kind.choices)),
        Column("state", _("State"), "badge", value=state_label, badge=state_tone),
        Column("rows", _("Rows"), "number"),
        Column("accepted", _("Accepted"), "number"),
        Column("rejected", _("Rejected"), "number"),
        Column("skipped", _("Skipped"), "number"),
        Column("created_at", _("Started"), "datetime", sort=Sort("id")),
        Column("requested_by", _("Requested by")),
    ),
    default_sort="-created_at",
)


REJECTIONS = Table(
    name="rejected-rows",
    caption=_("Rejected rows"),
    columns=(
        Column("line", _("Line"), value=lambda fault: formatting.number(fault.line)),
        Column("column", _("Column")),
        Column("value", _("Value")),
        Column("reason", _("Reason and what to do"), value=attrgetter("sentence"), note=attrgetter("remedy")),
    ),
)

REASON_COUNTS = Table(
    name="reasons",
    caption=_("Rejected rows by reason"),
    columns=(
        Column("reason", _("Reason"), value=lambda count: str(count.reason.sentence)),
        Column("remedy", _("What to do"), value=lambda count: str(count.reason.remedy)),
        Column("rows", _("Rows"), "number"),
    ),
)


FIELD_LABELS = {
    "order": _("Order number"),
    "customer": _("Customer reference"),
    "customer_name": _("Customer name"),
    "date": _("Date"),
    "sku": _("Product code"),
    "product": _("Product name"),
    "quantity": _("Quantity"),
    "unit_price": _("Unit price"),
    "amount": _("Amount of the line"),
    "discount": _("Discount"),
    "unit_cost": _("Unit cost"),
    "currency": _("Currency"),
    "exchange_rate": _("Exchange rate"),
    "country": _("Country"),
    "subscription": _("Subscription"),
}
OPTION_LABELS = {
    ("dates", "iso"): _("Year first"),
    ("dates", "dmy"): _("Day first"),
    ("dates", "mdy"): _("Month first"),
    ("decimal", "point"): _("After a point"),
    ("decimal", "comma"): _("After a comma"),
}


def import_facts(source: Import) -> list[Fact]:
    """Who imported a file, and when."""
    facts = [
        Fact(gettext("File"), source.file_name),
        Fact(gettext("Holds"), source.get_kind_display()),
        Fact(gettext("Started"), formatting.moment(source.created_at)),
    ]
    if source.finished_at:
        facts.append(Fact(gettext("Finished"), formatting.moment(source.finished_at)))
    if source.undone_at:
        facts.append(Fact(gettext("Undone"), formatting.moment(source.undone_at)))
    if source.requested_by:
        facts.append(Fact(gettext("Requested by"), str(source.requested_by)))
    return facts


def mapping_facts(source: Import) -> list[Fact]:
    """Which column of a file was taken for what (1 query for customers)."""
    further = custom_fields.fields() if source.kind != Import.Kind.ORDERS else []
    subject = subject_of(source.kind, further)
    try:
        mapping = parse_mapping(source.mapping, subject, whole=False)
    except ImportProblem:
        # Shortened by an earlier version, or it names a field that is no more.
        return [Fact(gettext("Column mapping"), source.mapping)]
    layout = mapping.layout
    facts = [Fact(gettext("Layout"), layout.name)] if layout and layout.name != COLUMNS.name else []
    if source.mode:
        facts.append(Fact(gettext("New and known customers"), source.get_mode_display()))
        facts.append(Fact(gettext("Customers are recognised by"), source.get_key_display()))
    named = layout.columns if layout else {}
    facts += [Fact(_field_label(source, field, further), _header(source, name)) for field, name in named.items()]
    options = (
        ("dates", gettext("Dates"), mapping.dates, subject.dates),
        ("decimal", gettext("Decimals"), mapping.decimal, subject.numbers),
    )
    facts += [
        Fact(label, str(OPTION_LABELS[key, value]))
        for key, label, value, fields in options
        if value and (layout is None or not set(fields).isdisjoint(named))
    ]
    return facts


def _field_label(source: Import, field: str, further: list[CustomField]) -> str:
    if source.kind == Import.Kind.ORDERS:
        return str(FIELD_LABELS[field])
    return str(label(field, of_moments=source.kind == Import.Kind.MOMENTS, further=further))


def _header(source: Import, name: str) -> str:
    """What the file calls a column that is named by its place."""
    place = position(name, source.header)
    return source.header[place] if place is not None else name


# --- A file that waits ------------------------------------------------------------------------------------------------

OUTCOMES = {
    NEW: (pgettext_lazy("row of a file", "New"), "success"),
    CHANGES: (pgettext_lazy("row of a file", "Changes a customer"), "info"),
    SAME: (pgettext_lazy("row of a file", "Nothing to do"), "neutral"),
    REJECTED: (pgettext_lazy("row of a file", "Rejected"), "danger"),
}


@dataclass(frozen=True)
class PreviewLine:
    """A line of the preview: a row, or one of several faults of the row."""

    row: PreviewedRow
    fault: Fault | None = None

    @property
    def told(self) -> str:
        """Whom the row is about, or why it is rejected."""
        if self.fault is None:
            return self.row.customer
        column, value = self.fault.column, self.fault.value
        place = formatting.labelled(column, value) if column and value else column or value
        return " · ".join(part for part in (place, self.fault.sentence) if part)


def preview_lines(rows: Iterable[PreviewedRow]) -> list[PreviewLine]:
    """The lines that tell what becomes of each row."""
    return [PreviewLine(row, fault) for row in rows for fault in row.faults or (None,)]


PREVIEW = Table(
    "preview",
    _("The first rows of the file"),
    (
        Column("line", _("Line"), value=lambda line: formatting.number(line.row.line)),
        Column("cells", _("Some values"), value=lambda line: " · ".join(line.row.cells)),
        Column(
            "outcome",
            _("What becomes of it"),
            "badge",
            value=lambda line: str(OUTCOMES[line.row.outcome][0]),
            badge=lambda line: OUTCOMES[line.row.outcome][1],
        ),
        Column(
            "told",
            _("Customer, or reason and what to do"),
            "link",
            link=lambda line: reverse("customer", args=[line.row.customer_id]) if line.row.customer_id else "",
            note=lambda line: line.fault.remedy if line.fault else "",
        ),
    ),
)


def outcome_sentence(rows: list[PreviewedRow]) -> str:
    """What becomes of the first rows, counted."""
    counts = Counter(row.outcome for row in rows)
    return gettext(
        "First rows of the file looked at: %(rows)s. New: %(new)s; changing a customer who is here: %(changes)s; with "
        "nothing to change: %(same)s; rejected: %(rejected)s. Nothing has been imported yet."
    ) % {
        "rows": formatting.number(len(rows)),
        **{outcome: formatting.number(counts[outcome]) for outcome in OUTCOMES},
    }


def samples_of(source: Import) -> list[str]:
    """Some values of each column of a waiting file; none where the file is gone."""
    try:
        reading = outline(stored(source.stored_file), source.mapping, subject=subject_of(source.kind))
        records = reading.sample(SAMPLED)
    except ImportProblem:
        return [""] * len(source.header)
    columns = zip_longest(*(record.cells for record in records if not record.reason), fillvalue="")
    shown = [
        " · ".join(value[:LONGEST_SAMPLE] for value in dict.fromkeys(values) if value.strip()) for values in columns
    ]
    return shown or [""] * len(source.header)


def steps_to(current: int) -> list[Step]:
    """Where the import of a file stands."""
    labels = [gettext("File"), gettext("Columns"), gettext("Preview"), gettext("Result")]
    return [
        Step(label, "done" if place < current else "current" if place == current else "todo")
        for place, label in enumerate(labels, start=1)
    ]
