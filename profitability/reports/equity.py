"""Customer equity: today, by category and segment, over the recomputes, and why it changed since the last one."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db.models import CharField
from django.db.models.fields.json import KT
from django.db.models.functions import Cast
from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from crm_site.lib.formatting import money, number, percent
from customers.models import Run, Segment
from profitability.models import EquityBridge
from profitability.reports.model_words import model_in_words
from profitability.reports.runs import amount
from profitability.reports.sentences import CLOSE, OPEN, Finding
from profitability.totals import Bridge, EquityChange, LifetimeModel, RunTotals

# Of so many recomputes, the latest, the history is drawn; of each day the last one counts.
MOST_RUNS = 400
STEPS = ("won", "lost", "activity", "margin", "cost", "unknown")


@dataclass(frozen=True, slots=True)
class EquityPoint:
    """Customer equity as the last recompute of a day found it."""

    run: int
    as_of: dt.date
    value: Decimal
    low: Decimal | None
    high: Decimal | None


@dataclass(frozen=True, slots=True)
class EquityPage:
    """What the page about customer equity shows."""

    history: list[EquityPoint]
    bridge: EquityBridge | None
    change: EquityChange | None
    segments: list[tuple[str, int, Bridge]]  # name and key, as far as the reader may see them


def equity_page(run: Run, user: AbstractUser | AnonymousUser) -> EquityPage:
    """History, and the change since the run before (3 queries)."""
    bridge = EquityBridge.objects.filter(run=run).select_related("previous").first()
    change = EquityChange.from_json(bridge.totals) if bridge else None
    visible = Segment.objects.visible_to(user).only("name", "name_fr") if change and change.segments else ()
    names = {segment.pk: segment.label for segment in visible}
    segments = (
        [(names[one.segment], one.segment, one.bridge) for one in change.segments if one.segment in names]
        if change
        else []
    )
    return EquityPage(history(), bridge, change, segments)


def history() -> list[EquityPoint]:
    """Customer equity of every day with a recompute, the earliest first (1 query)."""
    figures = {
        name: Cast(KT(f"totals__{path}"), CharField())
        for name, path in (
            ("value", "customer_equity"),
            ("low", "customer_equity_low"),
            ("high", "customer_equity_high"),
        )
    }
    runs: Any = Run.objects.filter(published_at__isnull=False).annotate(**figures).order_by("-published_at", "-pk")
    days: dict[dt.date, EquityPoint] = {}
    for run, as_of, value, low, high in runs.values_list("pk", "as_of", "value", "low", "high")[:MOST_RUNS]:
        equity = amount(value)
        if equity is not None and as_of not in days:
            days[as_of] = EquityPoint(run, as_of, equity, amount(low), amount(high))
    return sorted(days.values(), key=lambda point: point.as_of)


def step_names() -> dict[str, str]:
    """The steps of a bridge as people call them."""
    return {
        "won": _("Customers won"),
        "lost": _("Customers lost"),
        "activity": _("More or fewer orders expected"),
        "margin": _("Margin of an order"),
        "cost": _("Cost to serve"),
        "unknown": _("Not told apart"),
    }


def short_names() -> dict[str, str]:
    """The same where there is little room."""
    return {
        "won": pgettext("change of customer equity", "Won"),
        "lost": pgettext("change of customer equity", "Lost"),
        "activity": pgettext("change of customer equity", "Activity"),
        "margin": pgettext("change of customer equity", "Margin"),
        "cost": pgettext("change of customer equity", "Cost"),
        "unknown": pgettext("change of customer equity", "Unknown"),
    }


def shown_steps(bridge: Bridge) -> list[str]:
    """The steps that a bridge has: what was not told apart only where there is any."""
    return [name for name in STEPS if name != "unknown" or bridge.unknown]


def change_in_words(bridge: Bridge, currency: str) -> Finding:
    """How much equity changed, and what changed it most."""
    change = bridge.after - bridge.before
    steps = {name: getattr(bridge, name) for name in shown_steps(bridge)}
    if not any(steps.values()):
        return Finding(_("Customer equity is the same as at the recompute before."))
    words = {"amount": OPEN + money(abs(change), currency, digits=0) + CLOSE, "share": ""}
    if bridge.before > 0:
        words["share"] = f" ({percent(change / bridge.before)})"
    if change > 0:
        text = _("Customer equity rose by %(amount)s%(share)s since the recompute before.") % words
    elif change < 0:
        text = _("Customer equity fell by %(amount)s%(share)s since the recompute before.") % words
    else:
        text = _("Customer equity is the same as at the recompute before, though its parts moved.")
    strongest = max(steps, key=lambda name: abs(steps[name]))
    reason = _("The strongest reason: %(reason)s (%(amount)s).") % {
        "reason": step_names()[strongest],
        "amount": money(steps[strongest], currency, digits=0),
    }
    return Finding(text, (reason, *_counts(bridge)))


def _counts(bridge: Bridge) -> list[str]:
    sentences = [
        (
            ngettext("%(count)s customer was won.", "%(count)s customers were won.", bridge.customers_won),
            bridge.customers_won,
        ),
        (
            ngettext("%(count)s customer was lost.", "%(count)s customers were lost.", bridge.customers_lost),
            bridge.customers_lost,
        ),
    ]
    return [text % {"count": number(count)} for text, count in sentences if count]


def step_in_words(amounts: Sequence[Decimal], whole: Decimal, currency: str) -> str:
    """How much of a step the customers shown make."""
    shown = sum(amounts, Decimal())
    words = {"whole": money(whole, currency), "shown": money(shown, currency), "count": number(len(amounts))}
    if shown == whole:
        return _("They make the whole change of %(whole)s.") % words
    text = ngettext(
        "This customer makes %(shown)s of the change of %(whole)s.",
        "These %(count)s customers with the largest parts make %(shown)s of the change of %(whole)s.",
        len(amounts),
    )
    return text % words


def policy_changes(now: RunTotals, before: RunTotals | None) -> str:
    """That values were computed by other rules than before, which changes all of them; nothing where they were not."""
    if before is None:
        return ""
    said = []
    model, earlier = now.lifetime_model, before.lifetime_model
    if _rules(model) != _rules(earlier):
        said.append(
            _(
                "The horizon or the discount rate was changed between the two recomputes, which alone changes every "
                "lifetime value."
            )
        )
    if model.purchase_model != earlier.purchase_model:
        names = {"now": model_in_words(model), "before": model_in_words(earlier)}
        said.append(
            _(
                "Orders are forecast by %(now)s, at the recompute before by %(before)s, which alone changes every "
                "lifetime value."
            )
            % names
        )
    return " ".join(said)


def _rules(model: LifetimeModel) -> tuple[float, int]:
    return model.yearly_discount_rate, model.horizon_years
