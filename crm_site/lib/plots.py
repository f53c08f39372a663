"""Charts drawn on the server as SVG, for paper: the same `Chart` that `static/js/charts.js` draws on a screen.

Pure text, on white, in the light colours of app.css. Widths and heights are points, as on paper. Whale curves, lines,
bars and waterfalls; other kinds are better read as tables there.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from html import escape
from math import floor, log10

from crm_site.lib import formatting
from crm_site.lib.charts import Chart, Series, XValue

# The light theme of app.css; a test holds both to the same.
COLOURS = {
    "brand": "#0b6b69",
    "accent": "#d98c1d",
    "positive": "#12734a",
    "negative": "#b3321f",
    "neutral": "#7c8886",
    "category-1": "#0b6b69",
    "category-2": "#5b9bd5",
    "category-3": "#c28510",
    "category-4": "#9c2f14",
    "ink": "#18211f",
    "ink-2": "#4a5654",
    "ink-3": "#5f6b69",
    "line": "#e4e4de",
    "line-strong": "#cfcfc7",
}
SERIES = ("brand", "accent", "category-2", "category-4", "category-3", "neutral")
FONT = "Inter, sans-serif"
SIZE = 8.0  # of letters
LETTER = 0.6  # width of a letter, of its size: a little more than on average
TICKS = 5
FIFTHS = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
MOST_LABELLED = 12  # bars that carry their figures


@dataclass(frozen=True, slots=True)
class Frame:
    """Where figures stand on the paper: y grows downwards, from `high` at the top to `low` at the bottom."""

    left: float
    right: float
    top: float
    bottom: float
    low: float
    high: float
    foot: float  # where names stand

    def x(self, share: float) -> float:
        """A place between the left end (0) and the right one (1)."""
        return self.left + share * (self.right - self.left)

    def y(self, value: float) -> float:
        return self.bottom - (value - self.low) / (self.high - self.low) * (self.bottom - self.top)


def svg(chart: Chart, *, width: float = 480.0, height: float = 190.0) -> str:
    """The drawing, with its title and its finding for whoever does not see it."""
    draw = KINDS.get(chart.kind)
    if draw is None:
        raise ValueError(f"No {chart.kind} on paper.")
    body = "".join(draw(chart, width, height))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:g}" height="{height:g}" '
        f'viewBox="0 0 {width:g} {height:g}" role="img" font-family="{FONT}" font-size="{SIZE:g}">'
        f"<title>{escape(chart.title)}</title><desc>{escape(chart.summary)}</desc>{body}</svg>"
    )


# --- Kinds ------------------------------------------------------------------------------------------------------------


def _whale(chart: Chart, width: float, height: float) -> list[str]:
    """What is earned up to the peak is shaded; what is lost again lies between the curve and its end."""
    values = _known(chart.series[0])
    xs = [float(x) for x in chart.x_values]  # type: ignore[arg-type]
    frame = _frame(chart, values, width, height, above=20.0, below=28.0)
    points = [(frame.x(x), frame.y(y)) for x, y in zip(xs, values, strict=True)]
    base, end = frame.y(0.0), frame.y(values[-1])
    earned = [(x, max(y, end) if x > _peak(points)[0] else y) for x, y in points]
    lost = [point for point in points if point[0] >= _peak(points)[0] and point[1] <= end]
    return [
        *_value_axis(chart, frame),
        _area(earned, base, "brand", 0.13),
        _area(lost, end, "negative", 0.17) if len(lost) > 1 else "",
        _path(points, "brand", 1.6),
        _line(frame.left, end, frame.right, end, "ink-3", dashed=True),
        *(_text(frame.x(share), frame.bottom + 11, formatting.percent(share, digits=0), "middle") for share in FIFTHS),
        _text((frame.left + frame.right) / 2, frame.foot + 2, chart.x_label, "middle"),
        *_marks(chart, frame),
    ]


def _lines(chart: Chart, width: float, height: float) -> list[str]:
    """One line for each series; a missing value interrupts it."""
    frame = _frame(chart, [value for one in chart.series for value in _known(one)], width, height, above=16.0)
    drawn = []
    for at, series in enumerate(chart.series):
        colour = _colour(series, at)
        for piece in _pieces(series, frame):
            drawn.append(_path(piece, colour, 1.5 if at == 0 else 1.0, dashed=at > 0) if len(piece) > 1 else "")
            drawn.append(_dot(*piece[-1], colour) if len(piece) == 1 else "")
    return [*_value_axis(chart, frame), *drawn, *_names(chart, frame, _even(chart)), *_legend(chart, frame)]


def _bars(chart: Chart, width: float, height: float) -> list[str]:
    """Bars side by side from the line of nothing; those below it are red unless they have a colour of their own."""
    values = [0.0, *(value for one in chart.series for value in _known(one))]
    frame = _frame(chart, values, width, height, above=16.0, below=18.0 if min(values) >= 0 else 28.0)
    places, count = len(chart.x_values), len(chart.series)
    room = (frame.right - frame.left) / max(places, 1)
    wide = min(room * 0.72 / count, 40.0)
    drawn = []
    for at, series in enumerate(chart.series):
        for place, value in enumerate(series.values):
            if value is None:
                continue
            x = frame.left + room * (place + 0.5) + wide * (at - count / 2)
            drawn.append(_bar(x, wide, frame.y(0.0), frame.y(float(value)), _bar_colour(series, at, place, count)))
            if count == 1 and places <= MOST_LABELLED:
                drawn.append(_figure(chart, float(value), x + wide / 2, frame.y(float(value))))
    return [*_value_axis(chart, frame), *drawn, *_names(chart, frame, _middles(chart)), *_legend(chart, frame)]


def _waterfall(chart: Chart, width: float, height: float) -> list[str]:
    """From the first value to the last, the steps between floating at the height that was reached."""
    values, last = _known(chart.series[0]), len(chart.x_values) - 1
    spans = [(0.0, values[0])]
    for value in values[1:last]:
        spans.append((spans[-1][1], spans[-1][1] + value))
    spans.append((0.0, values[last]))
    frame = _frame(chart, [edge for span in spans for edge in span], width, height, above=16.0)
    room = (frame.right - frame.left) / len(spans)
    wide = min(room * 0.62, 44.0)
    drawn = []
    for at, (start, stop) in enumerate(spans):
        x, step = frame.left + room * (at + 0.5), values[at]
        colour = "brand" if at in (0, last) else "negative" if step < 0 else "positive"
        drawn.append(_bar(x - wide / 2, wide, frame.y(start), frame.y(stop), colour))
        sign = "+" if step > 0 and at not in (0, last) else ""
        drawn.append(_text(x, min(frame.y(start), frame.y(stop)) - 3, sign + _short(chart, step), "middle", "ink-2"))
    return [*_value_axis(chart, frame), *drawn, *_names(chart, frame, _middles(chart))]


KINDS: dict[str, Callable[[Chart, float, float], list[str]]] = {
    "whale": _whale,
    "line": _lines,
    "bar": _bars,
    "waterfall": _waterfall,
}


# --- Axes -------------------------------------------------------------------------------------------------------------


def _frame(
    chart: Chart, values: Sequence[float], width: float, height: float, *, above: float, below: float = 18.0
) -> Frame:
    """Room for the figures of the axis on the left, for names below and for marks above."""
    steps = ticks(min(0.0, 0.0, *values), max(0.0, 0.0, *values))
    letters = max(len(_short(chart, tick)) for tick in steps)
    return Frame(letters * SIZE * LETTER + 8, width - 14, above, height - below, steps[0], steps[-1], height - 7)


def ticks(low: float, high: float) -> list[float]:
    """Round figures at even distances, from at or below `low` to at or above `high`."""
    if high <= low:
        high = low + 1.0
    raw = (high - low) / TICKS
    size = 10.0 ** floor(log10(raw))
    step = next(size * factor for factor in (1.0, 2.0, 2.5, 5.0, 10.0) if size * factor >= raw * 0.999)
    first, last = floor(low / step + 1e-9), -floor(-high / step + 1e-9)
    return [step * place for place in range(first, last + 1)]


def _value_axis(chart: Chart, frame: Frame) -> list[str]:
    drawn = []
    for tick in ticks(frame.low, frame.high):
        y = frame.y(tick)
        drawn.append(_line(frame.left, y, frame.right, y, "line-strong" if tick == 0 else "line"))
        drawn.append(_text(frame.left - 5, y + SIZE * 0.35, _short(chart, tick), "end"))
    return drawn


def _names(chart: Chart, frame: Frame, places: Sequence[float]) -> list[str]:
    """What stands below: as many names as there is room for, the last one always."""
    names = [_x_text(chart, value) for value in chart.x_values]
    if not names:
        return []
    room = (frame.right - frame.left) / len(names)
    longest = max(map(len, names)) * SIZE * LETTER + 6
    every = max(1, -int(-longest // room)) if chart.x_type != "text" else 1
    shown = {at for at in range(len(names)) if (len(names) - 1 - at) % every == 0}
    cut = int(room / (SIZE * LETTER)) if chart.x_type == "text" else 99
    drawn = []
    for at in sorted(shown):
        x = frame.x(places[at])
        half = len(names[at]) * SIZE * LETTER / 2
        anchor = "end" if x + half > frame.right + 8 else "start" if x - half < 0 else "middle"
        drawn.append(_text(x, frame.foot, _cut(names[at], cut), anchor))
    return drawn


def _even(chart: Chart) -> list[float]:
    """Points from end to end."""
    last = max(len(chart.x_values) - 1, 1)
    return [at / last for at in range(len(chart.x_values))]


def _middles(chart: Chart) -> list[float]:
    """The middles of equal fields."""
    count = max(len(chart.x_values), 1)
    return [(at + 0.5) / count for at in range(len(chart.x_values))]


def _legend(chart: Chart, frame: Frame) -> list[str]:
    """The names of several series, above the drawing."""
    if len(chart.series) < 2:
        return []
    drawn, x = [], frame.left
    for at, series in enumerate(chart.series):
        drawn.append(_line(x, 6.0, x + 12, 6.0, _colour(series, at), dashed=at > 0, width=1.5))
        drawn.append(_text(x + 16, 6 + SIZE * 0.35, series.name, "start"))
        x += 30 + len(series.name) * SIZE * LETTER
    return drawn


def _marks(chart: Chart, frame: Frame) -> list[str]:
    """Points worth naming: below the curve while it rises, above it from its peak on, to the left near its end."""
    highest = max(float(mark.y) for mark in chart.marks) if chart.marks else 0.0
    drawn = []
    for mark in chart.marks:
        x, y = frame.x(float(mark.x)), frame.y(float(mark.y))  # type: ignore[arg-type]
        anchor, aside = ("end", -7) if x + len(mark.label) * SIZE * LETTER > frame.right else ("start", 7)
        drawn.append(_dot(x, y, "accent"))
        drawn.append(_text(x + aside, y + 13 if mark.y < highest else y - 6, mark.label, anchor, "ink", bold=True))
    return drawn


# --- Figures and words ------------------------------------------------------------------------------------------------


def _short(chart: Chart, value: float) -> str:
    """A figure as short as an axis has room for."""
    match chart.format:
        case "money":
            return formatting.compact_money(value, str(chart.currency))
        case "percent":
            return formatting.percent(value, digits=0)
    # A count below ten thousand is short enough as it is.
    return formatting.number(value) if 10 <= abs(value) < 10_000 else formatting.compact_number(value)


def _x_text(chart: Chart, value: XValue) -> str:
    match chart.x_type:
        case "month":
            return formatting.month(value)  # type: ignore[arg-type]
        case "date":
            return formatting.day(value)  # type: ignore[arg-type]
        case "percent":
            return formatting.percent(value, digits=0)  # type: ignore[arg-type]
    return str(value)


def _cut(text: str, length: int) -> str:
    return text if len(text) <= max(length, 4) else f"{text[: max(length, 4) - 1]}…"


def _known(series: Series) -> list[float]:
    return [float(value) for value in series.values if value is not None]


def _pieces(series: Series, frame: Frame) -> list[list[tuple[float, float]]]:
    """The stretches of a line between missing values."""
    last = max(len(series.values) - 1, 1)
    pieces: list[list[tuple[float, float]]] = [[]]
    for at, value in enumerate(series.values):
        if value is None:
            pieces.append([])
        else:
            pieces[-1].append((frame.x(at / last), frame.y(float(value))))
    return [piece for piece in pieces if piece]


def _peak(points: Sequence[tuple[float, float]]) -> tuple[float, float]:
    return min(points, key=lambda point: point[1])


def _colour(series: Series, at: int) -> str:
    return series.colour if series.colour and series.colour in COLOURS else SERIES[at % len(SERIES)]


def _bar_colour(series: Series, at: int, place: int, count: int) -> str:
    if series.colours:
        return series.colours[place]
    value = series.values[place]
    if series.colour is None and count == 1 and any((one or 0) < 0 for one in series.values):
        return "negative" if (value or 0) < 0 else "positive"
    return _colour(series, at)


# --- Strokes ----------------------------------------------------------------------------------------------------------


def _line(x1: float, y1: float, x2: float, y2: float, colour: str, *, dashed: bool = False, width: float = 0.7) -> str:
    dash = ' stroke-dasharray="3 2"' if dashed else ""
    return (
        f'<line x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}" stroke="{COLOURS[colour]}" '
        f'stroke-width="{width:g}"{dash}/>'
    )


def _path(points: Sequence[tuple[float, float]], colour: str, width: float, *, dashed: bool = False) -> str:
    dash = ' stroke-dasharray="3 2"' if dashed else ""
    return (
        f'<polyline points="{_joined(points)}" fill="none" stroke="{COLOURS[colour]}" stroke-width="{width:g}" '
        f'stroke-linejoin="round"{dash}/>'
    )


def _area(points: Sequence[tuple[float, float]], base: float, colour: str, opacity: float) -> str:
    around = [(points[0][0], base), *points, (points[-1][0], base)]
    return f'<polygon points="{_joined(around)}" fill="{COLOURS[colour]}" fill-opacity="{opacity:g}"/>'


def _joined(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)


def _bar(x: float, width: float, start: float, stop: float, colour: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{min(start, stop):.1f}" width="{width:.1f}" height="{max(abs(start - stop), 0.6):.1f}" '
        f'rx="1.5" fill="{COLOURS[colour]}"/>'
    )


def _dot(x: float, y: float, colour: str) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" fill="{COLOURS[colour]}" stroke="#ffffff" stroke-width="1"/>'


def _figure(chart: Chart, value: float, x: float, y: float) -> str:
    return _text(x, y + SIZE + 2 if value < 0 else y - 3, _short(chart, value), "middle", "ink-2")


def _text(x: float, y: float, text: str, anchor: str, colour: str = "ink-3", *, bold: bool = False) -> str:
    weight = ' font-weight="600"' if bold else ""
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}" fill="{COLOURS[colour]}"{weight}>{escape(text)}</text>'
    )
