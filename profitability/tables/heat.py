"""Tables of figures whose cells are the darker the larger they are; drawn by `profitability/heat_table.html`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from crm_site.lib.export import Sheet

SHADES = 4  # besides none


@dataclass(frozen=True, slots=True)
class HeatCell:
    """One figure, ready to read; an empty text is a place that is not reached yet."""

    text: str
    shade: int = 0
    url: str = ""
    note: str = ""
    value: Any = None  # the plain figure, for files


@dataclass(frozen=True, slots=True)
class HeatRow:
    """One row, with what it is called."""

    name: str
    cells: Sequence[HeatCell]
    note: str = ""
    url: str = ""


@dataclass(frozen=True, slots=True)
class HeatTable:
    """A table; `corner` says what its rows and columns are."""

    caption: str
    corner: str
    heads: Sequence[str]
    rows: Sequence[HeatRow]
    kind: str = "number"  # of the figures, for files

    @property
    def title(self) -> str:
        return self.caption

    def as_sheet(self, name: str) -> Sheet:
        """The plain figures as a file."""
        return Sheet(
            name=name,
            title=self.caption,
            headings=[self.corner, *self.heads],
            kinds=["text", *(self.kind for _head in self.heads)],
            rows=[[row.name, *(cell.value for cell in row.cells)] for row in self.rows],
        )


def shade(value: float, largest: float) -> int:
    """How dark: 0 for nothing or less, 4 for the upper quarter."""
    if value <= 0 or largest <= 0:
        return 0
    return min(SHADES, 1 + int(SHADES * value / largest))
