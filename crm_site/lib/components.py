"""What the shared components of a page need, as frozen values.

Views and `tables.py` fill these in; `templates/components/` and `{% load ui %}` draw them. Texts are already written in
the reader's language (see `formatting.py`): a component never computes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from django.utils.translation import gettext as _

from crm_site.lib.export import Sheet
from crm_site.lib.filters import FilterForm
from crm_site.lib.formatting import UNKNOWN

Kind = Literal["text", "money", "number", "percent", "date", "datetime", "badge", "link"]
Tone = Literal[
    "neutral",
    "success",
    "warning",
    "danger",
    "info",
    "category-1",
    "category-2",
    "category-3",
    "category-4",
    "prospect",
    "customer",
    "former",
]


@dataclass(frozen=True, slots=True)
class KeyFigure:
    """One headline figure of a dashboard or a file."""

    label: str
    value: str  # formatted; "—" when unknown
    unit: str = ""
    delta: str = ""  # formatted change, with its sign: "+4.2 %"
    delta_tone: Literal["good", "bad", "flat"] = "flat"
    hint: str = ""  # one line below: against what, or how it was reached
    url: str = ""  # the rows behind the figure
    formula: str = ""  # how it is computed, shown on demand
    icon: str = ""
    values: Sequence[float] = ()  # a small line of past values, oldest first


@dataclass(frozen=True, slots=True)
class Column:
    """The head of one column of a list."""

    label: str
    kind: Kind = "text"
    sort_url: str = ""
    sorted: Literal["asc", "desc", ""] = ""
    hint: str = ""
    align: Literal["start", "end", "center", ""] = ""  # money, numbers and percentages stand at the end by themselves


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a list; an empty text is shown as unknown."""

    text: str
    url: str = ""
    badge: str = ""  # a Tone: the text is then drawn as a pill
    note: str = ""  # a second, quiet line
    initials: str = ""  # drawn as a small round picture before the text
    value: Any = None  # the plain figure or day behind the text, for files; see `cells.py`

    @property
    def plain(self) -> Any:
        """What a file holds: the value, otherwise the text; nothing for what is unknown."""
        if self.value is not None:
            return self.value
        return None if self.text in ("", UNKNOWN) else self.text


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a list; `url` is what the row as a whole opens (the same link stands in one of its cells)."""

    cells: Sequence[Cell]
    url: str = ""
    key: str = ""  # what its tick box sends, where rows can be ticked


@dataclass(frozen=True, slots=True)
class Table:
    """A list. The first column is the head of each row."""

    caption: str  # read out, not shown
    columns: Sequence[Column]
    rows: Sequence[Row]
    ticked_form: str = ""  # the id of the form that the rows' tick boxes (`row`) belong to; empty: no boxes

    @property
    def keys(self) -> str:
        """The keys of all rows, for a form about the whole page."""
        return " ".join(row.key for row in self.rows)

    @property
    def title(self) -> str:
        return self.caption

    @property
    def hints(self) -> list[tuple[str, str]]:
        """The columns that are explained, and what they mean."""
        return [(column.label, column.hint) for column in self.columns if column.hint]

    def as_sheet(self, name: str) -> Sheet:
        """The list as a file: plain figures and days; what stands quietly below them in columns of its own."""
        noted = {at for row in self.rows for at, cell in enumerate(row.cells) if cell.note}
        heads = [(column.label, column.kind, at in noted) for at, column in enumerate(self.columns)]
        return Sheet(
            name=name,
            title=self.caption,
            headings=[text for label, _kind, has_notes in heads for text in _headings(label, has_notes)],
            kinds=[one for _label, kind, has_notes in heads for one in ([kind, "text"] if has_notes else [kind])],
            rows=[
                [
                    value
                    for at, cell in enumerate(row.cells)
                    for value in ([cell.plain, cell.note] if at in noted else [cell.plain])
                ]
                for row in self.rows
            ],
        )


def _headings(label: str, has_notes: bool) -> list[str]:
    return [label, _("%(column)s (note)") % {"column": label}] if has_notes else [label]


@dataclass(frozen=True, slots=True)
class Paging:
    """Where the reader stands in a long list; addresses are empty where there is nothing more."""

    previous_url: str = ""
    next_url: str = ""
    first_url: str = ""
    shown: int = 0
    count: int | None = None
    capped: bool = False  # the count stopped there: written "more than 10,000"
    estimated: bool = False  # from statistics: written "about 1,000,000"


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter in force, and the address of the same list without it."""

    label: str
    value: str
    remove_url: str


@dataclass(frozen=True, slots=True)
class FilterBar:
    """The filters of a list: a GET form whose field `q`, when there is one, stands in front."""

    form: FilterForm
    chips: Sequence[Chip] = ()
    clear_url: str = ""
    hidden: Sequence[tuple[str, str]] = ()  # parameters to keep, such as the order
    builder_url: str = ""  # where conditions are put together, for lists that know them


@dataclass(frozen=True, slots=True)
class Progress:
    """How far a background job is. While `active`, the block asks `poll_url` for its successor each second."""

    id: str
    label: str
    state: Literal["queued", "running", "done", "failed", "stopped"]
    poll_url: str = ""
    percent: int | None = None
    detail: str = ""
    result_url: str = ""
    result_label: str = ""
    stop_url: str = ""  # takes a POST

    @property
    def active(self) -> bool:
        """Whether the job may still change."""
        return self.state in {"queued", "running"}


@dataclass(frozen=True, slots=True)
class Tab:
    """One of several views of the same thing, each with an address of its own."""

    label: str
    url: str
    active: bool = False
    count: str = ""
    icon: str = ""


@dataclass(frozen=True, slots=True)
class Step:
    """One stage of a procedure."""

    label: str
    state: Literal["done", "current", "todo"] = "todo"


@dataclass(frozen=True, slots=True)
class Event:
    """One entry of a timeline, newest first."""

    at: dt.datetime
    title: str
    text: str = ""
    icon: str = "point"
    tone: str = "neutral"
    url: str = ""
    who: str = ""
    note: str = ""  # a quiet line below the title
    waits: str = ""  # what this still waits for, as a pill
    waits_url: str = ""  # where that is seen to


@dataclass(frozen=True, slots=True)
class Fact:
    """One line of a definition list; an empty value is shown as unknown."""

    label: str
    value: str
    url: str = ""
    hint: str = ""
    edit_url: str = ""  # answers a form that takes the value's place, or a page of its own without scripts
