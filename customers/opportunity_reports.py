"""What the board of opportunities shows."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Count, F, Sum
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from crm_site.lib.accounts.models import User
from crm_site.lib.joins import with_keys
from crm_site.lib.written import written
from customers.models import Customer, Opportunity, OpportunityStage
from customers.models.opportunity import OpportunityQuerySet

MOST_CARDS = 30
ON_A_CARD = ("title", "stage", "version", "expected_value", "expected_on", "loss_reason", "customer", "owner")


@dataclass(frozen=True, slots=True)
class StageColumn:
    """A column of the board: how many opportunities stand there, what they are worth, and the first of them."""

    stage: OpportunityStage
    count: int
    total: Decimal
    unvalued: int  # opportunities whose value nobody has estimated, and which the total leaves out
    cards: Sequence[Opportunity]
    menu: SafeString  # a button to each other stage, as every card of the column has them

    @property
    def left_out(self) -> int:
        return self.count - len(self.cards)

    @property
    def chance(self) -> Decimal:
        """The probability of the stage, as a share."""
        return Decimal(self.stage.probability) / 100

    @property
    def weighted(self) -> Decimal:
        """What the total is worth at the stage's probability."""
        return self.total * self.stage.probability / 100


def board(opportunities: OpportunityQuerySet) -> list[StageColumn]:
    """A column for each stage: the most valuable first, of closed ones the latest (5 queries)."""
    sums = {
        row["stage"]: row
        for row in opportunities.values("stage")
        .order_by()
        .annotate(count=Count("pk"), valued=Count("expected_value"), total=Sum("expected_value"))
    }
    stages = list(OpportunityStage.objects.all())
    cards = _first_cards(opportunities, [stage for stage in stages if stage.pk in sums])
    return [_column(stage, stages, sums.get(stage.pk), cards[stage.pk]) for stage in stages]


def _first_cards(
    opportunities: OpportunityQuerySet, stages: Sequence[OpportunityStage]
) -> Mapping[int, Sequence[Opportunity]]:
    """The first cards of each stage, and whose they are by name (3 queries, none for none)."""

    def columns() -> Any:
        each = [opportunities.filter(stage=one).order_by(*_order(one)).only(*ON_A_CARD)[:MOST_CARDS] for one in stages]
        return each[0].union(*each[1:], all=True)

    cards: dict[int, list[Opportunity]] = defaultdict(list)
    if not stages:
        return cards
    # Whoever sees all opportunities, and looks at all of them, asks the same as others who do.
    question = ("board", *((stage.pk, stage.outcome) for stage in stages))
    found = written(question, columns, alike=not opportunities.query.where).read()
    customers = with_keys(Customer.objects.only("name", "given_name"), {card.customer_id for card in found})
    called = {customer.pk: customer for customer in customers}
    owners = {card.owner_id for card in found if card.owner_id}
    people = User.objects.only("first_name", "last_name", "username").in_bulk(owners)
    for card in found:
        card.customer = called[card.customer_id]
        card.owner = people[card.owner_id] if card.owner_id else None
        cards[card.stage_id].append(card)
    return cards


def _order(stage: OpportunityStage) -> tuple[Any, str]:
    still_open = stage.outcome == OpportunityStage.Outcome.OPEN
    return F("expected_value" if still_open else "closed_at").desc(nulls_last=True), "-pk"


def _column(
    stage: OpportunityStage,
    stages: Sequence[OpportunityStage],
    sums: Mapping[str, Any] | None,
    cards: Sequence[Opportunity],
) -> StageColumn:
    if sums is None:
        return StageColumn(stage, 0, Decimal(0), 0, (), SafeString())
    button = '<button class="menu-item" name="stage" value="{}">{}</button>'
    buttons = format_html_join("", button, ((other.pk, other.label) for other in stages if other.pk != stage.pk))
    menu = format_html('<p class="menu-label">{}</p>{}', _("Move to"), buttons)
    return StageColumn(stage, sums["count"], sums["total"] or Decimal(0), sums["count"] - sums["valued"], cards, menu)


def opportunities_of(visible: OpportunityQuerySet, customer_id: int, limit: int) -> OpportunityQuerySet:
    """Some opportunities of a customer: open ones first, the latest before the others (1 query)."""
    found = visible.filter(customer=customer_id).select_related("stage")
    is_open = models.Case(models.When(stage__outcome=OpportunityStage.Outcome.OPEN, then=0), default=1)
    return found.order_by(is_open, "-created_at", "-pk")[:limit]
