"""The components of a page: `{% load ui %}`. What each takes is written in docs/adding-a-screen.md."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from html import escape  # without the lazy-text wrapper of Django's, which costs more than the escaping
from typing import Any

from django import template
from django.conf import settings
from django.forms import BoundField, CheckboxInput, CheckboxSelectMultiple, RadioSelect, Select
from django.template.loader import get_template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, pgettext
from django.utils.translation import gettext as _

from crm_site.lib import drawing, form_drawing
from crm_site.lib.charts import Chart
from crm_site.lib.components import Event, Fact, FilterBar, KeyFigure, Paging, Progress, Step, Tab, Table
from crm_site.lib.downloads import FileLinks
from crm_site.lib.drawing import icon, unknown
from crm_site.lib.formatting import UNKNOWN
from crm_site.lib.templatetags.format import ago

register = template.Library()

FIGURES = {"money", "number", "percent"}
LONG_EVENT = 500


register.simple_tag(icon)
register.simple_tag(drawing.fact_value)
register.simple_tag(drawing.computed)
register.simple_tag(drawing.figure_rows)
register.simple_tag(drawing.heat_rows)
register.simple_tag(drawing.short_lines)
register.simple_tag(form_drawing.form_field)
register.simple_tag(form_drawing.form_fields)


@register.simple_tag
def avatar(name: str, css: str = "") -> SafeString:
    """A round picture with the initials of a name, always in the same colour for the same name."""
    words = [word for word in str(name).split() if word[0].isalnum()] or ["?"]
    initials = words[0][0] + (words[-1][0] if len(words) > 1 else "")
    shade = sum(map(ord, str(name))) % 6 + 1
    return format_html('<span class="face face-{} {}" aria-hidden="true">{}</span>', shade, css, initials.upper())


@register.simple_tag
def pill(text: str, tone: str = "neutral") -> SafeString:
    """A short word with a coloured dot."""
    return format_html('<span class="pill pill-{}">{}</span>', tone, text)


@register.simple_tag
def category_pill(number: int | None, label: str = "") -> SafeString:
    """The profit category 1 to 4 of a customer, by number, colour and words."""
    names = {
        1: pgettext("profit category", "Most profitable"),
        2: pgettext("profit category", "Fairly profitable"),
        3: pgettext("profit category", "Desirable"),
        4: pgettext("profit category", "Unprofitable"),
    }
    if number is None:
        return unknown()
    return format_html(
        '<span class="pill pill-category-{0}"><span class="pill-number">{0}</span>{1}</span>',
        number,
        label or names[number],
    )


@register.simple_tag
def stage_pill(stage: str) -> SafeString:
    """The lifecycle stage of a customer: prospect, customer or former."""
    names = {
        "prospect": pgettext("lifecycle stage", "Prospect"),
        "customer": pgettext("lifecycle stage", "Customer"),
        "former": pgettext("lifecycle stage", "Former customer"),
    }
    return pill(names[stage], stage) if stage in names else unknown()


@register.simple_tag
def sparkline(values: Sequence[float], label: str = "") -> SafeString:
    """A small line of past values, drawn on the server."""
    points = [float(value) for value in values]
    if len(points) < 2:
        return mark_safe("")
    low, high = min(points), max(points)
    scale = (high - low) or 1.0
    steps = len(points) - 1
    path = " ".join(f"{i * 100 / steps:.1f},{22 - (value - low) * 20 / scale:.1f}" for i, value in enumerate(points))
    described = format_html('role="img" aria-label="{}"', label) if label else mark_safe('aria-hidden="true"')
    return format_html(
        '<svg class="sparkline" viewBox="0 0 100 24" preserveAspectRatio="none" {}>'
        '<polygon points="0,24 {} 100,24"/><polyline points="{}"/></svg>',
        described,
        path,
        path,
    )


# --- The shell --------------------------------------------------------------------------------------------------------


@register.simple_tag
def fixed(template_name: str, **words: Any) -> SafeString:
    """A part of the shell that depends on the language and on the given words alone, drawn once for each.

    It is given no other context: nothing in it may belong to one request.
    """
    draw = _fixed.__wrapped__ if settings.DEBUG else _fixed
    return draw(template_name, get_language(), **{name: str(word) for name, word in words.items()})


@lru_cache(maxsize=1000)
def _fixed(template_name: str, language: str | None, **words: str) -> SafeString:
    return mark_safe(get_template(template_name).render(words))


@register.simple_tag
def sections(navigation: tuple[Any, ...]) -> SafeString:
    """The entries of the navigation: they stand on every page, so they are drawn once for each of those there are."""
    return _sections(navigation, get_language())


@lru_cache(maxsize=1000)
def _sections(navigation: tuple[Any, ...], _language: str | None) -> SafeString:
    return mark_safe("".join(_section(number, section) for number, section in enumerate(navigation, start=1)))


def _section(number: int, section: Any) -> str:
    items = "".join(map(_entry, section.items))
    label = escape(str(section.label))
    if not label:
        return f'<ul class="nav-list">{items}</ul>'
    head = f'<p class="nav-section" id="nav-{number}">{label}</p>'
    return f'{head}<ul class="nav-list" aria-labelledby="nav-{number}">{items}</ul>'


def _entry(item: Any) -> str:
    label, badge = escape(str(item.label)), getattr(item, "badge", "")
    current = ' aria-current="page"' if item.active else ""
    key = f' data-key="g {escape(item.key)}" data-key-label="{label}"' if item.key else ""
    count = f'<span class="count">{escape(str(badge))}</span>' if badge else ""
    address = escape(item.url)
    return (
        f'<li><a class="nav-item" href="{address}"{current}{key}>{icon(item.icon)}<span>{label}</span>{count}</a></li>'
    )


# --- Lists ------------------------------------------------------------------------------------------------------------


def _cell_body(cell: Any) -> str:
    text = str(cell.text)
    if not text or text == UNKNOWN:
        return unknown()
    body = escape(text)
    if cell.badge:
        body = f'<span class="pill pill-{escape(cell.badge)}">{body}</span>'
    if cell.url:
        body = f'<a href="{escape(cell.url)}">{body}</a>'
    if getattr(cell, "note", ""):
        body = f'{body}<span class="cell-note">{escape(cell.note)}</span>'
    if getattr(cell, "initials", ""):
        return f'<span class="cell-person">{avatar(cell.initials)}<span>{body}</span></span>'
    return body


def column_class(column: Any) -> str:
    """Where the texts of a column stand."""
    align = column.align or ("end" if column.kind in FIGURES else "")
    return f"is-{column.kind}" + (f" align-{align}" if align else "")


@register.simple_tag
def table_rows(table: Table) -> SafeString:
    """The body of a list, joined as text: a template node per cell is what makes long lists slow."""
    heads = [(escape(str(column.label)), column_class(column), column.kind in FIGURES) for column in table.columns]
    parts: list[str] = []
    for row in table.rows:
        parts.append('<tr role="row">')
        for position, (cell, (label, css, figure)) in enumerate(zip(row.cells, heads, strict=True)):
            tag, role = ("td", "cell") if position else ('th scope="row"', "rowheader")
            minus = " is-minus" if figure and cell.text[:1] in "-−" and cell.text else ""
            box = "" if position or not table.ticked_form else _tick_box(row.key, cell.text, table.ticked_form)
            parts.append(
                f'<{tag} role="{role}" class="{css}{minus}" data-label="{label}">{box}{_cell_body(cell)}</{tag[:2]}>'
            )
        parts.append("</tr>")
    return mark_safe("".join(parts))


def _tick_box(key: str, text: str, form: str) -> str:
    label = escape(_("Select %(row)s") % {"row": text})
    return (
        f'<input type="checkbox" class="form-check-input row-tick" name="row" value="{escape(key)}" '
        f'form="{escape(form)}" aria-label="{label}">'
    )


@register.simple_tag
def table_heads(table: Table) -> SafeString:
    """The head of a list, for the same reason."""
    return mark_safe("".join(map(_table_head, table.columns)))


def _table_head(column: Any) -> str:
    order = {"asc": "ascending", "desc": "descending"}.get(column.sorted, "")
    sorted_as = f' aria-sort="{order}"' if order else ""
    hint = f' title="{escape(str(column.hint))}"' if column.hint else ""
    return (
        f'<th role="columnheader" scope="col" class="{column_class(column)}"{sorted_as}{hint}>{_head_body(column)}</th>'
    )


def _head_body(column: Any) -> str:
    label = escape(str(column.label))
    if not column.sort_url:
        return label
    sign = icon({"asc": "arrow-up", "desc": "arrow-down"}.get(column.sorted, "selector"))
    data = f' data-sorted="{column.sorted}"' if column.sorted else ""
    return f'<a href="{escape(column.sort_url)}" class="sort"{data}>{label}{sign}</a>'


@register.inclusion_tag("components/table.html")
def table(table: Table) -> dict[str, Any]:
    """A list with its head, as cards on a phone."""
    return {"table": table}


@register.inclusion_tag("components/pagination.html")
def pagination(paging: Paging) -> dict[str, Any]:
    """Previous and next, and how many there are."""
    return {"paging": paging}


@register.inclusion_tag("components/filter_bar.html")
def filter_bar(filters: FilterBar, paging: Paging | None = None, target: str = "#results") -> dict[str, Any]:
    """Search, filters and the chips of those in force; swaps only `target` where scripts run."""
    search = filters.form["q"] if "q" in filters.form.fields else None
    return {"filters": filters, "paging": paging, "target": target, "search": search, "panel": filters.form.panel()}


@register.simple_tag
def control(field: BoundField) -> SafeString:
    """The input of a form field with the classes of the kit, without the weight of a full form layout."""
    widget = field.field.widget
    if isinstance(widget, CheckboxSelectMultiple | RadioSelect):
        return field.as_widget()
    css = "form-check-input" if isinstance(widget, CheckboxInput) else "form-control"
    if isinstance(widget, Select):
        css = "form-select"
    return field.as_widget(attrs={"class": f"{widget.attrs.get('class', '')} {css}".strip()})


# --- Figures and charts -----------------------------------------------------------------------------------------------


@register.simple_tag
def key_figure(figure: KeyFigure) -> SafeString:
    """A card with one headline figure."""
    return drawing.key_figure(figure, sparkline(figure.values) if figure.values else "")


@register.inclusion_tag("components/chart.html")
def chart(spec: Chart, id: str, height: str = "medium") -> dict[str, Any]:
    """A drawing and the same figures as a table; `height` is small, medium or large."""
    return {
        "chart": spec,
        "id": id,
        "data_id": f"{id}-data",
        "script": spec.as_script(f"{id}-data"),
        "table": spec.as_table(),
        "height": height,
    }


@register.inclusion_tag("components/downloads.html")
def downloads(links: FileLinks | None, large: bool = False, label: str = "") -> dict[str, Any]:
    """A table or chart as CSV and as a workbook: a menu for the head of its card, or large among a page's actions."""
    return {"links": links or None, "large": large, "label": label}


