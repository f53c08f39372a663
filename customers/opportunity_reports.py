"""What the board of opportunities shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db.models import Count, F, Sum
from django.utils.html import format_html_join
from django.utils.safestring import SafeString

from customers.models import Opportunity, OpportunityStage
from customers.models.opportunity import OpportunityQuerySet

MOST_CARDS = 30


@dataclass(frozen=True, slots=True)
class StageColumn:
    """A column of the board: how many opportunities stand there, what they are worth, and the first of them."""

    stage: OpportunityStage
    count: int
    total: Decimal
    unvalued: int  # opportunities whose value nobody has estimated, and which the total leaves out
    cards: Sequence[Opportunity]
    buttons: SafeString  # to each other stage, as the menu of every card has them

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
    """A column for each stage: the most valuable first, of closed ones the latest (2 queries and 1 for each stage)."""
    sums = {
        row["stage"]: row
        for row in opportunities.values("stage")
        .order_by()
        .annotate(count=Count("pk"), valued=Count("expected_value"), total=Sum("expected_value"))
    }
    stages = list(OpportunityStage.objects.all())
    return [_column(stage, stages, opportunities, sums.get(stage.pk)) for stage in stages]


def _column(
    stage: OpportunityStage,
    stages: Sequence[OpportunityStage],
    opportunities: OpportunityQuerySet,
    sums: Mapping[str, Any] | None,
) -> StageColumn:
    if sums is None:
        return StageColumn(stage, 0, Decimal(0), 0, (), SafeString())
    button = '<button class="menu-item" name="stage" value="{}">{}</button>'
    buttons = format_html_join("", button, ((other.pk, other.label) for other in stages if other.pk != stage.pk))
    still_open = stage.outcome == OpportunityStage.Outcome.OPEN
    order = F("expected_value").desc(nulls_last=True) if still_open else F("closed_at").desc(nulls_last=True)
    cards = opportunities.filter(stage=stage).select_related("customer", "owner").order_by(order, "-pk")[:MOST_CARDS]
    unvalued = sums["count"] - sums["valued"]
    return StageColumn(stage, sums["count"], sums["total"] or Decimal(0), unvalued, list(cards), buttons)
