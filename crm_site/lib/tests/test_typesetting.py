"""Documents on paper: what customers wrote stays text, and a PDF comes whatever they wrote."""

from typing import Any

import pytest

from crm_site.lib import paper
from crm_site.lib.charts import Chart, Series
from crm_site.lib.components import Cell, Column, Fact, KeyFigure, Row, Table
from crm_site.lib.typesetting import typeset


def document(*blocks: paper.Block | None, **changes: Any) -> dict[str, Any]:
    values: dict[str, Any] = {
        "language": "en", "title": "Report", "company": "Company", "notice": "", "lines": ["As of today"],
        "page_of": "Page {page} of {pages}", "sections": [paper.section("Part", *blocks)],
    }  # fmt: skip
    return values | changes


def is_accessible(pdf: bytes) -> bool:
    return b"pdfuaid:part" in pdf and b"/StructTreeRoot" in pdf


def test_every_part_of_a_document_is_set_for_screen_readers() -> None:
    chart = Chart("bar", "Profit", "Name", ["a"], [Series("Profit", [1])], summary="One.")
    table = Table("Customers", [Column("Name"), Column("Profit", "money")], [Row([Cell("A", note="b"), Cell("−€1")])])
    pdf = typeset(
        "management",
        document(
            *(paper.paragraph("Text", style) for style in ("lead", "plain", "note", "warning")),  # type: ignore[arg-type]
            paper.chart(chart),
            paper.table(table),
            paper.facts([Fact("Term", "what it means", hint="more")]),
            paper.key_figures([KeyFigure("Profit", "€1", delta="+1", delta_tone="good", hint="hint")]),
            language="fr",
        ),
    )
    assert pdf.startswith(b"%PDF-")
    assert is_accessible(pdf)
    assert b"/Lang(fr)" in pdf


@pytest.mark.parametrize(
    "text",
    ["#panic()", "*bold* _x_ $a$ `b`", '#import "/etc/passwd"', "// comment", "\\ #{", "@ref <label>", "[a](b)"],
)
def test_what_a_customer_wrote_is_never_read_as_markup(text: str) -> None:
    table = Table(text, [Column(text)], [Row([Cell(text, note=text)])])
    assert is_accessible(typeset("management", document(paper.paragraph(text), paper.table(table), company=text)))


def test_characters_of_terminals_are_left_out() -> None:
    assert is_accessible(typeset("management", document(paper.paragraph("a\x00\x1b[31m\x7fb\ud800c"))))


def test_letters_that_no_font_has_do_not_end_in_an_error() -> None:
    assert typeset("management", document(paper.paragraph("\U0001f9ff \U00013000 \ue000"))).startswith(b"%PDF-")


def test_parts_without_contents_are_left_out() -> None:
    empty = Table("Nobody", [Column("Name")], [])
    nothing = [paper.paragraph(""), paper.chart(None), paper.table(empty), paper.table(None), paper.facts([])]
    assert paper.section("Part", *nothing)["blocks"] == []


def test_figures_stand_at_the_end_and_negative_ones_are_marked() -> None:
    columns = [Column("Name"), Column("Profit", "money"), Column("Rate", align="end")]
    found = paper.table(Table("T", columns, [Row([Cell("-A"), Cell("−€1"), Cell("")])]))
    assert found is not None
    assert [column["end"] for column in found["columns"]] == [False, True, True]
    assert [(cell["text"], cell["minus"]) for cell in found["rows"][0]] == [("-A", False), ("−€1", True), ("—", False)]