# --- Blocks of a page -------------------------------------------------------------------------------------------------


@register.inclusion_tag("components/empty.html")
def empty(
    title: str, text: str = "", icon: str = "inbox", url: str = "", action: str = "", more_url: str = "", more: str = ""
) -> dict[str, Any]:
    """What belongs here, and one thing to do about it."""
    return {
        "title": title, "text": text, "icon": icon, "url": url, "action": action, "more_url": more_url, "more": more,
    }  # fmt: skip


@register.inclusion_tag("components/progress.html", takes_context=True)
def progress(context: template.Context, job: Progress) -> dict[str, Any]:
    """How far a background job is; asks again by itself until it has ended."""
    return {"job": job, "csrf_token": context.get("csrf_token")}


@register.inclusion_tag("components/tabs.html")
def tabs(items: list[Tab], label: str = "") -> dict[str, Any]:
    """Links between views of the same thing."""
    return {"items": items, "label": label or _("Views")}


@register.inclusion_tag("components/steps.html")
def steps(items: list[Step]) -> dict[str, Any]:
    """Where a procedure stands."""
    return {"items": items}


@register.simple_tag
def timeline(events: list[Event]) -> SafeString:
    """What happened, newest first; joined as text like the body of a list."""
    return mark_safe(f'<ol class="events">{"".join(map(_event, events))}</ol>')


