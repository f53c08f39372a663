"""Charts as plain values: `{% chart spec "id" %}` hands them to static/js/charts.js and to an accessible table.

The JSON that the script reads is what `as_json` returns:

    {"kind": "whale" | "line" | "bar" | "stacked" | "donut" | "treemap" | "waterfall" | "flow" | "scatter",
     "title": str, "summary": str,
     "x": {"label": str, "type": "text" | "number" | "percent" | "date" | "month", "values": [...]},
     "y": {"label": str},
     "series": [{"name": str, "values": [number | null], "colour": str | null, "colours": [str] | null,
                 "joined": bool}],
     "format": "money" | "number" | "percent", "currency": str | null, "digits": int | null,
     "marks": [{"x": ..., "y": number, "label": str}], "links": [url per point] | null, "closeUp": bool,
     "flows": [{"source": str, "target": str}] | null, "names": [str] | null, "sizes": [number] | null}

Dates are ISO text; a percentage is a share (0.2 is 20 %). A colour is the name of one in app.css: brand, accent,
positive, negative, neutral, category-1 to category-4, series-1 to series-6. `donut` and `treemap` take one series whose
names are the x values. `whale` takes shares of customers as x and cumulative shares (or amounts) of profit as y.
`waterfall` goes from its first value to its last, and the values between are steps. `flow` has one series, and in
`flows` where each of its points comes from and goes to; a name on the left and the same on the right are two places.
`scatter` draws points by x and y, each called by its name and as large as its size says; a point belongs to the series
that has a value for it, a joined series is a line, and a mark is a pair of lines that cross there.
Send at most a few thousand points: sample or bin before.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from decimal import Decimal
from functools import lru_cache
from typing import Any, Literal, TypeAlias

from django.utils.html import json_script
from django.utils.safestring import SafeString, mark_safe

from crm_site.lib import formatting
from crm_site.lib.export import Sheet
from crm_site.lib.formatting import UNKNOWN, Number

XValue: TypeAlias = str | int | float | Decimal | dt.date
TABLE_ROWS = 60
ESCAPES = {ord(letter): f"\\u{ord(letter):04X}" for letter in "<>&"}  # as json_script has them


@dataclass(frozen=True, slots=True)
class Series:
    """One line, set of bars or ring; a missing value is None, never zero."""

    name: str
    values: Sequence[Number | None]
    colour: str | None = None
    colours: Sequence[str] | None = None  # one per point
    joined: bool = False  # of a scatter: a line through its points


@dataclass(frozen=True, slots=True)
class Mark:
    """A point worth naming, such as the peak."""

    x: XValue
    y: Number
    label: str


@dataclass(frozen=True, slots=True)
class Flow:
    """Where one point of a flow comes from and where it goes, with the colours of both."""

    source: str
    target: str
    source_colour: str = "neutral"
    target_colour: str = "neutral"


@dataclass(frozen=True, slots=True)
class ChartTable:
    """The figures of a chart in words; `skipped` points lie between the rows shown."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    skipped: int


