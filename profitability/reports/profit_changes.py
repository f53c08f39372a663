"""Why customer profit changed from one recompute to the next, line by line, and whose profit changed most."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet, Sum
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm_site.lib.fields import amount_of
from crm_site.lib.formatting import day, money, number, percent
from crm_site.lib.names import in_readers_language
from customers.models import Customer, Run
from customers.models.customer import CustomerQuerySet
from profitability.models import ActivityRate, Costing, ProfitChange, RunPool
from profitability.profit_actions import costing_of
from profitability.reports.notices import Notice
from profitability.reports.sentences import CLOSE, OPEN, Finding
from profitability.totals import ChangedProfit, ProfitChanges, RunTotals, Statement

LISTED = 25
# So many changes of the costing are offered beside the last one.
EARLIER = 10


@dataclass(frozen=True, slots=True)
class ProfitLine:
    """One line of the account of all customers in both runs, with the sign that it has in profit."""

    name: str
    before: Decimal
    after: Decimal

    @property
    def change(self) -> Decimal:
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class CustomerChange:
    """A customer whose profit changed."""

    customer: Customer
    before: Decimal
    after: Decimal
    category_before: int | None
    category: int | None

    @property
    def change(self) -> Decimal:
        return self.after - self.before


@dataclass(frozen=True)
class ProfitComparison:
    """Two runs side by side: `lines` add up to the profit of each, to the cent."""

    before: Run
    after: Run
    lines: list[ProfitLine]
    found: ProfitChanges
    costings: tuple[Costing | None, Costing | None]  # by which they were computed

    @property
    def profit(self) -> ProfitLine:
        sums = (sum((getattr(line, side) for line in self.lines), Decimal()) for side in ("before", "after"))
        return ProfitLine(_("Customer profit"), *sums)

    @property
    def another_costing(self) -> bool:
        return self.costings[0] != self.costings[1]

    @property
    def moved_category(self) -> int | None:
        """How many customers changed category; None where that was not counted."""
        changes = RunTotals.from_json(self.after.totals).changes
        if changes is None or not changes.moves:
            return None
        return sum(move.customers for move in changes.moves if move.before != move.after)


def compare_profits(change: ProfitChange) -> ProfitComparison:
    """What a kept change is made of (5 queries)."""
    before, after = change.previous, change.run
    costings = Costing.objects.in_bulk([key for key in (costing_of(before), costing_of(after)) if key])
    pair = tuple(costings.get(costing_of(run) or 0) for run in (before, after))
    return ProfitComparison(
        before=before,
        after=after,
        lines=profit_lines(before, after),
        found=ProfitChanges.from_json(change.totals),
        costings=(pair[0], pair[1]),
    )


def profit_lines(before: Run, after: Run) -> list[ProfitLine]:
    """Revenue, cost of goods, each activity and direct costs of all ranked customers in both runs (2 queries)."""
    one, other = (RunTotals.from_json(run.totals) for run in (before, after))
    charged, charged_after = _charged(before), _charged(after)

    def line(name: str, figure: Callable[[Statement], Decimal]) -> ProfitLine:
        return ProfitLine(name, figure(one.statement), figure(other.statement))

    def prospects(totals: RunTotals, of: dict[tuple[str, str], Decimal]) -> Decimal:
        return sum(of.values(), Decimal()) - totals.statement.cost_to_serve

    activities = [
        ProfitLine(in_readers_language(*name), -charged.get(name, Decimal()), -charged_after.get(name, Decimal()))
        for name in {**charged, **charged_after}
    ]
    rest = ProfitLine(
        _("Charged to prospects, who are not ranked"), prospects(one, charged), prospects(other, charged_after)
    )
    return [
        line(_("Net revenue"), lambda statement: statement.net_revenue),
        line(_("Cost of goods"), lambda statement: -statement.cost_of_goods),
        *activities,
        *([rest] if rest.before or rest.after else []),
        line(_("Direct costs"), lambda statement: -statement.direct_costs),
    ]


def _charged(run: Run) -> dict[tuple[str, str], Decimal]:
    """What each activity charged to customers in all months, by its name and its name in French (1 query)."""
    rates = ActivityRate.objects.filter(activity__run=run).order_by("activity__position")
    sums = rates.values_list("activity__name", "activity__name_fr").annotate(sum=Sum("charged"))
    return {(name, name_fr): charged for name, name_fr, charged in sums}


def changed_customers(changes: Sequence[ChangedProfit], visible: CustomerQuerySet) -> list[CustomerChange]:
    """Those of them whom the reader may see (1 query)."""
    found = visible.in_bulk([one.customer for one in changes])
    return [
        CustomerChange(
            found[one.customer], amount_of(one.before), amount_of(one.after), one.category_before, one.category
        )
        for one in changes
        if one.customer in found
    ]


def earlier_changes_of_costing(shown: ProfitChange | None) -> list[ProfitChange]:
    """Recomputes with another costing than the one before, the latest first, but for the one shown (1 query)."""
    kept = ProfitChange.objects.filter(another_costing=True).select_related("run", "previous").order_by("-run")
    return list((kept.exclude(pk=shown.pk) if shown else kept)[:EARLIER])


# --- In words --------------------------------------------------------------------------------------------------------


def profit_change_in_words(compared: ProfitComparison, currency: str) -> Finding:
    """How much profit changed, what changed it most, and for how many customers."""
    profit, found = compared.profit, compared.found
    words = {
        "amount": OPEN + money(abs(profit.change), currency) + CLOSE,
        "before": money(profit.before, currency),
        "after": money(profit.after, currency),
    }
    if profit.change < 0:
        text = _("Customer profit fell by %(amount)s, from %(before)s to %(after)s.") % words
    elif profit.change > 0:
        text = _("Customer profit rose by %(amount)s, from %(before)s to %(after)s.") % words
    elif found.fell or found.rose:
        text = _("Customer profit is the same in all, though not that of each customer.")
    else:
        return Finding(_("No customer's profit changed."))
    return Finding(text, (*_strongest(compared.lines, currency), *_how_many(found, currency)))


def _strongest(lines: Sequence[ProfitLine], currency: str) -> list[str]:
    strongest = max(lines, key=lambda line: abs(line.change))
    if not strongest.change:
        return []
    words = {"reason": strongest.name, "amount": money(strongest.change, currency)}
    return [_("The strongest reason: %(reason)s (%(amount)s).") % words]


def _how_many(found: ProfitChanges, currency: str) -> list[str]:
    fell = ngettext(
        "%(count)s customer brings less (%(amount)s).",
        "%(count)s customers bring less (together %(amount)s).",
        found.fell,
    ) % {"count": number(found.fell), "amount": money(found.fell_by, currency)}
    rose = ngettext(
        "%(count)s customer brings more (%(amount)s).",
        "%(count)s customers bring more (together %(amount)s).",
        found.rose,
    ) % {"count": number(found.rose), "amount": money(found.rose_by, currency)}
    nobody_less, nobody_more = _("Nobody brings less."), _("Nobody brings more.")
    return [fell if found.fell else nobody_less, rose if found.rose else nobody_more]


def costings_in_words(compared: ProfitComparison) -> str:
    """That another costing was in force, which alone changes every profit that it concerns."""
    before, after = compared.costings
    if not compared.another_costing:
        return ""
    if before is None or after is None:
        return _("Only one of the two recomputes had a costing.")
    return _("Computed by the costing “%(after)s”; the recompute before was by “%(before)s”.") % {
        "after": after.name,
        "before": before.name,
    }


def notice_of_costing(costing: Costing, currency: str) -> Notice | None:
    """What a version did to profits when recomputes began to use it (1 query); None where that was not kept."""
    used = RunPool.objects.filter(pool__costing=costing).values("run")
    return _notice(ProfitChange.objects.filter(run__in=used), currency)


def notice_of_run(run: Run, currency: str) -> Notice | None:
    """The same where the figures of a run are the first of a version (1 query)."""
    return _notice(ProfitChange.objects.filter(run=run), currency)


def _notice(changes: QuerySet[ProfitChange], currency: str) -> Notice | None:
    change = changes.filter(another_costing=True).select_related("run", "previous").order_by("run").last()
    if change is None:
        return None
    before, after = (RunTotals.from_json(run.totals) for run in (change.previous, change.run))
    moved = after.statement.profit - before.statement.profit
    words = {"costing": after.costing or _("no costing"), "amount": money(abs(moved), currency)}
    if moved < 0:
        text = _("When “%(costing)s” was first used, customer profit came out %(amount)s lower than before.")
    elif moved > 0:
        text = _("When “%(costing)s” was first used, customer profit came out %(amount)s higher than before.")
    else:
        text = _("When “%(costing)s” was first used, customer profit came out the same in all.")
    return Notice(text % words, "info", changes_url(change.run), _("Why, and whose profit changed"))


def changes_url(run: Run) -> str:
    """The page about whose profit changed with a run."""
    return reverse("ranking-changes") + ("" if run.is_current else f"?run={run.pk}")


def runs_in_words(compared: ProfitComparison) -> str:
    """Which recomputes are compared."""
    return _("Recompute %(before)s (as of %(day_before)s) → recompute %(after)s (as of %(day)s)") % {
        "before": compared.before.pk,
        "day_before": day(compared.before.as_of),
        "after": compared.after.pk,
        "day": day(compared.after.as_of),
    }


def share_of_changed(found: ProfitChanges, count: int) -> str:
    """How many of all that is, as a share."""
    everybody = found.fell + found.rose + found.same
    return percent(count / everybody, digits=0) if everybody else ""