def _event(event: Event) -> str:
    title, who = escape(str(event.title)), escape(event.who)
    if event.url:
        title = f'<a href="{escape(event.url)}">{title}</a>'
    meta = f"{who} · {ago(event.at)}" if who else ago(event.at)
    return (
        f'<li class="event"><span class="event-sign tone-{escape(event.tone)}">{icon(event.icon)}</span>'
        f'<div class="event-body"><p class="event-head"><span class="event-title">{title}</span>'
        f'<span class="event-meta">{meta}</span></p>{_event_note(event)}'
        f"{_event_text(event.text)}</div></li>"
    )


def _event_note(event: Event) -> str:
    """The quiet line of an entry, and what it still waits for."""
    if not (event.note or event.waits):
        return ""
    waits = f'<span class="pill pill-warning">{escape(event.waits)}</span>' if event.waits else ""
    if event.waits_url:
        waits = f'<a href="{escape(event.waits_url)}">{waits}</a>'
    return f'<p class="event-note">{" ".join(filter(None, (escape(event.note), waits)))}</p>'


def _event_text(text: str) -> str:
    """What was noted; of a long text the beginning, and the whole on demand."""
    if not text:
        return ""
    whole = f'<p class="event-text">{escape(text)}</p>'
    if len(text) <= LONG_EVENT:
        return whole
    return f'<details><summary class="event-text">{escape(text[:LONG_EVENT])} …</summary>{whole}</details>'


