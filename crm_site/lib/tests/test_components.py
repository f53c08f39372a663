"""Components: what a list shows, and that nothing typed by a person becomes markup."""

from typing import Any

import pytest
from django.template import Context, Template

from crm_site.lib.components import Cell, Column, KeyFigure, Paging, Progress, Row, Table


def render(text: str, **context: object) -> str:
    return Template("{% load ui %}" + text).render(Context(context))


def customers(cell: Cell) -> Table:
    return Table("Customers", [Column("Name"), Column("Profit", "money", sort_url="?o=-profit", sorted="desc")], [
        Row([cell, Cell("-€5.00")]),
    ])  # fmt: skip


def test_text_from_outside_never_becomes_markup() -> None:
    cell = Cell("<b>Ana</b>", url='/c/1?"><script>', note="<i>", badge='"><u>')
    page = render("{% table table %}", table=customers(cell))
    assert "<b>" not in page
    assert "<script>" not in page
    assert "<i>" not in page
    assert "<u>" not in page
    assert "&lt;b&gt;Ana&lt;/b&gt;" in page


def test_losses_are_marked_and_the_order_is_said() -> None:
    page = render("{% table table %}", table=customers(Cell("Ana", url="/c/1")))
    assert 'class="is-money align-end is-minus"' in page
    assert 'aria-sort="descending"' in page
    assert '<a href="/c/1">Ana</a>' in page


@pytest.mark.parametrize("text", ["", "—"])
def test_an_empty_cell_is_read_out_as_unknown(text: str) -> None:
    assert '<span class="visually-hidden">unknown</span>' in render("{% table table %}", table=customers(Cell(text)))


def test_a_row_with_too_few_cells_is_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        render("{% table table %}", table=Table("t", [Column("a"), Column("b")], [Row([Cell("1")])]))


@pytest.mark.parametrize(
    ("paging", "words"),
    [
        (Paging(shown=25, count=10_000, capped=True), "25 of more than 10,000"),
        (Paging(shown=25, count=999_897, estimated=True), "25 of about 999,897"),
        (Paging(shown=3, count=3), "3 of 3"),
    ],
)
def test_paging_says_how_sure_its_count_is(paging: Paging, words: str) -> None:
    assert words in " ".join(render("{% pagination paging %}", paging=paging).split())


@pytest.mark.parametrize(("state", "asks"), [("queued", True), ("running", True), ("done", False), ("failed", False)])
def test_only_an_active_job_asks_for_its_successor(state: Any, asks: bool) -> None:
    job = Progress("7", "Recompute", state, poll_url="/jobs/7/")
    assert ('hx-get="/jobs/7/"' in render("{% progress job %}", job=job)) is asks


def test_an_unknown_headline_is_never_zero() -> None:
    page = render("{% key_figure figure %}", figure=KeyFigure("Departure rate", "—"))
    assert "unknown" in page


def test_categories_and_stages_are_told_in_words() -> None:
    page = render("{% category_pill 4 %}{% stage_pill 'prospect' %}{% category_pill None %}")
    assert "Unprofitable" in page
    assert "Prospect" in page
    assert "unknown" in page
