"""The cards of the board of opportunities: `{% load board %}{% board_cards column %}`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from html import escape

from django import template
from django.middleware.csrf import get_token
from django.template.context import Context
from django.utils.functional import Promise
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.lib.addresses import addresses
from crm_site.lib.drawing import icon, unknown
from crm_site.lib.formatting import day, money_writer
from customers.models import Opportunity, OpportunityStage
from customers.opportunity_reports import StageColumn
from customers.permissions import CHANGE_OPPORTUNITY

register = template.Library()


LABELS: Mapping[str, Promise] = {
    "value": gettext_lazy("Expected value"),
    "on": gettext_lazy("Expected on"),
    "owner": gettext_lazy("Owner"),
    "reason": gettext_lazy("Reason of loss"),
}


@register.simple_tag(takes_context=True)
def board_cards(context: Context, column: StageColumn) -> SafeString:
    """The cards of a column, joined as text: a board has nearly two hundred, each with a menu and some facts."""
    request, whose = context["request"], context["whose"]
    cards = Cards(
        column=column,
        today=context["today"],
        money=money_writer(context["company"].currency, digits=0),
        addresses={name: addresses(name) for name in ("customer", "opportunity-edit", "opportunity-move")},
        token=get_token(request) if request.user.has_perm(CHANGE_OPPORTUNITY) else "",
        whose=f"?whose={escape(whose)}" if whose else "",
        labels={name: f'<dt class="visually-hidden">{escape(str(label))}</dt>' for name, label in LABELS.items()},
        move=_("Move “%(card)s”"),
    )
    return mark_safe("".join(map(cards.draw, column.cards)))


@dataclass(frozen=True, slots=True)
class Cards:
    """How the cards of one column are drawn for one reader."""

    column: StageColumn
    today: dt.date
    money: Callable[[Decimal], str]
    addresses: Mapping[str, Callable[[int], str]]  # what makes the address of a page out of a key
    token: str  # by which cards may be moved; empty for a reader who may not
    whose: str  # which board a moved card leads back to
    labels: Mapping[str, str]
    move: str

    def draw(self, card: Opportunity) -> str:
        customer = self.addresses["customer"](card.customer_id)
        return (
            f'<li class="board-card"><div class="board-card-head">{self._head(card)}</div>'
            f'<a class="board-card-customer" href="{customer}">{escape(str(card.customer))}</a>'
            f'<dl class="board-card-facts">{self._facts(card)}</dl></li>'
        )

    def _head(self, card: Opportunity) -> str:
        title = escape(card.title)
        if not self.token:
            return f'<span class="board-card-title">{title}</span>'
        edit, move = (self.addresses[name](card.pk) for name in ("opportunity-edit", "opportunity-move"))
        label = escape(self.move % {"card": card.title})
        return (
            f'<a class="board-card-title" href="{edit}">{title}</a><details class="menu" data-menu>'
            f'<summary class="board-move" aria-label="{label}">{icon("dots-vertical")}</summary>'
            f'<form class="menu-panel menu-end" method="post" action="{move}{self.whose}" data-once data-board-move>'
            f'<input type="hidden" name="csrfmiddlewaretoken" value="{self.token}">'
            f'<input type="hidden" name="version" value="{card.version}">{self.column.menu}</form></details>'
        )

    def _facts(self, card: Opportunity) -> str:
        value = unknown() if card.expected_value is None else self.money(card.expected_value)
        facts = self._fact("value", value, "board-card-value")
        if card.expected_on:
            late = card.expected_on < self.today and self.column.stage.outcome == OpportunityStage.Outcome.OPEN
            facts += self._fact("on", day(card.expected_on), "is-minus" if late else "")
        if card.owner:
            facts += self._fact("owner", escape(str(card.owner)))
        if card.loss_reason:
            facts += self._fact("reason", escape(card.get_loss_reason_display()))
        return facts

    def _fact(self, name: str, drawn: str, css: str = "") -> str:
        tag = f'<dd class="{css}">' if css else "<dd>"
        return f"<div>{self.labels[name]}{tag}{drawn}</dd></div>"
