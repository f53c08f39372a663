"""The columns of the list of opportunities."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm_site.lib.formatting import day
from crm_site.lib.paging import Sort
from crm_site.lib.tables import Column, Table
from customers.models import Opportunity, OpportunityStage

STAGE_TONES = {
    OpportunityStage.Outcome.OPEN: "info",
    OpportunityStage.Outcome.WON: "success",
    OpportunityStage.Outcome.LOST: "neutral",
}

OPPORTUNITIES = Table(
    "opportunities",
    _("Opportunities"),
    (
        Column("title", _("Opportunity"), "link", link="opportunity-edit"),
        Column(
            "customer",
            _("Customer"),
            "link",
            value=lambda opportunity: opportunity.customer.full_name,
            link="customer",
            link_key="customer_id",
        ),
        Column(
            "stage",
            _("Stage"),
            "badge",
            value=lambda opportunity: opportunity.stage.label,
            badge=lambda opportunity: STAGE_TONES[opportunity.stage.outcome],
        ),
        Column("expected_value", _("Expected value"), "money", sort=Sort("expected_value", nullable=True)),
        Column("expected_on", _("Expected on"), "date", sort=Sort("expected_on", nullable=True)),
        Column("owner", _("Owner"), value=lambda opportunity: str(opportunity.owner) if opportunity.owner else None),
        Column("loss_reason", _("Reason of loss"), choices=dict(Opportunity.LossReason.choices), default=False),
        Column(
            "source",
            _("Acquisition source"),
            value=lambda opportunity: opportunity.source.label if opportunity.source else None,
            default=False,
        ),
        Column("cost", _("Cost of winning"), "money", default=False),
        Column("created_at", _("Created"), "datetime", sort=Sort("created_at"), default=False),
        Column(
            "closed_at",
            pgettext_lazy("column", "Closed"),
            "datetime",
            sort=Sort("closed_at", nullable=True),
            default=False,
        ),
    ),
    default_sort="-created_at",
)
# What the list reads, of all that is sorted before its first page is known.
LISTED = (
    *("title", "customer", "stage", "expected_value", "expected_on", "owner", "loss_reason", "source", "cost"),
    *("created_at", "closed_at", "customer__name", "customer__given_name", "stage__name", "stage__name_fr"),
    *("stage__outcome", "owner__first_name", "owner__last_name", "owner__username", "source__name", "source__name_fr"),
)


def expected_day(opportunity: Opportunity) -> str:
    """When the sale is expected; empty where nobody said."""
    return day(opportunity.expected_on) if opportunity.expected_on else ""


# Those of one customer, in the customer's file.
OF_CUSTOMER = Table(
    "opportunities-of-a-customer",
    _("Opportunities"),
    (
        Column("title", _("Opportunity"), "link", link="opportunity-edit", note=expected_day),
        OPPORTUNITIES.columns[2],
        OPPORTUNITIES.columns[3],
    ),
)
