"""What became of the rows of a file."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from crm_site.lib.export import Sheet
from customers.importing.problems import reason_for
from customers.models.imports import ImportRejection

# A report carries so many rejections; all of them stand in the database and in the downloaded list.
REPORTED = 1000


@dataclass(frozen=True)
class Fault:
    """A reason why a row was not taken: where, what stood there, and why."""

    line: int
    column: str
    value: str
    reason: str

    @property
    def sentence(self) -> str:
        """Why, in the active language."""
        return str(reason_for(self.reason).sentence)

    @property
    def remedy(self) -> str:
        """What to do, in the active language."""
        return str(reason_for(self.reason).remedy)

    def as_json(self) -> dict[str, Any]:
        return asdict(self) | {"sentence": self.sentence, "remedy": self.remedy}


@dataclass(frozen=True)
class Rejection(Fault):
    """A row that was not taken: its first fault, and all others as (column, value, reason)."""

    further: Sequence[Sequence[str]] = ()

    @property
    def faults(self) -> tuple[Fault, ...]:
        """All that is wrong with the row."""
        others = (Fault(self.line, *fault) for fault in self.further)
        return (Fault(self.line, self.column, self.value, self.reason), *others)

    def as_json(self) -> dict[str, Any]:
        first, *others = (fault.as_json() for fault in self.faults)
        return first | {"further": others}


def faults_of(rejections: Iterable[ImportRejection]) -> list[Fault]:
    """All that is wrong with rows that were rejected earlier, row by row."""
    rows = (Rejection(row.line, row.column, row.value, row.reason, row.further) for row in rejections)
    return [fault for row in rows for fault in row.faults]


def rejection_sheet(name: str, rejections: Iterable[Rejection]) -> Sheet:
    """Rejected rows as a file to be worked through: a line for each fault."""
    faults = (fault for rejection in rejections for fault in rejection.faults)
    return Sheet(
        name=name,
        headings=[_("Line"), _("Column"), _("Value"), _("Reason"), _("What to do"), _("Code")],
        kinds=["number", *["text"] * 5],
        rows=([f.line, f.column, f.value, f.sentence, f.remedy, f.reason] for f in faults),
    )


@dataclass(frozen=True)
class ImportReport:
    """What an import did, or with `dry_run` would have done. accepted + rejected + skipped = rows, always."""

    file_name: str
    mapping: str
    encoding: str
    dry_run: bool
    rows: int
    accepted: int
    rejected: int
    skipped: int
    orders: int = 0
    customers: int = 0
    products: int = 0
    # Of files about customers and contact moments: what the accepted rows became.
    created: int = 0
    updated: int = 0
    # Reason code to number of rows, by the first fault of each.
    reasons: dict[str, int] = field(default_factory=dict)
    rejections: list[Rejection] = field(default_factory=list)
    # The key of the Import row; none after a dry run.
    import_id: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The report for programs, with the sentences in the active language."""
        figures = asdict(self)
        figures["rejections"] = [rejection.as_json() for rejection in self.rejections]
        return figures | {"rejections_left_out": self.rejected - len(self.rejections)}