@dataclass(frozen=True, slots=True)
class Chart:
    """A finished chart: nothing is computed after it."""

    kind: Literal["whale", "line", "bar", "stacked", "donut", "treemap", "waterfall", "flow", "scatter"]
    title: str
    x_label: str
    x_values: Sequence[XValue]
    series: Sequence[Series]
    format: Literal["money", "number", "percent"] = "number"
    currency: str | None = None
    digits: int | None = None
    x_type: Literal["text", "number", "percent", "date", "month"] = "text"
    y_label: str = ""
    summary: str = ""  # the finding in one sentence; read out in place of the drawing
    marks: Sequence[Mark] = field(default=())
    links: Sequence[str] | None = None
    flows: Sequence[Flow] | None = None
    names: Sequence[str] | None = None  # what each point of a scatter is called, under the heading `names_label`
    names_label: str = ""
    sizes: Sequence[float] | None = None  # of each point of a scatter, in any unit
    close_up: bool = False  # the axis of values begins near the smallest one: for a part of a curve

    def __post_init__(self) -> None:
        for one in self.series:
            if len(one.values) != len(self.x_values):
                raise ValueError(f"Series {one.name!r} has {len(one.values)} values for {len(self.x_values)} points.")
        if self.format == "money" and not self.currency:
            raise ValueError("A chart of amounts needs its currency.")
        if self.links is not None and len(self.links) != len(self.x_values):
            raise ValueError(f"{len(self.links)} links for {len(self.x_values)} points.")
        if self.kind == "flow" and len(self.flows or ()) != len(self.x_values):
            raise ValueError("A flow says of every point where it comes from and goes to.")
        if self.kind == "scatter" and len(self.names or ()) != len(self.x_values):
            raise ValueError("A scatter says what every point is called.")

    def as_json(
        self, listed: Callable[[Sequence[Any]], Any] = lambda values: list(map(_plain, values))
    ) -> dict[str, Any]:
        """What the script draws; `listed` makes what JSON holds of many values."""
        return {
            "kind": self.kind,
            "title": self.title,
            "summary": self.summary,
            "x": {"label": self.x_label, "type": self.x_type, "values": listed(self.x_values)},
            "y": {"label": self.y_label},
            "series": [
                {
                    "name": one.name,
                    "values": listed(one.values),
                    "colour": one.colour,
                    "colours": list(one.colours) if one.colours else None,
                    "joined": one.joined,
                }
                for one in self.series
            ],
            "format": self.format,
            "currency": self.currency,
            "digits": self.digits,
            "marks": [{"x": _plain(mark.x), "y": _plain(mark.y), "label": mark.label} for mark in self.marks],
            "links": listed(self.links) if self.links else None,
            "closeUp": self.close_up,
            "flows": [asdict(flow) for flow in self.flows] if self.flows else None,
            "names": list(self.names) if self.names else None,
            "sizes": list(self.sizes) if self.sizes else None,
        }

    def as_script(self, id: str) -> SafeString:
        """The same in a page. A long curve that comes as tuples is one that many pages show: it is encoded once."""
        encoded: dict[str, str] = {}

        def listed(values: Sequence[Any]) -> Any:
            if not isinstance(values, tuple) or len(values) <= TABLE_ROWS:
                return list(map(_plain, values))
            stand_in = f"\0{len(encoded)}"  # no text has such a beginning
            encoded[json.dumps(stand_in)] = _encoded(values)
            return stand_in

        script = str(json_script(self.as_json(listed), id))
        for stand_in, text in encoded.items():
            script = script.replace(stand_in, text)
        return mark_safe(script)

    def as_table(self) -> ChartTable:
        """The same figures as text. A long curve shows evenly spaced points, its ends and its marks."""
        if self.kind == "scatter":
            return self._points()
        count = len(self.x_values)
        shown = list(range(count)) if count <= TABLE_ROWS else self._sample(count)
        write, write_x = self._y_writer(), self._x_writer()
        rows = [(write_x(self.x_values[i]), *(write(one.values[i]) for one in self.series)) for i in shown]
        return ChartTable((self.x_label, *(one.name for one in self.series)), rows, count - len(shown))

    def _named_points(self) -> list[tuple[str, XValue, Number]]:
        """The points of a scatter by name; those that have no name go by their series."""
        return [
            (name or one.name, x, value)
            for one in self.series
            for name, x, value in zip(self.names or (), self.x_values, one.values, strict=True)
            if value is not None
        ]

    def _points(self) -> ChartTable:
        """The first points of a scatter, in words."""
        points = self._named_points()
        write, write_x = self._y_writer(), self._x_writer()
        rows = [(name, write_x(x), write(value)) for name, x, value in points[:TABLE_ROWS]]
        return ChartTable((self.names_label, self.x_label, self.y_label), rows, len(points) - len(rows))

    def as_sheet(self, name: str) -> Sheet:
        """Every point of the drawing as a file."""
        days = self.x_type in ("date", "month")
        if self.kind == "scatter":
            heads, kinds = [self.names_label, self.x_label, self.y_label], ["text", self.x_type, self.format]
            return Sheet(name, heads, kinds, self._named_points(), title=self.title)
        return Sheet(
            name=name,
            title=self.title,
            headings=[self.x_label, *(one.name for one in self.series)],
            kinds=["date" if days else self.x_type, *(self.format for _one in self.series)],
            rows=[list(row) for row in zip(self.x_values, *(one.values for one in self.series), strict=True)],
        )

    def _sample(self, count: int) -> list[int]:
        step = (count - 1) / (TABLE_ROWS - 1)
        chosen = {round(i * step) for i in range(TABLE_ROWS)}
        marked = {mark.x for mark in self.marks}
        chosen.update(i for i, x in enumerate(self.x_values) if x in marked)
        return sorted(chosen)

    def _y_writer(self) -> Callable[[Number | None], str]:
        """How values are written, decided once for all points."""
        if self.format == "money":
            write = formatting.money_writer(str(self.currency), digits=self.digits)
        elif self.format == "percent":
            write = formatting.percent_writer(digits=1 if self.digits is None else self.digits)
        else:
            write = formatting.number_writer(digits=self.digits or 0)
        return lambda value: UNKNOWN if value is None else write(value)

    def _x_writer(self) -> Callable[[Any], str]:
        writers: dict[str, Callable[[], Callable[[Any], str]]] = {
            "percent": formatting.percent_writer,
            "number": formatting.number_writer,
            "date": formatting.day_writer,
            "month": lambda: formatting.month,
        }
        write = writers.get(self.x_type, lambda: str)()
        return lambda value: UNKNOWN if value is None else write(value)


@lru_cache(maxsize=50)
def _encoded(values: tuple[Any, ...]) -> str:
    """Many values as they stand in a script, where no letter may end it."""
    return json.dumps(list(map(_plain, values))).translate(ESCAPES)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return float(value)
    if isinstance(value, dt.date):
        return value.isoformat()
    return value
