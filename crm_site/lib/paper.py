"""The parts of a document on paper, as plain values for a template of typst: what it says, not how it looks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, TypeAlias

from crm_site.lib import plots
from crm_site.lib.charts import Chart
from crm_site.lib.components import Cell, Fact, KeyFigure, Table

Block: TypeAlias = dict[str, Any]

FIGURES = frozenset({"money", "number", "percent"})


def section(heading: str, *blocks: Block | None) -> Block:
    """A part of the document under its own heading; a block that is None is left out."""
    return {"heading": heading, "blocks": [block for block in blocks if block]}


def paragraph(text: str, style: Literal["lead", "plain", "note", "warning"] = "plain") -> Block | None:
    """A sentence or some; nothing for an empty text."""
    return {"kind": "text", "text": str(text), "style": style} if text else None


def chart(spec: Chart | None, *, height: float = 190.0) -> Block | None:
    """A drawing under its title, with words for whoever does not see it."""
    if spec is None:
        return None
    alternative = f"{spec.title}. {spec.summary}".strip()
    return {"kind": "chart", "title": spec.title, "alternative": alternative, "svg": plots.svg(spec, height=height)}


def table(drawn: Table | None) -> Block | None:
    """A list as it stands on a page; a list without rows is left out."""
    if drawn is None or not drawn.rows:
        return None
    ends = [column.kind in FIGURES or column.align == "end" for column in drawn.columns]
    return {
        "kind": "table",
        "caption": drawn.caption,
        "columns": [{"label": column.label, "end": end} for column, end in zip(drawn.columns, ends, strict=True)],
        "rows": [[_cell(cell, end) for cell, end in zip(row.cells, ends, strict=True)] for row in drawn.rows],
    }


def _cell(cell: Cell, end: bool) -> Block:
    return {"text": cell.text or "—", "note": cell.note, "minus": end and cell.text[:1] in ("-", "−")}


def facts(items: Sequence[Fact]) -> Block | None:
    """Terms and what is said of each; nothing where there are none."""
    lines = [{"label": fact.label, "value": fact.value, "hint": fact.hint} for fact in items if fact.value]
    return {"kind": "facts", "items": lines} if lines else None


def key_figures(items: Sequence[KeyFigure]) -> Block:
    """Headline figures beside each other."""
    return {
        "kind": "figures",
        "items": [
            {"label": one.label, "value": one.value, "delta": one.delta, "tone": one.delta_tone, "hint": one.hint}
            for one in items
        ],
    }
