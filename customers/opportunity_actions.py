"""What changes opportunities. Each change names the version that it was made from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from django.db import transaction

from customers.models import Opportunity, OpportunityStage

Outcome = OpportunityStage.Outcome


class ChangedMeanwhile(Exception):
    """Somebody else moved or changed the opportunity since this person saw it."""

    def __init__(self, opportunity: Opportunity) -> None:
        super().__init__(opportunity.pk)
        self.opportunity = opportunity


class LossReasonMissing(ValueError):
    """An opportunity is lost for a reason, and nobody gave one."""


def add_opportunity(*, fields: Mapping[str, Any], at: dt.datetime) -> Opportunity:
    """A new opportunity."""
    opportunity = Opportunity(**fields)
    opportunity.closed_at = None if opportunity.stage.outcome == Outcome.OPEN else at
    opportunity.save()
    return opportunity


@transaction.atomic
def change_opportunity(*, opportunity_id: int, version: int, changes: Mapping[str, Any]) -> Opportunity:
    """Write what was edited; raises ChangedMeanwhile, having changed nothing."""
    opportunity = _unchanged(opportunity_id, version)
    for name, value in changes.items():
        setattr(opportunity, name, value)
    return _kept(opportunity)


@transaction.atomic
def move_opportunity(
    *, opportunity_id: int, version: int, stage: OpportunityStage, loss_reason: str, at: dt.datetime
) -> Opportunity:
    """Put an opportunity into another stage: winning and losing close it, losing for a reason; others open it again.

    Raises ChangedMeanwhile and LossReasonMissing, having changed nothing.
    """
    opportunity = _unchanged(opportunity_id, version)
    if opportunity.stage_id == stage.pk:
        return opportunity
    if stage.outcome == Outcome.LOST and loss_reason not in Opportunity.LossReason.values:
        raise LossReasonMissing
    opportunity.stage = stage
    opportunity.loss_reason = loss_reason if stage.outcome == Outcome.LOST else ""
    opportunity.closed_at = None if stage.outcome == Outcome.OPEN else at
    return _kept(opportunity)


def _unchanged(opportunity_id: int, version: int) -> Opportunity:
    opportunity = Opportunity.objects.select_for_update(of=("self",)).select_related("stage").get(pk=opportunity_id)
    if opportunity.version != version:
        raise ChangedMeanwhile(opportunity)
    return opportunity


def _kept(opportunity: Opportunity) -> Opportunity:
    opportunity.version += 1
    opportunity.save()
    return opportunity
