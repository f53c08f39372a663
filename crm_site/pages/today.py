"""The first page of whoever looks after customers: identify them, tell them apart, speak with them, suit them.

The four headings are the four steps of one-to-one marketing. Each block shows the first few rows and opens the list
behind it; those of the last step are fetched once the page stands. Queries: at most two for each block, whatever there
is to show.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.decorators import permission_required
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm_site.lib import formatting
from crm_site.lib.addresses import reverse
from crm_site.lib.panels import answer_panel
from crm_site.pages.today_lists import CATEGORY_WORDS
from crm_site.pages.today_rows import NOW, Reading, Shown
from customers import today_reports as reports
from customers.models import Company, Customer, Run, Task
from customers.permissions import CHANGE_CUSTOMER, VIEW_CUSTOMERS, VIEW_FIGURES, VIEW_MOMENTS, VIEW_TASKS

CALLED = ("name", "given_name")  # all that a line says of most customers
NEWEST_FIRST = ("-created_at", "-pk")
WISHES = ("needs", "preferred_channel", "best_time")
REPLIED = ("customer__name", "customer__given_name", "touchpoint__name", "touchpoint__name_fr")
TASKED = ("title", "due_on", "due_time", "remind_at", "priority", "customer__name", "customer__given_name")


@dataclass(frozen=True, slots=True)
class Line:
    """One row of a block."""

    text: str
    url: str
    note: str = ""
    value: str = ""
    tone: str = ""  # of a pill around the value


@dataclass(frozen=True, slots=True)
class Block:
    """What one question of the day brought up, and where the rest of it stands."""

    title: str
    empty: str  # what to do when there is nothing
    url: str
    lines: Sequence[Line] = ()
    count: str = ""
    tasks: Sequence[Task] = ()


@dataclass(frozen=True, slots=True)
class Step:
    """One of the four steps."""

    title: str
    text: str
    blocks: Sequence[Block] = ()


@dataclass(frozen=True, slots=True)
class Day:
    """Whose day it is, and what all blocks need to know."""

    request: HttpRequest
    today: dt.date
    now: dt.datetime
    run: Run | None
    currency: str

    @property
    def read(self) -> Reading:
        """The rows of blocks."""
        return Reading(self.user, self.today, self.now, self.run)

    @property
    def user(self) -> Any:
        return self.request.user

    @property
    def may_edit(self) -> bool:
        """Whether the advice to enter something in a file can be followed."""
        return bool(self.user.has_perm(CHANGE_CUSTOMER))

    def money(self, value: Any) -> str:
        return formatting.money(value, self.currency, digits=0)


@permission_required(VIEW_TASKS, raise_exception=True)
@permission_required(VIEW_CUSTOMERS, raise_exception=True)
def today(request: HttpRequest) -> HttpResponse:
    """What somebody should look at today."""
    day = day_of(request)
    context = {
        "page_title": _("Today"),
        "page_subtitle": formatting.day(day.today, "full"),
        "steps": [identify(day), differentiate(day), interact(day), customise()],
        "proposals": _("Proposals"),
        "today": day.today,
        "now": day.now,
        "here": request.path,
        "data_as_of": day.run and day.run.published_at,
    }
    return render(request, "pages/today.html", context)


@permission_required(VIEW_TASKS, raise_exception=True)
@permission_required(VIEW_CUSTOMERS, raise_exception=True)
def today_proposals(request: HttpRequest) -> HttpResponse:
    """The panel of the last step: what to propose to whom."""
    proposals = proposals_block(day_of(request))
    context = {"page_title": proposals.title, "breadcrumbs": [(_("Today"), reverse("today"))], "proposals": proposals}
    return answer_panel(request, "pages/today_proposals.html", context)


def day_of(request: HttpRequest) -> Day:
    """The day of whoever asks, with the run whose figures they may see (at most 1 query)."""
    now = timezone.now()
    run = Run.objects.current_head() if request.user.has_perm(VIEW_FIGURES) else None
    return Day(request, timezone.localdate(now), now, run, Company.of(request).currency)


def customers_block(
    title: str,
    key: str,
    empty: str,
    shown: Shown,
    line: Callable[[Any], Line],
) -> Block:
    """A block of customers, with the list that it is the beginning of."""
    first, count = shown
    return Block(title, empty, reverse("today-list", args=[key]), [line(row) for row in first], count)


# --- The four steps ---------------------------------------------------------------------------------------------------


def identify(day: Day) -> Step:
    """Whose files say too little, whom nobody looks after, who is new."""

    def lacking(customer: Customer) -> Line:
        lacks = [_("no e-mail address")] * (not customer.email) + [_("no phone")] * (not customer.phone)
        return Line(customer.full_name, customer.get_absolute_url(), " · ".join(lacks))

    def plain(customer: Customer) -> Line:
        note = _("since %(day)s") % {"day": formatting.day(customer.created_at)}
        return Line(customer.full_name, customer.get_absolute_url(), note)

    blocks = [
        customers_block(
            _("Incomplete files"),
            "incomplete",
            _("All your customers can be reached by e-mail and by telephone."),
            day.read.own(
                "incomplete",
                lambda user: reports.incomplete(user).only(*CALLED, "email", "phone"),
                *NEWEST_FIRST,
            ),
            lacking,
        ),
        customers_block(
            _("Without an owner"),
            "unowned",
            _("Every customer has an owner."),
            day.read.seen("unowned", lambda user: reports.unowned(user).only(*CALLED, "created_at"), *NEWEST_FIRST),
            plain,
        ),
        customers_block(
            _("Newest files"),
            "newest",
            _("Add a customer, or import a file of orders."),
            day.read.seen("newest", lambda user: reports.newest(user).only(*CALLED, "created_at"), *NEWEST_FIRST),
            plain,
        ),
    ]
    return Step(_("Identify"), _("Know who your customers are and how to reach them."), blocks)


def differentiate(day: Day) -> Step:
    """What one's customers are worth, and who rose or fell since the run before."""
    blocks = []
    if day.run is None:
        missing = _("Figures appear here after the first recompute.")
        blocks.append(Block(_("My customers by category"), missing, reverse("customers")))
    else:
        blocks += [categories_block(day, day.run), moves_block(day, day.run)]
    return Step(_("Differentiate"), _("Tell them apart by what they bring and what they will bring."), blocks)


