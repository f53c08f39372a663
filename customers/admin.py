"""Admin pages of customers. Scorecards have no page: they are computed, and their key is made of two columns."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from crm_site.lib.admin import ReadOnlyAdmin, SafeModelAdmin
from crm_site.lib.formatting import number
from customers.models import (
    AcquisitionSource,
    Attachment,
    CalendarFeed,
    Channel,
    Company,
    Consent,
    ContactLimit,
    ContactMoment,
    Customer,
    CustomField,
    DuplicatePair,
    Import,
    ImportChange,
    ImportRejection,
    JourneyStep,
    Merge,
    Message,
    MessageTemplate,
    Opportunity,
    OpportunityStage,
    Order,
    OrderLine,
    Product,
    ProductFamily,
    Purpose,
    Run,
    SavedView,
    Segment,
    SegmentFigures,
    Tag,
    Task,
    Touchpoint,
)
from customers.reports import numbered_like


@admin.register(Company)
class CompanyAdmin(SafeModelAdmin):
    """The one company."""

    list_display = ["name", "currency", "former_after_days"]
    readonly_fields = ["demo_weeks_shifted"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not Company.objects.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(AcquisitionSource)
class AcquisitionSourceAdmin(SafeModelAdmin):
    list_display = ["name", "name_fr"]
    search_fields = ["name__istartswith", "name_fr__istartswith"]
    ordering = ["name"]


@admin.register(Customer)
class CustomerAdmin(SafeModelAdmin):
    """Customers, found as on the customer list: by the beginning of any word of name, reference, address or phone."""

    list_display = ["reference", "whole_name", "kind", "email", "city", "owner"]
    list_display_links = ["reference", "whole_name"]
    list_filter = ["kind", "is_synthetic"]
    list_select_related = ["owner"]
    sortable_by = ["reference"]
    search_fields = ["reference"]
    autocomplete_fields = ["member_of", "owner", "team", "source", "tags"]
    readonly_fields = ["created_at"]

    def matching(self, request: HttpRequest, queryset: QuerySet[Customer], search_term: str) -> QuerySet[Customer]:
        return Customer.objects.matching(search_term)

    @admin.display(description=_("name"))
    def whole_name(self, customer: Customer) -> str:
        return customer.full_name


@admin.register(Touchpoint)
class TouchpointAdmin(SafeModelAdmin):
    list_display = ["name", "name_fr", "channel", "position", "standard_minutes"]
    list_filter = ["channel"]
    search_fields = ["name__istartswith", "name_fr__istartswith"]
    ordering = ["position", "name"]
    sortable_by = ["name", "channel", "position"]


class ChannelFilter(admin.SimpleListFilter):
    """By the channel of the touchpoint, without a select of every touchpoint."""

    title = Touchpoint._meta.get_field("channel").verbose_name
    parameter_name = "channel"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(value, str(label)) for value, label in Channel.choices]

    def queryset(self, request: HttpRequest, queryset: QuerySet[ContactMoment]) -> QuerySet[ContactMoment]:
        if not self.value():
            return queryset
        touchpoints = Touchpoint.objects.filter(channel=self.value()).values_list("pk", flat=True)
        return queryset.filter(touchpoint__in=list(touchpoints))


@admin.register(ContactMoment)
class ContactMomentAdmin(SafeModelAdmin):
    list_display = ["occurred_at", "customer", "touchpoint", "direction", "minutes", "employee"]
    list_filter = ["direction", ChannelFilter]
    list_select_related = ["customer", "touchpoint", "employee"]
    ordering = ["-occurred_at", "-pk"]
    sortable_by = ["occurred_at"]
    search_fields = ["customer__reference__startswith"]
    autocomplete_fields = ["customer", "person", "touchpoint", "employee", "source"]


@admin.register(ProductFamily)
class ProductFamilyAdmin(SafeModelAdmin):
    list_display = ["name", "name_fr"]
    search_fields = ["name__istartswith", "name_fr__istartswith"]
    ordering = ["name"]


@admin.register(Product)
class ProductAdmin(SafeModelAdmin):
    list_display = ["sku", "name", "kind", "family", "unit_cost"]
    list_filter = ["kind"]
    list_select_related = ["family"]
    ordering = ["sku"]
    sortable_by = ["sku"]
    search_fields = ["sku__startswith", "name__istartswith"]
    autocomplete_fields = ["family"]


@admin.register(Order)
class OrderAdmin(SafeModelAdmin):
    """Orders, found by the beginning of their number; their lines have a page of their own."""

    list_display = ["number", "customer", "ordered_on", "contract", "currency", "source"]
    list_select_related = ["customer", "source"]
    actions = ["mark_as_start", "mark_as_renewal", "mark_as_no_subscription"]
    ordering = ["-ordered_on", "-pk"]
    sortable_by = ["number", "ordered_on"]
    search_fields = ["number"]
    autocomplete_fields = ["customer", "source"]

    def matching(self, request: HttpRequest, queryset: QuerySet[Order], search_term: str) -> QuerySet[Order]:
        return numbered_like(queryset, search_term)

    @admin.action(description=_("Mark as beginning a subscription"), permissions=["change"])
    def mark_as_start(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        self._mark(request, queryset, Order.Contract.START)

    @admin.action(description=_("Mark as renewing a subscription"), permissions=["change"])
    def mark_as_renewal(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        self._mark(request, queryset, Order.Contract.RENEWAL)

    @admin.action(description=_("Mark as having nothing to do with a subscription"), permissions=["change"])
    def mark_as_no_subscription(self, request: HttpRequest, queryset: QuerySet[Order]) -> None:
        self._mark(request, queryset, "")

    def _mark(self, request: HttpRequest, orders: QuerySet[Order], contract: str) -> None:
        marked = Order.objects.filter(pk__in=orders.values("pk")).update(contract=contract)
        said = ngettext("%(count)s order was marked.", "%(count)s orders were marked.", marked)
        self.message_user(request, said % {"count": number(marked)})


@admin.register(OrderLine)
class OrderLineAdmin(SafeModelAdmin):
    list_display = ["order", "product", "quantity", "unit_price", "discount", "gross", "cost"]
    list_select_related = ["order", "product"]
    search_fields = ["order__number__startswith"]
    autocomplete_fields = ["order", "product"]
    readonly_fields = ["gross", "cost"]


@admin.register(Import)
class ImportAdmin(ReadOnlyAdmin):
    list_display = ["file_name", "kind", "created_at", "requested_by", "rows", "accepted", "rejected", "skipped"]
    list_select_related = ["requested_by"]
    search_fields = ["file_name__istartswith"]


@admin.register(ImportRejection)
class ImportRejectionAdmin(ReadOnlyAdmin):
    list_display = ["source", "line", "column", "value", "reason"]
    list_select_related = ["source"]
    search_fields = ["reason__startswith"]


@admin.register(ImportChange)
class ImportChangeAdmin(ReadOnlyAdmin):
    list_display = ["source", "record_id"]
    list_select_related = ["source"]
    search_fields = ["=record_id"]


@admin.register(JourneyStep)
class JourneyStepAdmin(ReadOnlyAdmin):
    list_display = ["period", "place", "touchpoint", "moments", "customers", "counted_at"]
    list_select_related = ["touchpoint"]
    search_fields = ["=period"]


@admin.register(Run)
class RunAdmin(ReadOnlyAdmin):
    list_display = ["id", "as_of", "reason", "started_at", "published_at", "is_current", "has_rows"]
    list_filter = ["reason"]
    search_fields = ["=id"]


# --- Daily work ------------------------------------------------------------------------------------------------------


@admin.register(Tag)
class TagAdmin(SafeModelAdmin):
    list_display = ["name"]
    search_fields = ["name__istartswith"]
    ordering = ["name"]
    sortable_by = ["name"]


@admin.register(CustomField)
class CustomFieldAdmin(SafeModelAdmin):
    list_display = ["code", "name", "name_fr", "kind", "position"]
    list_filter = ["kind"]
    search_fields = ["code__istartswith", "name__istartswith"]
    ordering = ["position", "pk"]


@admin.register(Purpose)
class PurposeAdmin(SafeModelAdmin):
    list_display = ["name", "name_fr", "needs_consent"]
    search_fields = ["name__istartswith", "name_fr__istartswith"]
    ordering = ["name"]


@admin.register(Consent)
class ConsentAdmin(ReadOnlyAdmin):
    """What customers agreed to: only ever added to, from their files."""

    list_display = ["customer", "purpose", "channel", "given", "at", "source", "recorded_by"]
    list_filter = ["channel", "given"]
    list_select_related = ["customer", "purpose", "recorded_by"]
    search_fields = ["customer__reference__startswith"]


@admin.register(ContactLimit)
class ContactLimitAdmin(SafeModelAdmin):
    list_display = ["channel", "messages", "days"]
    ordering = ["channel", "days"]


@admin.register(MessageTemplate)
class MessageTemplateAdmin(SafeModelAdmin):
    list_display = ["name", "purpose", "subject"]
    list_select_related = ["purpose"]
    search_fields = ["name__istartswith", "name_fr__istartswith"]
    autocomplete_fields = ["purpose"]
    ordering = ["name"]


@admin.register(Message)
class MessageAdmin(ReadOnlyAdmin):
    """Messages are written and sent from the customer's file."""

    list_display = ["customer", "subject", "state", "purpose", "created_at", "sent_at"]
    list_filter = ["state"]
    list_select_related = ["customer", "purpose"]
    search_fields = ["customer__reference__startswith"]


