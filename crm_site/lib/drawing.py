"""Small components that stand in dozens on a page, joined as text: a template for each would cost more than the page.

Everything that comes from outside is escaped here. `{% load ui %}` offers these as tags.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from functools import cache
from html import escape  # without the lazy-text wrapper of Django's, which costs more than the escaping
from typing import Any

from django.templatetags.static import static
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from crm_site.lib.components import Fact, KeyFigure
from crm_site.lib.formatting import UNKNOWN, moment


@cache
def icon(name: str, css: str = "") -> SafeString:
    """One drawing of the sprite (names: static/icons/icons.txt): decoration, never the only carrier of a meaning."""
    # A page has some fifty of them and the address of the sprite is fixed while the process runs.
    return format_html(
        '<svg class="icon {}" aria-hidden="true" focusable="false"><use href="{}#{}"/></svg>',
        css,
        static("icons/sprite.svg"),
        name,
    )


def unknown() -> SafeString:
    """The dash for what is not known, with words for those who do not see it."""
    word = escape(_("unknown"))
    return mark_safe(
        f'<span class="unknown" title="{word}"><span aria-hidden="true">{UNKNOWN}</span>'
        f'<span class="visually-hidden">{word}</span></span>'
    )


def _text(value: str) -> str:
    """A text as it stands in a page; what was drawn already passes as it is."""
    return value if isinstance(value, SafeString) else escape(str(value))


def _known(value: str) -> str:
    return unknown() if value is None or value in ("", UNKNOWN) else _text(value)


def facts(items: Iterable[Fact], columns: int) -> SafeString:
    """A definition list."""
    lines = (f'<div class="fact"><dt>{_text(fact.label)}</dt><dd>{fact_value(fact)}</dd></div>' for fact in items)
    return mark_safe(f'<dl class="facts facts-{columns}">{"".join(lines)}</dl>')


def fact_value(fact: Fact) -> SafeString:
    """The value of one line of a definition list, with the way to change it."""
    value = _known(fact.value)
    if fact.url and fact.value:
        value = f'<a href="{escape(fact.url)}">{value}</a>'
    hint = f'<span class="cell-note">{_text(fact.hint)}</span>' if fact.hint else ""
    return mark_safe(value + hint + (_change(fact) if fact.edit_url else ""))


def _change(fact: Fact) -> str:
    address, label = escape(fact.edit_url), escape(_("Change: %(name)s") % {"name": fact.label})
    return (
        f' <a class="fact-edit" href="{address}" hx-get="{address}" hx-target="closest dd" hx-swap="innerHTML" '
        f'aria-label="{label}">{icon("pencil")}</a>'
    )


def short_lines(lines: Iterable[Any]) -> SafeString:
    """Links with a quiet second line and a value at their end: the rows of a block of the page Today."""
    return mark_safe(f'<ul class="today-rows">{"".join(map(_short_line, lines))}</ul>')


def _short_line(line: Any) -> str:
    note = f'<span class="cell-note">{escape(line.note)}</span>' if line.note else ""
    css = f"pill pill-{escape(line.tone)}" if line.tone else "today-end"
    value = f'<span class="{css}">{escape(line.value)}</span>' if line.value else ""
    link = f'<a href="{escape(line.url)}">{escape(line.text)}</a>'
    return f'<li class="today-row"><div class="task-words">{link}{note}</div>{value}</li>'


def figure_rows(rows: Iterable[Sequence[str]]) -> SafeString:
    """The body of the table below a chart: the first text of each row is its head."""
    return mark_safe("".join(map(_figure_row, rows)))


def _figure_row(row: Sequence[str]) -> str:
    head, *texts = map(escape, row)
    cells = "".join(f'<td class="align-end">{text}</td>' for text in texts)
    return f'<tr><th scope="row">{head}</th>{cells}</tr>'


def heat_rows(rows: Iterable[Any]) -> SafeString:
    """The body of a table whose cells are the darker the larger they are (see `profitability/tables/heat.py`)."""
    return mark_safe("".join(map(_heat_row, rows)))


def _heat_row(row: Any) -> str:
    note = f'<span class="cell-note">{escape(row.note)}</span>' if row.note else ""
    name = f'<a href="{escape(row.url)}">{escape(row.name)}</a>' if row.url else escape(row.name)
    return f'<tr><th scope="row">{name}{note}</th>{"".join(map(_heat_cell, row.cells))}</tr>'


def _heat_cell(cell: Any) -> str:
    shade = f" heat-{cell.shade}" if cell.shade else ""
    body = escape(cell.text)
    if cell.url:
        note = f'<span class="cell-note">{escape(cell.note)}</span>' if cell.note else ""
        body = f'<a href="{escape(cell.url)}">{body}{note}</a>'
    return f'<td class="align-end{shade}">{body}</td>'


def computed(formula: str, at: dt.datetime | None = None, url: str = "") -> SafeString:
    """How a figure was reached, opened by a small sign beside it; opens without scripts."""
    when = escape(_("Computed %(when)s") % {"when": moment(at)}) if at else ""
    return mark_safe(
        f'<details class="menu computed" data-menu><summary aria-label="{escape(_("How this figure is computed"))}">'
        f'{icon("info-circle")}</summary><div class="menu-panel"><p>{_text(formula)}</p>'
        + (f'<p class="text-secondary">{when}</p>' if when else "")
        + (f'<a href="{escape(url)}">{escape(_("How was this computed?"))}</a>' if url else "")
        + "</div></details>"
    )


def key_figure(figure: KeyFigure, line: str) -> SafeString:
    """A card with one headline figure; `line` is the drawing of its past values."""
    label = _text(figure.label)
    if figure.url:
        label = f'<a href="{escape(figure.url)}" class="stretched-link">{label}</a>'
    sign = f'<span class="figure-icon">{icon(figure.icon)}</span>' if figure.icon else ""
    unit = f'<span class="figure-unit">{_text(figure.unit)}</span>' if figure.unit else ""
    return mark_safe(
        f'<section class="card figure-card"><div class="figure-head">{sign}<h2 class="figure-label">{label}</h2>'
        f"{computed(figure.formula) if figure.formula else ''}</div>"
        f'<div class="figure-line"><p class="figure-value">{_known(figure.value)}{unit}</p>{line}</div>'
        f"{_foot(figure)}</section>"
    )


def _foot(figure: KeyFigure) -> str:
    if not (figure.delta or figure.hint):
        return ""
    change = f'<span class="delta delta-{figure.delta_tone}">{_trend(figure)}</span> ' if figure.delta else ""
    return f'<p class="figure-foot">{change}{_text(figure.hint)}</p>'


def _trend(figure: KeyFigure) -> str:
    signs = {"good": ("trending-up", _("better")), "bad": ("trending-down", _("worse"))}
    name, word = signs.get(figure.delta_tone, ("", ""))
    sign = f'{icon(name)}<span class="visually-hidden">{escape(word)}</span>' if name else ""
    return sign + _text(figure.delta)