def categories_block(day: Day, run: Run) -> Block:
    """One's customers in each category, with what they brought and will bring (1 query)."""
    lines = [
        Line(
            str(CATEGORY_WORDS[share.category]),
            f"{reverse('customers')}?owner={day.user.pk}&category={share.category}",
            ngettext("%(n)s customer, profit %(profit)s", "%(n)s customers, profit %(profit)s", share.customers)
            % {"n": formatting.number(share.customers), "profit": day.money(share.profit)},
            _("Lifetime value %(value)s") % {"value": day.money(share.lifetime_value)},
        )
        for share in reports.categories_of(day.user, run)
    ]
    empty = _("You look after no customer with figures yet.")
    if day.may_edit:
        empty = _("You look after no customer with figures yet: become the owner of some in their files.")
    return Block(_("My customers by category"), empty, f"{reverse('customers')}?owner={day.user.pk}", lines)


def moves_block(day: Day, run: Run) -> Block:
    """Who changed category since the run before (3 queries)."""
    empty = _("Nobody changed category since the figures before.")
    before = reports.previous_run(run)
    if before is None:
        return Block(_("Biggest moves"), _("Moves show after the next recompute."), reverse("customers"))

    def line(customer: Any) -> Line:
        words = {
            "before": CATEGORY_WORDS[customer.category_before],
            "now": CATEGORY_WORDS[customer.category],
        }
        sign = "+" if customer.gained > 0 else ""
        tone = "success" if customer.category < customer.category_before else "danger"
        note = _("%(before)s → %(now)s") % words
        return Line(customer.full_name, customer.get_absolute_url(), note, sign + day.money(customer.gained), tone)

    shown = day.read.own(
        f"moves since {before.parts}", lambda user: reports.moved(user, run, before).only(*CALLED), "-moved_by", "-pk"
    )
    return customers_block(_("Biggest moves"), "moves", empty, shown, line)