@admin.register(Attachment)
class AttachmentAdmin(ReadOnlyAdmin):
    """Files are added and opened from the customer's file, where rights are checked."""

    list_display = ["name", "customer", "size", "uploaded_by", "uploaded_at"]
    list_select_related = ["customer", "uploaded_by"]
    search_fields = ["customer__reference__startswith"]
    exclude = ["file"]


@admin.register(OpportunityStage)
class OpportunityStageAdmin(SafeModelAdmin):
    list_display = ["name", "name_fr", "position", "probability", "outcome"]
    search_fields = ["name__istartswith", "name_fr__istartswith"]
    ordering = ["position", "pk"]


@admin.register(Opportunity)
class OpportunityAdmin(SafeModelAdmin):
    list_display = ["title", "customer", "stage", "expected_value", "expected_on", "owner"]
    list_select_related = ["customer", "stage", "owner"]
    search_fields = ["customer__reference__startswith"]
    autocomplete_fields = ["customer", "stage", "owner", "source"]


@admin.register(Task)
class TaskAdmin(SafeModelAdmin):
    list_display = ["title", "customer", "owner", "due_on", "priority", "done_at"]
    list_filter = ["priority"]
    list_select_related = ["customer", "owner"]
    search_fields = ["customer__reference__startswith"]
    autocomplete_fields = ["customer", "owner"]


