"""From the figures of a run to the columns that what-if works on, and from a scenario to its result.

Loads numpy, so only workers import it, and `scenario_actions` by name when somebody asks for a result.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crm_site.lib.bulk import BIGINT, FLOAT, SMALLINT, read_all
from customers.forms import members_of
from customers.models import Run, Segment
from profitability.matrix_actions import MOST_PRODUCTS, basis_of
from profitability.matrix_statements import CARDS, CUSTOMERS, LINES, TRAITS, Basis, best_selling
from profitability.models import RunPool, RunPoolMonth, ValuePolicy
from profitability.models.figures import months_in_sql
from profitability.ranking import CategoryThresholds
from profitability.reports.profit_and_loss import rates_of
from profitability.totals import RunTotals
from profitability.what_if.base import Base, Cells, Customers, Floats, Mask, Orders, Pool
from profitability.what_if.levers import Lever, LeverError
from profitability.what_if.simulation import simulate

ORDERS = """
    SELECT o.customer_id AS customer, sum(l.gross - l.discount)::bigint AS net_revenue,
           coalesce(sum(l.cost), 0)::bigint AS known_cost,
           coalesce(sum(l.gross) FILTER (WHERE l.cost IS NULL), 0)::bigint AS without_cost,
           coalesce(max(r.orders), 0)::float8 AS handling,
           coalesce(sum(r.lines + r.units * l.quantity + r.gross * l.gross / 100.0), 0)::float8 AS of_lines
    FROM customers_orderline l
    JOIN customers_product p ON p.id = l.product_id AND p.kind = 'goods'
    JOIN customers_order o ON o.id = l.order_id AND o.ordered_on <= %(as_of)s AND o.customer_id IS NOT NULL
    LEFT JOIN unnest(
        %(months)s::date[], %(orders)s::float8[], %(order_lines)s::float8[], %(units)s::float8[],
        %(returns)s::float8[], %(gross_sales)s::float8[]
    ) AS r (month, orders, lines, units, returns, gross) ON r.month = date_trunc('month', o.ordered_on)::date
    WHERE l.quantity > 0 GROUP BY o.id, o.customer_id