def interact(day: Day) -> Step:
    """Whom to speak with: what was promised, asked, due, or too long ago."""

    def waiting(user: Any) -> QuerySet[Task]:
        """One's own, which whoever may see tasks sees."""
        return Task.objects.waiting_for(user, day.today, NOW).select_related("customer").only(*TASKED)

    tasks, count = day.read.own("tasks", waiting, "due_on", "-priority", "pk")
    blocks = [
        Block(
            _("Tasks overdue and due today"),
            _("Nothing is due. Plan a call or a visit from a customer's file."),
            reverse("tasks") + "?whose=mine",
            tasks=tasks,
            count=count,
        )
    ]
    if day.user.has_perm(VIEW_MOMENTS):
        blocks.append(replies_block(day))
    blocks.append(birthdays_block(day))
    if day.run and day.user.has_perm(VIEW_MOMENTS):
        blocks.append(silent_block(day, day.run))
    return Step(_("Interact"), _("Speak with those who wait for you, and with those whom you should not lose."), blocks)


def replies_block(day: Day) -> Block:
    """Messages that nobody has answered, those that wait longest first (at most 2 queries)."""

    def line(moment: Any) -> Line:
        note = f"{moment.touchpoint.label} · {formatting.ago(moment.occurred_at, day.now)}"
        return Line(moment.customer.full_name, moment.customer.get_absolute_url() + "#moments", note)

    shown = day.read.seen(
        "replies", lambda user: reports.awaiting_reply(user).only("occurred_at", *REPLIED), "occurred_at", "pk"
    )
    empty = _("Every message has been answered.")
    return customers_block(_("Messages awaiting a reply"), "replies", empty, shown, line)


def birthdays_block(day: Day) -> Block:
    """Birthdays in the next seven days (at most 2 queries)."""

    def line(customer: Any) -> Line:
        birthday = day.today + dt.timedelta(days=customer.days_ahead)
        note = _("today") if customer.days_ahead == 0 else formatting.day(birthday)
        return Line(customer.full_name, customer.get_absolute_url(), note)

    shown = day.read.own("birthdays", lambda user: reports.birthdays(user, day.today).only(*CALLED), "days_ahead", "pk")
    empty = _("None of your customers has a birthday this week, as far as their files say.")
    return customers_block(_("Birthdays this week"), "birthdays", empty, shown, line)


def silent_block(day: Day, run: Run) -> Block:
    """Good customers of whom nothing was heard for ninety days, the most profitable first (at most 2 queries)."""

    def line(customer: Any) -> Line:
        note = _("last order on %(day)s") % {"day": formatting.day(customer.last_order_on)}
        return Line(customer.full_name, customer.get_absolute_url(), note, day.money(customer.profit))

    shown = day.read.own(
        "silent", lambda user: reports.long_silent(user, run, day.today).only(*CALLED), "-profit", "-pk"
    )
    empty = _("You have heard from all your good customers in the last ninety days.")
    return customers_block(_("Good customers, long silent"), "silent", empty, shown, line)


def customise() -> Step:
    """What to propose, which `today_proposals` answers."""
    return Step(_("Customise"), _("Offer each what suits them, in the way they like."))


def proposals_block(day: Day) -> Block:
    """What to propose to those whose wishes are known (at most 3 queries)."""
    first, count = day.read.own(
        "preferences",
        lambda user: reports.with_preferences(user, day.run).only(*CALLED, *WISHES),
        F("lifetime_value").desc(nulls_last=True),
        "-pk",
    )
    families = reports.favourite_families(first)
    lines = [
        Line(customer.full_name, customer.get_absolute_url(), wishes(customer), proposal(customer, families))
        for customer in first
    ]
    empty = _("Proposals come from what is known of your customers' needs and of the channel that they prefer.")
    if day.may_edit:
        empty = _("Note what a customer needs, or the channel they prefer, in their file; proposals come from there.")
    return Block(_("Proposals"), empty, reverse("today-list", args=["preferences"]), lines, count)


def wishes(customer: Customer) -> str:
    """What is known of a customer's wishes, in one line."""
    channel = customer.get_preferred_channel_display() if customer.preferred_channel else ""
    needs = " ".join(customer.needs.split())
    return " · ".join(filter(None, (needs[:120], channel, customer.best_time)))


def proposal(customer: Customer, families: dict[int, Any]) -> str:
    """What to offer: something of the family that the customer buys most."""
    family = families.get(customer.pk)
    return _("Offer: %(family)s") % {"family": family.label} if family else ""
