"""Admin pages of profitability.

Customer months, figures of periods and values by month have no page: their keys are made of two columns and more, which
the admin does not know, and they are computed, a million for each run. Nor have main families of customers. What runs
computed is looked at, never edited.
"""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.options import InlineModelAdmin
from django.db.models import Field, ForeignKey, Model, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm_site.lib.admin import ReadOnlyAdmin, SafeModelAdmin
from customers.models.scorecard import Category
from profitability.actions import publish_costing
from profitability.drivers import driver_choices
from profitability.models import (
    Activity,
    ActivityRate,
    ActivityShare,
    CategoryPolicy,
    Costing,
    CostPool,
    CostPoolAmount,
    EquityBridge,
    ModelComparison,
    PeriodRanking,
    PortfolioAnalysis,
    ProductMatrix,
    ProfitChange,
    ReportMail,
    ReportSubscription,
    RunActivity,
    RunAnswer,
    RunCohorts,
    RunMonth,
    RunPool,
    RunPoolMonth,
    RunPortfolio,
    Scenario,
    ValuePolicy,
    ValueSnapshot,
)


class DriverChoices:
    """Drivers are chosen by name among those that records yield."""

    def formfield_for_dbfield(self, db_field: Field[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name != "driver":
            return super().formfield_for_dbfield(db_field, request, **kwargs)  # type: ignore[misc]
        return forms.ChoiceField(
            label=capfirst(db_field.verbose_name),
            help_text=db_field.help_text,
            required=not db_field.blank,
            choices=[("", "---------"), *driver_choices()],
        )


class DraftsOnly:
    """What belongs to a published costing is looked at, never changed: the database would refuse it."""

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_change_permission(request, obj) and _is_draft(obj)  # type: ignore[misc]

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and _is_draft(obj)  # type: ignore[misc]

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """Inlines ask for the object above them; pages of their own ask for nothing."""
        allowed = super().has_add_permission(request, *([obj] if isinstance(self, InlineModelAdmin) else []))  # type: ignore[misc]
        return allowed and _is_draft(obj)

    def get_actions(self, request: HttpRequest) -> Any:
        """Without deleting many at once, which asks about no single row."""
        actions = super().get_actions(request)  # type: ignore[misc]
        actions.pop("delete_selected", None)
        return actions


def _is_draft(row: Any) -> bool:
    """Whether the costing behind a row can still be changed; yes without a row."""
    match row:
        case Costing():
            return row.is_draft
        case CostPool() | Activity():
            return row.costing.is_draft
        case CostPoolAmount() | ActivityShare():
            return row.pool.costing.is_draft
    return True


class OneRowAdmin(SafeModelAdmin):
    """A row that there is once: it is changed, never added twice nor deleted."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not self.model._default_manager.exists()

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


# --- Costing ------------------------------------------------------------------------------------------------------


class CostPoolInline(DraftsOnly, admin.TabularInline):
    model = CostPool
    extra = 0
    show_change_link = True
    fields = ["name", "name_fr", "practical_capacity_minutes", "company_level"]


class ActivityInline(DraftsOnly, DriverChoices, admin.TabularInline):
    model = Activity
    extra = 0
    show_change_link = True
    fields = ["name", "method", "driver", "resource", "equation", "position"]

    def formfield_for_foreignkey(self, db_field: ForeignKey[Any, Any], request: HttpRequest, **kwargs: Any) -> Any:
        """The few cost pools of the costing on this page; none before it was saved for the first time."""
        costing = request.resolver_match.kwargs.get("object_id") if request.resolver_match else None
        pools = CostPool.objects.filter(costing=costing) if costing else CostPool.objects.none()
        return forms.ModelChoiceField(pools, required=False, label=capfirst(db_field.verbose_name))


@admin.register(Costing)
class CostingAdmin(DraftsOnly, SafeModelAdmin):
    """A costing with its cost pools and activities; amounts and shares stand on the pages of those."""

    list_display = ["name", "is_current", "published_at"]
    search_fields = ["name__istartswith"]
    readonly_fields = ["is_current", "published_at"]
    inlines = [CostPoolInline, ActivityInline]
    actions = ["make_current"]

    @admin.action(description=_("Make this the costing that recomputes use"), permissions=["change"])
    def make_current(self, request: HttpRequest, chosen: QuerySet[Costing]) -> None:
        if chosen.count() != 1:
            self.message_user(request, gettext("Choose exactly one costing."), messages.ERROR)
            return
        costing = chosen.get()
        publish_costing(costing=costing, at=timezone.now())
        text = gettext("“%(costing)s” counts from the next recompute on.") % {"costing": costing.name}
        self.message_user(request, text, messages.SUCCESS)


class CostPoolAmountInline(DraftsOnly, admin.TabularInline):
    model = CostPoolAmount
    extra = 1
    ordering = ["-month"]


class PoolShareInline(DraftsOnly, admin.TabularInline):
    model = ActivityShare
    extra = 0
    autocomplete_fields = ["activity"]


@admin.register(CostPool)
class CostPoolAdmin(DraftsOnly, SafeModelAdmin):
    """A cost pool with its amounts by month, and the activities that take shares of it."""

    list_display = ["name", "name_fr", "costing", "practical_capacity_minutes", "company_level"]
    list_filter = ["company_level", "costing"]
    list_select_related = ["costing"]
    search_fields = ["name__istartswith", "name_fr__istartswith"]
    autocomplete_fields = ["costing"]
    inlines = [CostPoolAmountInline, PoolShareInline]


@admin.register(CostPoolAmount)
class CostPoolAmountAdmin(DraftsOnly, SafeModelAdmin):
    list_display = ["pool", "month", "amount", "capacity_minutes"]
    list_filter = ["pool__costing"]
    list_select_related = ["pool__costing"]
    date_hierarchy = "month"
    search_fields = ["pool__name__istartswith"]
    autocomplete_fields = ["pool"]


class ActivityShareInline(DraftsOnly, admin.TabularInline):
    model = ActivityShare
    extra = 0
    autocomplete_fields = ["pool"]


@admin.register(Activity)
class ActivityAdmin(DraftsOnly, DriverChoices, SafeModelAdmin):
    """An activity with the shares of cost pools that it takes, or with its time equation."""

    list_display = ["name", "name_fr", "costing", "method", "driver", "resource", "equation", "position"]
    list_filter = ["method", "costing"]
    list_select_related = ["costing", "resource"]
    search_fields = ["name__istartswith", "name_fr__istartswith"]
    autocomplete_fields = ["costing", "resource"]
    inlines = [ActivityShareInline]


@admin.register(ActivityShare)
class ActivityShareAdmin(DraftsOnly, SafeModelAdmin):
    list_display = ["activity", "pool", "percent"]
    list_filter = ["activity__costing"]
    list_select_related = ["activity", "pool__costing"]
    search_fields = ["activity__name__istartswith", "pool__name__istartswith"]
    autocomplete_fields = ["activity", "pool"]


# --- Policies -----------------------------------------------------------------------------------------------------


@admin.register(CategoryPolicy)
class CategoryPolicyAdmin(SafeModelAdmin):
    """One text for each of the four categories."""

    list_display = ["category", "text", "text_fr"]
    search_fields = ["text__icontains", "text_fr__icontains"]
    ordering = ["category"]

    def get_readonly_fields(self, request: HttpRequest, obj: CategoryPolicy | None = None) -> list[str]:
        return ["category"] if obj else []

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and CategoryPolicy.objects.count() < len(Category)


@admin.register(ValuePolicy)
class ValuePolicyAdmin(OneRowAdmin):
    """Where the four categories begin, and how the future is discounted; counts from the next recompute on."""

    list_display = ["__str__", "best_share", "fair_profit", "desirable_value", "yearly_discount_rate", "horizon_years"]


# --- What runs computed -------------------------------------------------------------------------------------------


@admin.register(RunActivity)
class RunActivityAdmin(ReadOnlyAdmin):
    list_display = ["name", "run", "position", "method", "drivers"]
    list_filter = ["method"]
    list_select_related = ["run"]
    search_fields = ["name__istartswith", "run__id__exact"]


@admin.register(ActivityRate)
class ActivityRateAdmin(ReadOnlyAdmin):
    list_display = ["activity", "run", "month", "quantity", "rate", "cost", "charged", "charged_anonymous"]
    list_select_related = ["activity__run"]
    search_fields = ["activity__name__istartswith", "activity__run__id__exact"]

    @admin.display(description=_("recompute"))
    def run(self, rate: ActivityRate) -> str:
        return str(rate.activity.run)


@admin.register(RunMonth)
class RunMonthAdmin(ReadOnlyAdmin):
    list_display = ["month", "run", "orders", "net_revenue", "profit", "entered", "unused_capacity", "company_level"]
    list_select_related = ["run"]
    search_fields = ["run__id__exact"]


@admin.register(RunPool)
class RunPoolAdmin(ReadOnlyAdmin):
    list_display = ["name", "run", "position"]
    list_select_related = ["run"]
    search_fields = ["name__istartswith", "run__id__exact"]


@admin.register(RunPoolMonth)
class RunPoolMonthAdmin(ReadOnlyAdmin):
    list_display = ["pool", "month", "entered", "charged", "unused_capacity", "overload", "company_level"]
    list_select_related = ["pool"]
    search_fields = ["pool__name__istartswith", "pool__run__id__exact"]


@admin.register(PeriodRanking)
class PeriodRankingAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "run", "since", "until", "computed_at"]
    list_select_related = ["run"]
    search_fields = ["run__id__exact"]


@admin.register(ProfitChange)
class ProfitChangeAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "another_costing", "computed_at"]
    list_select_related = ["run", "previous"]
    search_fields = ["run__id__exact"]


@admin.register(RunAnswer)
class RunAnswerAdmin(ReadOnlyAdmin):
    list_display = ["question", "run"]
    list_select_related = ["run"]
    search_fields = ["run__id__exact", "question__istartswith"]


@admin.register(RunCohorts)
class RunCohortsAdmin(ReadOnlyAdmin):
    list_display = ["run", "computed_at", "job"]
    list_select_related = ["run", "job"]
    search_fields = ["run__id__exact"]


@admin.register(RunPortfolio)
class RunPortfolioAdmin(ReadOnlyAdmin):
    list_display = ["run", "computed_at", "job"]
    list_select_related = ["run", "job"]
    search_fields = ["run__id__exact"]


@admin.register(PortfolioAnalysis)
class PortfolioAnalysisAdmin(ReadOnlyAdmin):
    list_display = ["question", "portfolio"]
    list_select_related = ["portfolio__run"]
    search_fields = ["question__istartswith"]


@admin.register(ModelComparison)
class ModelComparisonAdmin(ReadOnlyAdmin):
    list_display = ["as_of", "winner", "compared_at", "job"]
    list_select_related = ["job"]
    search_fields = ["id__exact"]


@admin.register(EquityBridge)
class EquityBridgeAdmin(ReadOnlyAdmin):
    list_display = ["__str__", "run", "previous", "computed_at"]
    list_select_related = ["run", "previous"]
    search_fields = ["run__id__exact"]


@admin.register(ProductMatrix)
class ProductMatrixAdmin(ReadOnlyAdmin):
    list_display = ["run", "computed_at", "job"]
    list_select_related = ["run", "job"]
    search_fields = ["run__id__exact"]


# --- What-if ------------------------------------------------------------------------------------------------------


@admin.register(Scenario)
class ScenarioAdmin(ReadOnlyAdmin):
    """Scenarios are made on their own pages, where their result is worked out."""

    list_display = ["name", "owner", "team", "run", "computed_at", "changed_at"]
    list_select_related = ["owner", "team", "run"]
    search_fields = ["name__istartswith"]


# --- Monthly reports ----------------------------------------------------------------------------------------------


@admin.register(ReportSubscription)
class ReportSubscriptionAdmin(ReadOnlyAdmin):
    """Everybody decides for themselves, on a page of their own."""

    list_display = ["user", "language", "created_at"]
    list_select_related = ["user"]
    search_fields = ["user__username__istartswith"]


@admin.register(ReportMail)
class ReportMailAdmin(ReadOnlyAdmin):
    list_display = ["user", "month", "state", "refusal", "sent_at"]
    list_filter = ["state"]
    list_select_related = ["user"]
    search_fields = ["user__username__istartswith"]


@admin.register(ValueSnapshot)
class ValueSnapshotAdmin(ReadOnlyAdmin):
    list_display = ["month", "as_of", "customers", "taken_at"]
    ordering = ["-month"]