"""


@dataclass(frozen=True)
class Portfolio:
    """What every scenario of a run begins with."""

    ids: NDArray[np.int64]  # of the customers, ascending
    customers: Customers
    cells: Cells

    def places(self, ids: NDArray[np.int64]) -> tuple[NDArray[np.int64], Mask]:
        """Where these customers stand, and which of them there are."""
        at = np.searchsorted(self.ids, ids).clip(max=max(len(self.ids) - 1, 0))
        return at, (self.ids[at] == ids if len(self.ids) else np.zeros(len(ids), bool))

    def mask(self, ids: Sequence[int]) -> Mask:
        """These customers among all."""
        return np.isin(self.ids, np.array(ids, np.int64))


def work_out(run: Run, levers: Sequence[Lever], *, keep: bool) -> dict[str, Any]:
    """The result of a scenario on the figures of a run, as JSON holds it.

    With `keep` the process keeps what it read of the run for the next scenario. Raises LeverError.
    """
    portfolio = kept_portfolio(run.pk) if keep else read_portfolio(run.pk)
    for lever in levers:
        lever.check()
    return asdict(simulate(_base(run, portfolio, levers), levers))


@lru_cache(maxsize=1)
def kept_portfolio(run_id: int) -> Portfolio:
    """The portfolio of a run, read once: a run is written once and never changed."""
    return read_portfolio(run_id)


def read_portfolio(run_id: int) -> Portfolio:
    """All customers and what they bought, from the run and the order lines (5 queries)."""
    run = Run.objects.get(pk=run_id)
    basis = basis_of(run, RunTotals.from_json(run.totals), best_selling(MOST_PRODUCTS))
    cards = read_all(
        f"""
        SELECT customer_id, net_revenue, net_revenue - gross_margin AS cost_of_goods, cost_to_serve, direct_costs,
               coalesce(lifetime_value::float8, 'NaN') AS lifetime_value, (place IS NOT NULL)::int::smallint AS ranked
        FROM {CARDS} WHERE run_id = ANY(%(run)s) ORDER BY customer_id
        """,
        {"run": run.parts},
        dict.fromkeys(("customer_id", "net_revenue", "cost_of_goods", "cost_to_serve", "direct_costs"), BIGINT)
        | {"lifetime_value": FLOAT, "ranked": SMALLINT},
    )
    customers = Customers(
        net_revenue=_whole(cards["net_revenue"]),
        cost_of_goods=_whole(cards["cost_of_goods"]),
        cost_to_serve=_whole(cards["cost_to_serve"]),
        direct_costs=_whole(cards["direct_costs"]),
        lifetime_value=_float(cards["lifetime_value"]),
        ranked=cards["ranked"] > 0,
    )
    return _with_cells(_whole(cards["customer_id"]), customers, basis)


def _with_cells(ids: NDArray[np.int64], customers: Customers, basis: Basis) -> Portfolio:
    whole = ("customer_id", "family", "product", "net_revenue", "gross", "discount", "known_cost", "without_cost")
    lines = read_all(
        f"SELECT customer_id::bigint, family::bigint, product::bigint, net_revenue, gross, discount, known_cost, "
        f"without_cost, cost_to_serve FROM ({LINES}) b WHERE customer_id > 0",
        basis.values,
        dict.fromkeys(whole, BIGINT) | {"cost_to_serve": FLOAT},
    )
    empty = Portfolio(ids, customers, _no_cells())
    at, there = empty.places(_whole(lines["customer_id"]))
    ratio = float(basis.cost_ratio or 0)
    cells = Cells(
        customer=at[there],
        family=_whole(lines["family"][there]),
        product=_whole(lines["product"][there]),
        net_revenue=_float(lines["net_revenue"][there]),
        gross=_float(lines["gross"][there]),
        cost_of_goods=_float(lines["known_cost"][there]) + ratio * _float(lines["without_cost"][there]),
        cost_to_serve=_float(lines["cost_to_serve"][there]),
    )
    return Portfolio(ids, customers, cells)


def _no_cells() -> Cells:
    nothing, no_money = np.empty(0, np.int64), np.empty(0)
    return Cells(
        customer=nothing,
        family=nothing,
        product=nothing,
        net_revenue=no_money,
        gross=no_money,
        cost_of_goods=no_money,
        cost_to_serve=no_money,
    )


def _base(run: Run, portfolio: Portfolio, levers: Sequence[Lever]) -> Base:
    """What these levers ask for (1 query for each group, channel and pool, 1 for orders, 1 for the policy)."""
    totals, policy = RunTotals.from_json(run.totals), ValuePolicy.current()
    costs = totals.reconciliation
    uncharged = costs.unused_capacity + costs.company_level + costs.rounding_difference - costs.overload
    return Base(
        customers=portfolio.customers,
        cells=portfolio.cells,
        anonymous=int(totals.anonymous.profit.scaleb(2)),
        uncharged=int(uncharged.scaleb(2)),
        groups={lever.group: _group(run, portfolio, lever) for lever in levers if lever.group[0]},
        channels={
            lever.choice: _channel(run, totals, portfolio, lever.choice) for lever in levers if lever.kind == "service"
        },
        pools={lever.choice: _pool(run, totals, portfolio, lever.choice) for lever in levers if lever.kind == "pool"},
        orders=_orders(run, totals, portfolio) if any(lever.kind == "minimum" for lever in levers) else None,
        thresholds=CategoryThresholds(
            best_share=float(policy.best_share),
            fair_profit=int(policy.fair_profit * 100),
            desirable_value=int(policy.desirable_value * 100),
        ),
    )


def _group(run: Run, portfolio: Portfolio, lever: Lever) -> Mask:
    """The customers of a group, as the matrix knows them."""
    by, key = lever.group
    if by == "customers" and key.isdecimal():
        return portfolio.mask([int(key)])
    if by == "segment" and key.isdecimal() and (segment := Segment.objects.filter(pk=key).first()):
        return portfolio.mask(list(members_of(segment, run).order_by().values_list("pk", flat=True)))
    if by not in TRAITS:
        raise LeverError("unknown_group", "There is no such group of customers any more.")
    query = f"""
        SELECT s.customer_id FROM {CARDS} s LEFT JOIN {CUSTOMERS} c ON c.id = s.customer_id
        WHERE s.run_id = ANY(%(run)s) AND {TRAITS[by]} = %(key)s
    """
    found = read_all(query, {"run": run.parts, "key": key}, {"customer_id": BIGINT})
    return np.isin(portfolio.ids, _whole(found["customer_id"]))


def _channel(run: Run, totals: RunTotals, portfolio: Portfolio, channel: str) -> Floats:
    """What the contacts of a channel cost each customer: their number and their minutes, at the rates of each month."""
    drivers = {f"contacts_{channel}", f"minutes_{channel}"}
    _activities, rates = rates_of(run.pk)
    weights: dict[Any, list[float]] = {}
    for (month, _activity), rate in rates.items():
        of_month = weights.setdefault(month, [0.0] * len(totals.drivers))
        for at, code in enumerate(totals.drivers):
            if code in drivers:
                of_month[at] += rate.coefficients[at]
    return _charges(run, portfolio, weights, len(totals.drivers))


def _pool(run: Run, totals: RunTotals, portfolio: Portfolio, name: str) -> Pool:
    """What of a cost pool each customer was charged: activities carry their pools in proportion to what they took."""
    pools = list(RunPool.objects.filter(run=run).prefetch_related("months"))
    chosen = next((pool for pool in pools if pool.name == name), None)
    if chosen is None or chosen.pool_id is None:
        raise LeverError("unknown_pool", "The costing has no such cost pool any more.", pool=name)
    entered = {(pool.pool_id, month.month): float(month.entered) for pool in pools for month in pool.months.all()}
    activities, rates = rates_of(run.pk)
    weights: dict[Any, list[float]] = {}
    for activity in activities:
        parts = _parts(activity.activity)
        for (month, of), rate in rates.items():
            if of != activity.pk:
                continue
            taken = {pool: percent * entered.get((pool, month), 0.0) for pool, percent in parts.items()}
            share = taken.get(chosen.pool_id, 0.0) / sum(taken.values()) if sum(taken.values()) else 0.0
            of_month = weights.setdefault(month, [0.0] * len(totals.drivers))
            for at, cents in enumerate(rate.coefficients):
                of_month[at] += cents * share
    charged = _charges(run, portfolio, weights, len(totals.drivers))
    months: list[RunPoolMonth] = list(chosen.months.all())
    whole = sum(int(month.entered * 100) for month in months)
    of_customers = sum(int(month.charged * 100) for month in months)
    # Rates and quantities leave out what rounding each customer's charges changed: the run's own sum is the right one.
    exact = charged * (of_customers / charged.sum()) if charged.sum() else charged
    return Pool(charged=exact, uncharged=float(whole - of_customers))


def _parts(activity: Any) -> dict[int, float]:
    """Which pools an activity takes what share of; a time-driven one draws on one alone."""
    if activity is None:
        return {}
    if activity.resource_id:
        return {activity.resource_id: 1.0}
    return {share.pool_id: float(share.percent) for share in activity.shares.all()}


def _charges(run: Run, portfolio: Portfolio, weights: Mapping[Any, Sequence[float]], drivers: int) -> Floats:
    """Cents for each customer: the sum over months of weight × quantity of each driver (1 query)."""
    wanted = [at for at in range(drivers) if any(of_month[at] for of_month in weights.values())]
    found = np.zeros(len(portfolio.ids))
    if not wanted:
        return found
    names = [f"w{at}" for at in wanted]
    arrays = ", ".join(f"%({name})s::float8[]" for name in names)
    terms = " + ".join(f"w.{name} * m.quantities[{at + 1}]" for name, at in zip(names, wanted, strict=True))
    query = f"""
        SELECT m.customer_id, sum({terms})::float8 AS cents
        FROM {months_in_sql(run)} m
        JOIN unnest(%(months)s::date[], {arrays}) AS w (month, {", ".join(names)}) ON w.month = m.month
        WHERE m.customer_id > 0 GROUP BY 1
    """
    values = {name: [of_month[at] for of_month in weights.values()] for name, at in zip(names, wanted, strict=True)}
    rows = read_all(query, {"months": list(weights), **values}, {"customer_id": BIGINT, "cents": FLOAT})
    at, there = portfolio.places(_whole(rows["customer_id"]))
    found[at[there]] = _float(rows["cents"])[there]
    return found


def _orders(run: Run, totals: RunTotals, portfolio: Portfolio) -> Orders:
    """Every order with goods sold (3 queries)."""
    basis = basis_of(run, totals, [])
    rows = read_all(
        ORDERS,
        basis.values,
        dict.fromkeys(("customer", "net_revenue", "known_cost", "without_cost"), BIGINT)
        | {"handling": FLOAT, "of_lines": FLOAT},
    )
    at, there = portfolio.places(_whole(rows["customer"]))
    ratio = float(basis.cost_ratio or 0)
    handling = _float(rows["handling"])[there]
    return Orders(
        customer=at[there],
        net_revenue=_float(rows["net_revenue"])[there],
        cost_of_goods=_float(rows["known_cost"])[there] + ratio * _float(rows["without_cost"])[there],
        cost_to_serve=handling + _float(rows["of_lines"])[there],
        handling=handling,
    )


def _whole(values: NDArray[Any]) -> NDArray[np.int64]:
    return values.astype(np.int64)


def _float(values: NDArray[Any]) -> Floats:
    return values.astype(np.float64)
