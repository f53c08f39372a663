"""What is recorded of customers and of what stands on their files."""

from __future__ import annotations

from collections.abc import Mapping

from crm_site.lib.trail.registry import Inner, Tracked, on_files_of, track
from customers import custom_fields
from customers.models import (
    AcquisitionSource,
    Attachment,
    Company,
    ContactLimit,
    ContactMoment,
    Customer,
    CustomField,
    Import,
    Merge,
    MessageTemplate,
    Opportunity,
    OpportunityStage,
    Purpose,
    Segment,
    Task,
    Touchpoint,
)
from customers.models.company import company_lately
from customers.permissions import (
    SEE_ALL,
    VIEW_CUSTOMERS,
    VIEW_DOCUMENTS,
    VIEW_IMPORTS,
    VIEW_MOMENTS,
    VIEW_OPPORTUNITIES,
    VIEW_SEGMENTS,
    VIEW_TASKS,
)


def further_fields() -> Mapping[str, Inner]:
    """The company's own fields by code (1 query)."""
    return {field.code: Inner(field.label, custom_fields.writer(field)) for field in custom_fields.fields()}


def house_currency() -> str:
    """In which amounts are written."""
    return company_lately().currency


on_files_of(Customer, see_all=SEE_ALL, currency=house_currency)
track(
    Tracked(
        Customer,
        fields=(
            "reference", "kind", "name", "given_name", "email", "phone", "street", "postal_code", "city", "country",
            "language", "member_of", "owner", "source", "team", "birth_date", "preferred_channel", "best_time",
            "needs", "custom", "acquisition_cost", "acquired_on", "is_synthetic",
        ),
        title="concat_ws(' ', nullif({row}.given_name, ''), {row}.name)",
        permission=VIEW_CUSTOMERS,
        customer="id",
        links=("tags",),
        inner={"custom": further_fields},
        url_name="customer",
    ),
    Tracked(
        ContactMoment,
        fields=(
            "customer", "touchpoint", "direction", "occurred_at", "minutes", "employee", "person", "summary", "result",
            "sentiment", "needs_reply",
        ),
        title="(select name from customers_touchpoint where id = {row}.touchpoint_id)",
        permission=VIEW_MOMENTS,
        customer="customer_id",
        # A file brings a hundred thousand moments: each names the import that it came with.
        origin="source_id",
    ),
    Tracked(
        Task,
        fields=(
            "title", "customer", "owner", "due_on", "due_time", "priority", "recurrence", "remind_at", "note",
            "done_at",
        ),
        title="{row}.title",
        permission=VIEW_TASKS,
        customer="customer_id",
        url_name="task",
    ),
    Tracked(
        Opportunity,
        fields=(
            "title", "customer", "stage", "expected_value", "expected_on", "owner", "source", "cost", "loss_reason",
            "note", "closed_at",
        ),
        title="{row}.title",
        permission=VIEW_OPPORTUNITIES,
        customer="customer_id",
    ),
    Tracked(
        Attachment, fields=("name", "customer"), title="{row}.name", permission=VIEW_DOCUMENTS, customer="customer_id"
    ),
    Tracked(
        Merge, fields=("undone_at",), title="{row}.gone_reference", permission=VIEW_CUSTOMERS, customer="kept_id"
    ),
)  # fmt: skip

# --- How the company is set up --------------------------------------------------------------------------------------

track(
    Tracked(
        Segment,
        fields=(
            "name",
            "name_fr",
            "kind",
            "query",
            "owner",
            "team",
            "channels",
            "messages",
            "days",
            "policy",
            "policy_fr",
        ),
        title="{row}.name",
        permission=VIEW_SEGMENTS,
        url_name="segment",
    ),
    Tracked(Import, fields=("undone_at",), title="{row}.file_name", permission=VIEW_IMPORTS, url_name="import"),
    Tracked(
        Touchpoint,
        fields=("name", "name_fr", "channel", "position", "standard_minutes"),
        title="{row}.name",
        permission=VIEW_MOMENTS,
    ),
    Tracked(
        CustomField,
        fields=("code", "name", "name_fr", "kind", "choices", "position"),
        title="{row}.name",
        permission=VIEW_CUSTOMERS,
    ),
    Tracked(
        MessageTemplate,
        fields=("name", "name_fr", "purpose", "subject", "subject_fr", "body", "body_fr"),
        title="{row}.name",
        permission=VIEW_CUSTOMERS,
    ),
    Tracked(Company, fields=("name", "currency", "former_after_days"), title="{row}.name", permission=VIEW_CUSTOMERS),
    Tracked(
        OpportunityStage,
        fields=("name", "name_fr", "position", "probability", "outcome"),
        title="{row}.name",
        permission=VIEW_OPPORTUNITIES,
    ),
    Tracked(AcquisitionSource, fields=("name", "name_fr"), title="{row}.name", permission=VIEW_CUSTOMERS),
    Tracked(ContactLimit, fields=("channel", "messages", "days"), title="{row}.channel", permission=VIEW_CUSTOMERS),
    Tracked(Purpose, fields=("name", "name_fr", "needs_consent"), title="{row}.name", permission=VIEW_CUSTOMERS),
)