@register.simple_tag
def facts(items: list[Fact], columns: int = 1) -> SafeString:
    """A definition list."""
    return drawing.facts(items, columns)


@register.simple_tag
def later(url: str, title: str, id: str, lines: int = 3) -> SafeString:
    """The place of a panel that is fetched once the page stands; until then, and without scripts, a link to it.

    `lines` is about how high the panel will be. An answer that is no panel (refused, failed) leaves the link.
    """
    address = escape(url)
    return mark_safe(
        f'<section class="card section later" id="{escape(id)}" aria-busy="true" hx-get="{address}" hx-trigger="load" '
        f'hx-target="this" hx-swap="outerHTML" hx-status:4xx="swap:none" hx-status:5xx="swap:none">'
        f'<div class="card-header"><h2 class="card-title"><a href="{address}">{escape(str(title))}</a></h2>'
        f'<noscript><a class="btn btn-sm" href="{address}">{escape(_("Open"))}</a></noscript></div>'
        f'<div class="card-body later-lines js-only" aria-hidden="true">{"<span></span>" * lines}</div></section>'
    )


@register.inclusion_tag("components/alert.html")
def alert(text: str, tone: str = "info", title: str = "", url: str = "", action: str = "") -> dict[str, Any]:
    """A notice inside a page: info, success, warning or danger."""
    signs = {"success": "circle-check", "warning": "alert-triangle", "danger": "alert-circle"}
    return {
        "text": text, "tone": tone, "title": title, "url": url, "action": action,
        "icon": signs.get(tone, "info-circle"),
    }  # fmt: skip


@register.inclusion_tag("components/file_upload.html")
def file_upload(field: BoundField, hint: str = "") -> dict[str, Any]:
    """A file field onto which a file can be dropped."""
    return {"field": field, "hint": hint or field.help_text}
