"""The whole list behind each block of the page Today."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from django.db.models import QuerySet
from django.http import Http404, HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.lib.paging import Sort
from crm_site.lib.tables import Column, Table
from crm_site.lib.views import ListPage
from customers import today_reports as reports
from customers.models import Company, Customer, Run
from customers.models.channel import Channel
from customers.permissions import EXPORT, VIEW_CUSTOMERS, VIEW_FIGURES, VIEW_MOMENTS, VIEW_TASKS
from customers.tables import CATEGORIES, IDENTITY

CATEGORY_WORDS = CATEGORIES


def _category(name: str, label: Any) -> Column:
    return Column(
        name,
        label,
        "badge",
        choices=CATEGORY_WORDS,
        badge=lambda customer: f"category-{getattr(customer, name)}" if getattr(customer, name) else "",
    )


NAME = IDENTITY[0]
EMAIL = Column("email", gettext_lazy("E-mail address"))
PHONE = Column("phone", gettext_lazy("Phone"))
CREATED = Column("created_at", gettext_lazy("Created"), "date", sort=Sort("created_at"))
PROFIT = Column("profit", gettext_lazy("Profit"), "money", sort=Sort("profit"))


@dataclass(frozen=True, slots=True)
class Behind:
    """One list: its title, its columns, its rows for somebody, and what they must be allowed to see."""

    title: str | Promise
    columns: tuple[Column, ...]
    sort: str
    rows: Callable[[Any, Run | None], QuerySet[Any]]
    permission: str = VIEW_CUSTOMERS


def _moves(user: Any, run: Run | None) -> QuerySet[Any]:
    before = reports.previous_run(run) if run else None
    return reports.moved(user, run, before) if run and before else Customer.objects.none()


def _silent(user: Any, run: Run | None) -> QuerySet[Any]:
    return reports.long_silent(user, run, timezone.localdate()) if run else Customer.objects.none()


LISTS = {
    "incomplete": Behind(
        gettext_lazy("Incomplete files"),
        (NAME, EMAIL, PHONE, CREATED),
        "-created_at",
        lambda user, run: reports.incomplete(user),
    ),
    "unowned": Behind(
        gettext_lazy("Without an owner"),
        (NAME, EMAIL, PHONE, CREATED),
        "-created_at",
        lambda user, run: reports.unowned(user),
    ),
    "newest": Behind(
        gettext_lazy("Newest files"),
        (NAME, EMAIL, PHONE, CREATED),
        "-created_at",
        lambda user, run: reports.newest(user),
    ),
    "moves": Behind(
        gettext_lazy("Biggest moves"),
        (
            NAME,
            _category("category_before", gettext_lazy("Category before")),
            _category("category", gettext_lazy("Category now")),
            Column("gained", gettext_lazy("Change in profit"), "money"),
            Column("moved_by", gettext_lazy("Size of the move"), "money", sort=Sort("moved_by"), default=False),
        ),
        "-moved_by",
        _moves,
        VIEW_FIGURES,
    ),
    "replies": Behind(
        gettext_lazy("Messages awaiting a reply"),
        (
            Column(
                "customer",
                gettext_lazy("Customer"),
                "link",
                value=lambda moment: moment.customer.full_name,
                link="customer",
                link_key="customer_id",
            ),
            Column("occurred_at", gettext_lazy("When"), "datetime", sort=Sort("occurred_at")),
            Column("touchpoint", gettext_lazy("Touchpoint"), value=lambda moment: moment.touchpoint.label),
            Column("summary", gettext_lazy("Summary")),
        ),
        "occurred_at",
        lambda user, run: reports.awaiting_reply(user),
        VIEW_MOMENTS,
    ),
    "birthdays": Behind(
        gettext_lazy("Birthdays this week"),
        (
            NAME,
            Column("birth_date", gettext_lazy("Date of birth"), "date"),
            EMAIL,
            PHONE,
            Column("days_ahead", gettext_lazy("In days"), "number", sort=Sort("days_ahead")),
        ),
        "days_ahead",
        lambda user, run: reports.birthdays(user, timezone.localdate()),
    ),
    "silent": Behind(
        gettext_lazy("Good customers, long silent"),
        (
            NAME,
            _category("category", gettext_lazy("Category")),
            PROFIT,
            Column("last_order_on", gettext_lazy("Last order"), "date", sort=Sort("last_order_on")),
            PHONE,
        ),
        "-profit",
        _silent,
        VIEW_FIGURES,
    ),
    "preferences": Behind(
        gettext_lazy("Needs and preferences"),
        (
            NAME,
            Column("needs", gettext_lazy("Needs and preferences")),
            Column("preferred_channel", gettext_lazy("Preferred channel"), choices=dict(Channel.choices)),
            Column("best_time", gettext_lazy("Best time to call")),
            Column(
                "lifetime_value",
                gettext_lazy("Lifetime value"),
                "money",
                sort=Sort("lifetime_value", nullable=True),
            ),
        ),
        "-lifetime_value",
        lambda user, run: reports.with_preferences(user, run),
    ),
}


class TodayList(ListPage):
    """One of the lists behind the page Today."""

    permission_required = (VIEW_TASKS, VIEW_CUSTOMERS)
    export_permission = EXPORT

    def get(self, request: HttpRequest, block: str = "") -> HttpResponseBase:
        return super().get(request)

    def has_permission(self) -> bool:
        return super().has_permission() and self.request.user.has_perm(self.behind.permission)

    @property
    def behind(self) -> Behind:
        if self.kwargs["block"] not in LISTS:
            raise Http404
        return LISTS[self.kwargs["block"]]

    @property
    def title(self) -> str | Promise:  # type: ignore[override]
        return self.behind.title

    @cached_property
    def run(self) -> Run | None:
        """The run whose figures are shown, asked for once."""
        return Run.objects.current_head() if self.request.user.has_perm(VIEW_FIGURES) else None

    def get_table(self) -> Table:
        return Table(self.kwargs["block"], self.behind.title, self.behind.columns, self.behind.sort)

    def get_rows(self) -> QuerySet[Any]:
        return self.behind.rows(self.request.user, self.run)

    def get_currency(self) -> str:
        return Company.of(self.request).currency

    def get_context(self) -> dict[str, Any]:
        return {"breadcrumbs": [(_("Today"), reverse("today"))]}
