"""Everything that a run found, summed up for `Run.totals`."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crm_site.lib.bulk import BIGINT, SMALLINT, read_columns
from customers.models import Run, Scorecard
from customers.models.scorecard import Category
from profitability.lifetime_value import BgNbd, CustomerLoss, ParetoNbd
from profitability.models import ValuePolicy
from profitability.ranking import Part as PurePart
from profitability.ranking import WhaleCurve, chart_points
from profitability.recompute.accounts import InAll, Outline
from profitability.recompute.charges import MonthResult
from profitability.recompute.forecast import Forecast, Usual, Worth
from profitability.recompute.laid_aside import places_of
from profitability.recompute.months import CUSTOMER_SUMS, Whole, money, sums_by
from profitability.recompute.plan import Plan
from profitability.recompute.reading import Basis
from profitability.recompute.scorecards import STAGES, Standing
from profitability.totals import (
    CategoryTotal,
    Changes,
    LifetimeModel,
    Move,
    Part,
    Ranking,
    Reconciliation,
    RunTotals,
    Statement,
)

CATEGORIES = max(Category) + 1  # and none
CARDS = Scorecard._meta.db_table


@dataclass(frozen=True, kw_only=True)
class Figures:
    """What a run found of everybody."""

    results: Sequence[MonthResult]
    in_all: InAll
    outline: Outline
    worth: Worth
    standing: Standing


def sum_up(basis: Basis, found: Figures, forecast: Forecast) -> RunTotals:
    """The totals of a run, without durations and changes, which are known when it is published."""
    plan, months, in_all, standing = basis.plan, found.results, found.in_all, found.standing
    equity = found.worth.equity
    stages = np.bincount(standing.stage, minlength=len(STAGES))
    without_cost = in_all.sums[:, CUSTOMER_SUMS.index("without_cost")].sum()
    return RunTotals(
        customers=len(found.outline.customer),
        prospects=int(stages[0]),
        active=int(stages[1]),
        former=int(stages[2]),
        first_month=months[0].month.isoformat() if months else None,
        last_month=months[-1].month.isoformat() if months else None,
        costing=plan.costing.name if plan.costing else None,
        drivers=plan.drivers,
        statement=_statement(in_all["ranked"]),
        prospects_statement=_statement(in_all["prospects"]),
        anonymous=_statement(in_all["anonymous"]),
        sales_without_cost=money(without_cost),
        reconciliation=_reconciliation(months),
        ranking=_ranking(standing.curve),
        categories=_categories(found),
        # Of rounded values, as scorecards have them, so that customers and segments add up to it.
        customer_equity=money(int(found.worth.value.sum())) if in_all.ordered else None,
        customer_equity_low=_cents(equity.low) if in_all.ordered else None,
        customer_equity_high=_cents(equity.high) if in_all.ordered else None,
        lifetime_model=_lifetime_model(forecast, found.worth.usual, basis.policy, in_all),
        notes=_notes(plan, standing.curve),
        durations=(),
        changes=None,
    )


@dataclass(frozen=True)
class Categories:
    """The category of each customer, by ascending id; 0 for those in none."""

    customers: Whole
    categories: Whole
    are_all: bool = True

    def of(self, some: Whole | None) -> "Categories":
        """Those of some customers, by ascending id; None: as they are."""
        if some is None:
            return self
        places = places_of(some, self.customers)
        return Categories(self.customers[places], self.categories[places], are_all=False)


def changes_since(previous: Run | None, totals: RunTotals, now: Categories) -> Changes | None:
    """This run less the one that is current now (1 query); `now` may leave out who is where they were."""
    if previous is None or not previous.totals:
        return None
    before = RunTotals.from_json(previous.totals)
    return Changes(
        previous_run=previous.pk,
        customers=totals.customers - before.customers,
        net_revenue=totals.statement.net_revenue - before.statement.net_revenue,
        profit=totals.statement.profit - before.statement.profit,
        customer_equity=_difference(totals.customer_equity, before.customer_equity),
        moves=_moves(previous, now) if previous.has_rows else (),
    )


def _moves(previous: Run, now: Categories) -> tuple[Move, ...]:
    """How many customers went from each category to each other one; whoever is in none, then or now, is in 0."""
    customers, after = now.customers, now.categories
    some = "" if now.are_all else "AND customer_id = ANY(%(customers)s::bigint[])"
    query = (
        f"SELECT customer_id, coalesce(category, 0)::smallint AS category FROM {CARDS} "
        f"WHERE run_id = ANY(%(parts)s) {some}"
    )
    given = {"parts": previous.parts} | ({} if now.are_all else {"customers": customers.tolist()})
    cards = read_columns(query, given, {"customer_id": BIGINT, "category": SMALLINT})
    place = np.searchsorted(customers, cards["customer_id"]).clip(max=len(customers) - 1)
    still = customers[place] == cards["customer_id"] if len(customers) else np.zeros(len(place), bool)
    before = np.zeros(len(customers), np.int64)
    before[place[still]] = cards["category"][still]
    counts = np.bincount((before * CATEGORIES + after)[before != after]).tolist()
    return tuple(
        Move(before=code // CATEGORIES or None, after=code % CATEGORIES or None, customers=count)
        for code, count in enumerate(counts)
        if count
    )


def _difference(now: Decimal | None, before: Decimal | None) -> Decimal | None:
    return None if now is None or before is None else now - before


def _cents(amount: float) -> Decimal:
    return money(round(amount))


def _statement(sums: Mapping[str, int]) -> Statement:
    """The accounts of some customers, added up."""
    net_revenue = sums["gross"] - sums["discounts"] - sums["returns"] + sums["other"]
    margin = net_revenue - sums["cost_of_goods"]
    return Statement(
        gross=money(sums["gross"]),
        discounts=money(sums["discounts"]),
        returns=money(sums["returns"]),
        other=money(sums["other"]),
        net_revenue=money(net_revenue),
        cost_of_goods=money(sums["cost_of_goods"]),
        gross_margin=money(margin),
        cost_to_serve=money(sums["cost_to_serve"]),
        direct_costs=money(sums["direct_costs"]),
        profit=money(margin - sums["cost_to_serve"] - sums["direct_costs"]),
    )


def _reconciliation(months: Sequence[MonthResult]) -> Reconciliation:
    parts = [month.reconciliation for month in months]
    return Reconciliation(
        entered=money(sum(part.entered for part in parts)),
        charged=money(sum(part.charged for part in parts)),
        charged_anonymous=money(sum(part.charged_anonymous for part in parts)),
        unused_capacity=money(sum(part.unused_capacity for part in parts)),
        overload=money(sum(part.overload for part in parts)),
        company_level=money(sum(part.company_level for part in parts)),
        rounding_difference=money(sum(part.rounding_difference for part in parts)),
    )


def _ranking(curve: WhaleCurve) -> Ranking:
    points = chart_points(curve)
    return Ranking(
        customers=len(curve.order),
        profit=_cents(curve.total),
        best=_part(curve.best),
        middle=_part(curve.middle),
        last=_part(curve.last),
        peak=_part(curve.peak),
        break_even=_part(curve.break_even) if curve.break_even else None,
        losses=_cents(curve.losses),
        profitable=curve.counts.profitable,
        zero=curve.counts.zero,
        losing=curve.counts.losing,
        tied_across_best=curve.counts.tied_across_best,
        curve_customers=tuple(points.customers.tolist()),
        curve_cents=tuple(int(cents) for cents in points.profit),
    )


def _part(part: PurePart) -> Part:
    return Part(
        customers=part.customers,
        share_of_customers=part.share_of_customers,
        profit=_cents(part.profit),
        share=part.share,
    )


def _categories(found: Figures) -> tuple[CategoryTotal, ...]:
    outline, category = found.outline, found.standing.category

    def by_category(values: NDArray[Any]) -> list[int]:
        sums: list[int] = sums_by(category, values, CATEGORIES).tolist()
        return sums

    customers = np.bincount(category, minlength=CATEGORIES).tolist()
    ordered = by_category(outline.ordered)
    net_revenue, profit, value = map(by_category, (outline.net_revenue, outline.profit, found.worth.value))
    return tuple(
        CategoryTotal(
            category=category.value,
            customers=customers[category],
            net_revenue=money(net_revenue[category]),
            profit=money(profit[category]),
            lifetime_value=money(value[category]) if ordered[category] or not customers[category] else None,
        )
        for category in Category
    )


def _lifetime_model(forecast: Forecast, usual: Usual, policy: ValuePolicy, in_all: InAll) -> LifetimeModel:
    purchases, margins = forecast.models.purchases, forecast.models.margins
    notes = {
        "purchase_model_assumed": purchases.assumed,
        "margin_model_assumed": margins.assumed,
        purchases.loss.value: not purchases.assumed and purchases.loss is not CustomerLoss.FOUND,
        "frequency_and_margin_correlate": margins.correlated,
    }
    return LifetimeModel(
        fitted=not purchases.assumed,
        customers=in_all.ordered,
        repeat_customers=in_all.ordered_again,
        r=purchases.r,
        alpha=purchases.alpha,
        a=purchases.a if isinstance(purchases, BgNbd) else None,
        b=purchases.b if isinstance(purchases, BgNbd) else None,
        log_likelihood=purchases.log_likelihood,
        p=margins.p,
        q=margins.q,
        v=margins.v / 100,
        correlation=margins.correlation,
        margin_per_order=_mean(usual.margin_per_order),
        cost_per_order=_mean(usual.per_order),
        cost_per_month=_mean(usual.per_month),
        yearly_discount_rate=float(policy.yearly_discount_rate),
        horizon_years=policy.horizon_years,
        notes=tuple(code for code, holds in notes.items() if holds),
        purchase_model=forecast.model,
        s=purchases.s if isinstance(purchases, ParetoNbd) else None,
        beta=purchases.beta if isinstance(purchases, ParetoNbd) else None,
        contracts=forecast.contracts,
        subscriptions=forecast.subscriptions,
    )


def _mean(cents: float | None) -> Decimal | None:
    return None if cents is None else _cents(cents)


def _notes(plan: Plan, curve: WhaleCurve) -> tuple[str, ...]:
    notes = {
        "no_costing": plan.costing is None,
        "no_orders": not len(curve.order),
        "total_not_positive": len(curve.order) > 0 and curve.total <= 0,
    }
    return tuple(code for code, holds in notes.items() if holds)
