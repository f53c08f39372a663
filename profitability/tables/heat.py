"""Tables of figures whose cells are the darker the larger they are; drawn by `profitability/heat_table.html`."""

from collections.abc import Sequence
from dataclasses import dataclass

SHADES = 4  # besides none


@dataclass(frozen=True, slots=True)
class HeatCell:
    """One figure, ready to read; an empty text is a place that is not reached yet."""

    text: str
    shade: int = 0
    url: str = ""
    note: str = ""


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


def shade(value: float, largest: float) -> int:
    """How dark: 0 for nothing or less, 4 for the upper quarter."""
    if value <= 0 or largest <= 0:
        return 0
    return min(SHADES, 1 + int(SHADES * value / largest))
