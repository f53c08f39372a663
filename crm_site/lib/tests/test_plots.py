"""Charts on paper: the same figures as on the screen, in the same colours, with words for whoever does not see them."""

import datetime as dt
import re
from decimal import Decimal
from pathlib import Path
from xml.etree import ElementTree

import pytest
from django.conf import settings
from django.utils import translation

from crm_site.lib.charts import Chart, Mark, Series
from crm_site.lib.plots import COLOURS, svg, ticks

SVG = "{http://www.w3.org/2000/svg}"


def drawn(chart: Chart) -> ElementTree.Element:
    return ElementTree.fromstring(svg(chart))


def words(chart: Chart) -> list[str]:
    return [text.text or "" for text in drawn(chart).iter(f"{SVG}text")]


def bars(*values: float | None, kind: str = "bar", **options: object) -> Chart:
    names = [f"Name {place}" for place in range(len(values))]
    series = [Series("Profit", values)]
    return Chart(kind, "Profit by name", "Name", names, series, format="money", currency="EUR", digits=0, **options)  # type: ignore[arg-type]


def test_colours_are_those_of_the_light_theme() -> None:
    css = Path(settings.BASE_DIR / "static/css/app.css").read_text()
    for name, colour in COLOURS.items():
        light = re.search(rf"--{name}: light-dark\((#[0-9a-f]+)", css)
        assert light, name
        assert light.group(1) == colour


def test_a_drawing_says_what_it_shows() -> None:
    found = drawn(bars(10, 20, summary="Name 1 makes <twice> as much."))
    assert found.findtext(f"{SVG}title") == "Profit by name"
    assert found.findtext(f"{SVG}desc") == "Name 1 makes <twice> as much."


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0, 1.91, [0, 0.5, 1, 1.5, 2]),
        (-12_468, 30_084, [-20_000, -10_000, 0, 10_000, 20_000, 30_000, 40_000]),
        (0, 0, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (-5, 0, [-5, -4, -3, -2, -1, 0]),
    ],
)
def test_axes_have_round_figures_around_all_values(low: float, high: float, expected: list[float]) -> None:
    assert ticks(low, high) == pytest.approx(expected)


def test_bars_stand_on_nothing_and_are_as_high_as_their_values() -> None:
    found = list(drawn(bars(Decimal("100.00"), -50, None)).iter(f"{SVG}rect"))
    heights = [float(bar.attrib["height"]) for bar in found]
    assert heights[0] == pytest.approx(2 * heights[1], abs=0.2)
    assert [bar.attrib["fill"] for bar in found] == [COLOURS["positive"], COLOURS["negative"]]
    assert float(found[0].attrib["y"]) + heights[0] == pytest.approx(float(found[1].attrib["y"]), abs=0.2)


def test_few_bars_carry_their_figures_in_the_readers_language() -> None:
    assert {"€1.2K", "-€500"} <= set(words(bars(1200, -500)))
    with translation.override("fr"):
        assert "1,2 k €" in [word.replace("\u202f", " ").replace("\xa0", " ") for word in words(bars(1200, -500))]


def test_steps_of_a_waterfall_float_where_the_one_before_ended() -> None:
    first, step, last = drawn(bars(100, -40, 60, kind="waterfall")).iter(f"{SVG}rect")
    assert step.attrib["y"] == first.attrib["y"]
    bottom = float(step.attrib["y"]) + float(step.attrib["height"])
    assert float(last.attrib["y"]) == pytest.approx(bottom, abs=0.2)


def test_a_missing_value_interrupts_a_line() -> None:
    months = [dt.date(2026, month, 1) for month in range(1, 6)]
    chart = Chart("line", "Equity", "Month", months, [Series("Equity", [1, 2, None, 4, 5])], x_type="month")
    lines = [line.attrib["points"].split() for line in drawn(chart).iter(f"{SVG}polyline")]
    assert [len(points) for points in lines] == [2, 2]


def test_several_lines_are_told_apart_by_name_and_dashes() -> None:
    series = [Series("Value", [1, 2], colour="brand"), Series("Low", [0, 1], colour="neutral")]
    chart = Chart("line", "Equity", "Month", ["a", "b"], series)
    assert {"Value", "Low"} <= set(words(chart))
    assert ["stroke-dasharray" in line.attrib for line in drawn(chart).iter(f"{SVG}polyline")] == [False, True]


def test_the_whale_curve_shades_what_is_lost_after_its_peak_and_names_its_marks() -> None:
    chart = Chart(
        "whale", "Whale curve", "Share of customers", [0.0, 0.5, 1.0], [Series("Profit", [0.0, 1.5, 1.0])],
        format="percent", marks=[Mark(0.5, 1.5, "Peak at 50%")],
    )  # fmt: skip
    fills = [area.attrib["fill"] for area in drawn(chart).iter(f"{SVG}polygon")]
    assert fills == [COLOURS["brand"], COLOURS["negative"]]
    assert {"Peak at 50%", "0%", "100%"} <= set(words(chart))


def test_a_curve_that_never_falls_has_no_loss() -> None:
    chart = Chart("whale", "Whale", "Share", [0.0, 0.5, 1.0], [Series("Profit", [0.0, 0.9, 1.0])], format="percent")
    assert len(list(drawn(chart).iter(f"{SVG}polygon"))) == 1


@pytest.mark.parametrize("values", [(), (None,), (0,), (0, 0, 0)])
@pytest.mark.parametrize("kind", ["bar", "line"])
def test_nothing_to_show_is_still_a_drawing(kind: str, values: tuple[float | None, ...]) -> None:
    assert "nan" not in svg(bars(*values, kind=kind))


def test_other_kinds_are_refused() -> None:
    with pytest.raises(ValueError, match="No donut on paper"):
        svg(bars(1, kind="donut"))
