"""The columns of the list of segments, and how one segment's figures are shown."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal
from operator import attrgetter

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.lib import formatting
from crm_site.lib.components import Fact, KeyFigure
from crm_site.lib.paging import Sort
from crm_site.lib.tables import Column, Table
from customers.models import Channel, Segment
from customers.segment_reports import SegmentState

IDENTITY = (
    Column("name", gettext_lazy("Name"), "link", value=attrgetter("label"), sort=Sort("name"), link="segment"),
    Column(
        "kind",
        gettext_lazy("Kind"),
        choices={Segment.Kind.DYNAMIC: gettext_lazy("Dynamic"), Segment.Kind.STATIC: gettext_lazy("Fixed")},
    ),
    Column("owner", gettext_lazy("Looked after by"), value=lambda segment: str(segment.owner)),
)
FIGURES = (
    Column("customers", gettext_lazy("Customers"), "number", sort=Sort("customers", nullable=True)),
    Column("net_revenue", gettext_lazy("Net revenue"), "money", sort=Sort("net_revenue", nullable=True)),
    Column("profit", gettext_lazy("Profit"), "money", sort=Sort("profit", nullable=True)),
    Column("lifetime_value", gettext_lazy("Lifetime value"), "money", sort=Sort("lifetime_value", nullable=True)),
)


def segment_table(*, figures: bool) -> Table:
    """The list of segments, with figures for whoever sees all customers."""
    return Table("segments", gettext_lazy("Segments"), IDENTITY + (FIGURES if figures else ()), default_sort="name")


def segment_figures(state: SegmentState, currency: str, url: str) -> list[KeyFigure]:
    """Size and amounts, each with its change since the run before."""
    now, before = state.now, state.before
    size = KeyFigure(_("Customers"), formatting.number(now.customers), icon="users", url=url)
    amounts = (
        (_("Net revenue"), now.net_revenue, before.net_revenue if before else None),
        (_("Profit"), now.profit, before.profit if before else None),
        (_("Lifetime value"), now.lifetime_value, before.lifetime_value if before else None),
    )
    figures = [
        _with_change(KeyFigure(label, formatting.money(value, currency, digits=0)), value, earlier, currency)
        for label, value, earlier in amounts
    ]
    return [_with_change(size, now.customers, before.customers if before else None, ""), *figures]


def _with_change(
    figure: KeyFigure, now: Decimal | int | None, before: Decimal | int | None, currency: str
) -> KeyFigure:
    """The figure with its move since the run before; as it is where one of both is unknown."""
    if now is None or before is None:
        return figure
    moved = now - before
    if not moved:
        return replace(figure, hint=_("unchanged since the recompute before"))
    text = formatting.money(moved, currency, digits=0) if currency else formatting.number(moved)
    return replace(
        figure,
        delta=f"+{text}" if moved > 0 else text,
        delta_tone="good" if moved > 0 else "bad",
        hint=_("since the recompute before"),
    )


def segment_facts(segment: Segment) -> list[Fact]:
    """The relational policy and where the segment comes from; what was not said is left out."""
    channels = dict(Channel.choices)
    limit = ""
    if segment.messages is not None:
        limit = _("%(messages)s messages in %(days)s days") % {"messages": segment.messages, "days": segment.days}
    facts = [
        Fact(_("Looked after by"), str(segment.owner)),
        Fact(_("Channels"), ", ".join(str(channels.get(channel, channel)) for channel in segment.channels)),
        Fact(_("At most"), limit),
        Fact(_("Shared with team"), str(segment.team or "")),
        Fact(_("Kind"), segment.get_kind_display()),
        Fact(_("Created"), formatting.day(segment.created_at.date())),
    ]
    return [fact for fact in facts if fact.value]
