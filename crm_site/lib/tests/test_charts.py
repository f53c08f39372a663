"""Charts: what the script receives, and the same figures in a table."""

import datetime as dt
import json
from decimal import Decimal
from typing import Any

import pytest
from django.template import Context, Template

from crm_site.lib.charts import TABLE_ROWS, Chart, Mark, Series


def months_of_profit() -> Chart:
    return Chart(
        kind="line",
        title="Profit by month",
        x_label="Month",
        x_values=[dt.date(2026, 9, 1), dt.date(2026, 10, 1)],
        x_type="month",
        series=[Series("Profit", [Decimal("1204.50"), None])],
        format="money",
        currency="EUR",
        links=["/orders/?month=2026-09", "/orders/?month=2026-10"],
    )


def test_the_script_receives_plain_json() -> None:
    received = json.loads(json.dumps(months_of_profit().as_json()))
    assert received["x"] == {"label": "Month", "type": "month", "values": ["2026-09-01", "2026-10-01"]}
    assert received["series"][0]["values"] == [1204.5, None]
    assert received["links"][1] == "/orders/?month=2026-10"


def test_the_table_shows_the_figures_that_are_drawn() -> None:
    table = months_of_profit().as_table()
    assert list(table.columns) == ["Month", "Profit"]
    assert list(table.rows) == [("Sept 2026", "€1,204.50"), ("Oct 2026", "—")]
    assert table.skipped == 0


def test_a_long_curve_shows_its_ends_its_marks_and_says_how_much_lies_between() -> None:
    shares = [i / 1000 for i in range(1001)]
    curve = Chart(
        kind="whale",
        title="Whale curve",
        x_label="Customers",
        x_values=shares,
        x_type="percent",
        series=[Series("Profit", shares)],
        format="percent",
        marks=[Mark(0.203, 0.203, "20.3 %")],
    )
    table = curve.as_table()
    written = [row[0] for row in table.rows]
    assert (written[0], written[-1]) == ("0.0%", "100.0%")
    assert "20.3%" in [row[1] for row in table.rows]
    assert len(table.rows) <= TABLE_ROWS + 1
    assert table.skipped == 1001 - len(table.rows)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"series": [Series("Profit", [1])]}, "1 values for 2 points"),
        ({"format": "money"}, "needs its currency"),
        ({"links": ["/a"]}, "1 links for 2 points"),
    ],
)
def test_a_chart_that_does_not_fit_together_is_refused(wrong: dict[str, Any], message: str) -> None:
    whole: dict[str, Any] = {
        "kind": "bar",
        "title": "t",
        "x_label": "x",
        "x_values": ["a", "b"],
        "series": [Series("s", [1, 2])],
    }
    with pytest.raises(ValueError, match=message):
        Chart(**{**whole, **wrong})


def test_a_page_carries_the_json_and_the_table() -> None:
    page = Template("{% load ui %}{% chart spec 'profit' %}").render(Context({"spec": months_of_profit()}))
    assert 'data-chart="profit-data"' in page
    assert '<script id="profit-data" type="application/json">' in page
    assert "€1,204.50" in page


def groups_by_risk(**changes: Any) -> Chart:
    given = {
        "kind": "scatter",
        "title": "Return against risk",
        "x_label": "Risk",
        "x_values": [0.05, 0.1, 0.07],
        "x_type": "percent",
        "y_label": "Return",
        "series": [Series("Groups", [0.2, 0.3, None]), Series("Frontier", [None, None, 0.25], joined=True)],
        "format": "percent",
        "names": ["Fair", "Web", ""],
        "names_label": "Group",
        "sizes": [3.0, 1.0, 1.0],
    }
    return Chart(**(given | changes))


def test_a_scatter_names_its_points_and_a_nameless_one_goes_by_its_series() -> None:
    table = groups_by_risk().as_table()
    assert list(table.columns) == ["Group", "Risk", "Return"]
    assert list(table.rows) == [("Fair", "5.0%", "20.0%"), ("Web", "10.0%", "30.0%"), ("Frontier", "7.0%", "25.0%")]
    received = groups_by_risk().as_json()
    assert (received["names"][0], received["sizes"][0]) == ("Fair", 3.0)
    assert [one["joined"] for one in received["series"]] == [False, True]


def test_a_scatter_without_names_is_refused() -> None:
    with pytest.raises(ValueError, match="what every point is called"):
        groups_by_risk(names=None)