@admin.register(CalendarFeed)
class CalendarFeedAdmin(ReadOnlyAdmin):
    """Whose tasks stand in a calendar; the secret of its address is nobody else's business."""

    list_display = ["owner", "renewed_at"]
    list_select_related = ["owner"]
    search_fields = ["owner__username__startswith"]
    exclude = ["nonce"]


@admin.register(DuplicatePair)
class DuplicatePairAdmin(ReadOnlyAdmin):
    list_display = ["first", "second", "score", "state", "decided_by", "found_at"]
    list_filter = ["state"]
    list_select_related = ["first", "second", "decided_by"]
    search_fields = ["first__reference__startswith"]


@admin.register(Merge)
class MergeAdmin(ReadOnlyAdmin):
    list_display = ["kept", "gone_reference", "merged_by", "merged_at", "undone_at"]
    list_select_related = ["kept", "merged_by"]
    search_fields = ["gone_reference__startswith"]


@admin.register(Segment)
class SegmentAdmin(SafeModelAdmin):
    list_display = ["name", "name_fr", "kind", "owner", "team"]
    list_filter = ["kind"]
    list_select_related = ["owner", "team"]
    search_fields = ["name__istartswith", "name_fr__istartswith"]
    autocomplete_fields = ["owner", "team"]
    # A segment may hold a million customers: its members are managed on its own page.
    exclude = ["members"]
    ordering = ["name"]


@admin.register(SegmentFigures)
class SegmentFiguresAdmin(ReadOnlyAdmin):
    list_display = ["segment", "run", "customers", "net_revenue", "profit", "lifetime_value"]
    list_select_related = ["segment", "run"]
    search_fields = ["segment__name__istartswith"]


@admin.register(SavedView)
class SavedViewAdmin(SafeModelAdmin):
    list_display = ["name", "list_name", "owner", "team", "is_pinned"]
    list_select_related = ["owner", "team"]
    search_fields = ["name__istartswith"]
    autocomplete_fields = ["owner", "team"]
