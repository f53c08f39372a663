"""What became of the rows of a file."""

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

from django.utils.translation import gettext as _

from crm_site.lib.export import Sheet
from customers.importing.problems import reason_for

# A report carries so many rejections; all of them stand in the database and in the downloaded list.
REPORTED = 1000


@dataclass(frozen=True)
class Rejection:
    """A row that was not taken: where, what stood there, and why."""

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


def rejection_sheet(name: str, rejections: Iterable[Rejection]) -> Sheet:
    """Rejected rows as a file to be worked through."""
    return Sheet(
        name=name,
        headings=[_("Line"), _("Column"), _("Value"), _("Reason"), _("What to do"), _("Code")],
        kinds=["number", *["text"] * 5],
        rows=([r.line, r.column, r.value, r.sentence, r.remedy, r.reason] for r in rejections),
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
    # Reason code to number of rows.
    reasons: dict[str, int] = field(default_factory=dict)
    rejections: list[Rejection] = field(default_factory=list)
    # The key of the Import row; none after a dry run.
    import_id: int | None = None

    def as_json(self) -> dict[str, Any]:
        """The report for programs, with the sentences in the active language."""
        figures = asdict(self)
        figures["rejections"] = [
            asdict(rejection) | {"sentence": rejection.sentence, "remedy": rejection.remedy}
            for rejection in self.rejections
        ]
        return figures | {"rejections_left_out": self.rejected - len(self.rejections)}
