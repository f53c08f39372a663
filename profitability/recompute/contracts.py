"""Customers under contract: who they are by their marked orders, and the renewal model of each length of contract."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crm_site.lib.bulk import BIGINT, DATE, DAY_ZERO, INTEGER, Table, read_all
from profitability.lifetime_value import (
    GammaGamma,
    Horizon,
    LifetimeValues,
    ServiceCost,
    ShiftedBetaGeometric,
    Subscribers,
    ValueNote,
    contract_value,
    fit_or_assume_sbg,
)
from profitability.recompute.accounts import Accounts
from profitability.totals import ContractTerm

YEAR = 365.25
# Contracts run for the one of these whose ratio to the mean distance of renewals is nearest to one, in days.
TERMS = np.array([7, 14, YEAR / 12, YEAR / 4, YEAR / 2, YEAR, 2 * YEAR, 3 * YEAR])
# A renewal may come late by this share of the term, and by so many days at least; then the contract has ended.
LATE_SHARE, LATE_DAYS = 0.25, 7.0
# Renewals that a curve shows; later ones are fitted all the same.
SHOWN = 60

# One row for each contract of a customer: an order that begins a subscription ends the one before.
SPELLS = """
    SELECT customer, spell, first, last, days, coalesce((
        SELECT min(l.product_id) FROM customers_orderline l JOIN customers_product p ON p.id = l.product_id
        WHERE l.order_id = spells.began_with AND p.kind = 'goods' AND l.quantity > 0
    ), 0) AS product
    FROM (
        SELECT customer_id AS customer, spell::int AS spell, min(ordered_on) AS first, max(ordered_on) AS last,
            count(DISTINCT ordered_on)::int AS days, (array_agg(id ORDER BY ordered_on, contract DESC))[1] AS began_with
        FROM (
            SELECT id, customer_id, ordered_on, contract, count(*) FILTER (WHERE contract = 'start') OVER (
                PARTITION BY customer_id ORDER BY ordered_on, contract DESC
            ) AS spell
            FROM customers_order
            WHERE contract <> '' AND customer_id IS NOT NULL AND ordered_on - DATE '1970-01-01' <= %(as_of)s
        ) marked
        GROUP BY customer_id, spell
    ) spells ORDER BY customer, spell
"""
COLUMNS = {"customer": BIGINT, "spell": INTEGER, "first": DATE, "last": DATE, "days": INTEGER, "product": BIGINT}


@dataclass(frozen=True, kw_only=True)
class Terms:
    """What values of customers are reckoned by; one entry per customer of the accounts, money in cents."""

    margins: GammaGamma
    horizon: Horizon
    margin: NDArray[np.float64]
    order_days: NDArray[np.float64]
    segment: NDArray[np.int16]
    per_order: NDArray[np.float64]
    per_period: NDArray[np.float64]

    def of(self, some: NDArray[np.int64] | slice) -> dict[str, Any]:
        """For some of the customers, as the formulas take them."""
        return {
            "margins": self.margins,
            "margin_orders": self.order_days[some],
            "segment": self.segment[some],
            "cost": ServiceCost(per_order=self.per_order[some], per_period=self.per_period[some]),
            "horizon": self.horizon,
        }


def read_spells(as_of: int) -> Table:
    """The contracts up to a day, as days since 1970 (1 query, of marked orders alone)."""
    spells = read_all(SPELLS, {"as_of": as_of}, COLUMNS)
    for name in ("first", "last"):
        spells[name] = spells[name].astype(np.int64) + DAY_ZERO
    return spells


@dataclass(frozen=True, kw_only=True)
class Contracts:
    """Every contract, and which of them are the last of a customer; one entry per contract."""

    place: NDArray[np.int64]  # of the customer in the accounts
    renewed: NDArray[np.int64]
    term: NDArray[np.int64]  # place in TERMS
    due_in: NDArray[np.float64]  # days; 0 where it is due and may still come
    ended: NDArray[np.bool_]
    forecast: NDArray[np.bool_]  # the customer's latest contract, which says what is to come
    known: bool  # whether anybody has renewed, so that it is known how long contracts run

    def places(self) -> NDArray[np.int64]:
        """The customers who are forecast by their renewals."""
        return self.place[self.forecast]


def find_contracts(spells: Table, accounts: Accounts, *, today: int) -> Contracts:
    """What is known of every contract today.

    A contract without a marked beginning counts from the order before its first renewal, else from that renewal. One
    that was not renewed in time has ended; a customer who went on to order without contract is forecast like others.
    """
    place = np.searchsorted(accounts.customer, spells["customer"])
    first, last = spells["first"], spells["last"]
    before = (spells["spell"] == 0) & (accounts.first_day[place] < first)
    renewed = spells["days"].astype(np.int64) - np.where(before, 0, 1)
    begun = np.where(before, accounts.first_day[place], first)
    known = renewed > 0
    # The distance of renewals; that of the only one from the order before it may be anything.
    gaps = np.where(spells["days"] > 1, (last - first) / np.maximum(spells["days"] - 1, 1), last - begun)
    term = _terms(gaps, known, spells["product"])
    lasts = TERMS[term]
    due = last + lasts - today
    superseded = np.append(place[1:] == place[:-1], False) if len(place) else np.zeros(0, bool)
    ended = superseded | (due < -np.maximum(LATE_SHARE * lasts, LATE_DAYS))
    went_on = ended & (accounts.last_day[place] > last)
    forecast = accounts.ordered[place] & ~superseded & ~went_on & known.any()
    return Contracts(
        place=place,
        renewed=renewed,
        term=term,
        due_in=np.maximum(due, 0),
        ended=ended,
        forecast=forecast,
        known=bool(known.any()),
    )


def _terms(gaps: NDArray[np.float64], known: NDArray[np.bool_], product: NDArray[np.int64]) -> NDArray[np.int64]:
    """How long contracts run, as places in TERMS, by the mean distance of their renewals.

    One not yet renewed runs for as long as most that began with the same product, else as most of all: otherwise a year
    of which nothing is known would be counted among the months that were not renewed.
    """
    term = np.zeros(len(gaps), np.int64)
    if not known.any():
        return term
    term[known] = np.abs(np.log(np.maximum(gaps[known], 1))[:, None] - np.log(TERMS)).argmin(axis=1)
    products, which = np.unique(product, return_inverse=True)
    counts = np.zeros((len(products), len(TERMS)), np.int64)
    np.add.at(counts, (which[known], term[known]), 1)
    usual = np.where(counts.any(axis=1), counts.argmax(axis=1), counts.sum(axis=0).argmax())
    term[~known] = usual[which[~known]]
    return term


@dataclass(frozen=True, kw_only=True)
class Renewals:
    """The models of all lengths of contract, and what they say of customers, by place in the accounts."""

    terms: tuple[ContractTerm, ...]
    of: NDArray[np.bool_]  # of the accounts: who is forecast by renewals
    values: LifetimeValues  # of everybody
    churn_risk: NDArray[np.float64]  # of not renewing next time; 0 for all others


def with_renewals(values: LifetimeValues, contracts: Contracts, by: Terms) -> Renewals:
    """The lifetime values of everybody else, completed by those of customers under contract."""
    count = len(values.value)
    of, risk = np.zeros(count, bool), np.zeros(count)
    if not contracts.known:
        note = values.note.copy()
        note[contracts.place[values.note[contracts.place] != ValueNote.NO_ORDERS]] = ValueNote.CONTRACT_NO_RENEWALS
        return Renewals(terms=(), of=of, values=replace(values, note=note), churn_risk=risk)
    terms = []
    for term in np.unique(contracts.term).tolist():
        mine = contracts.term == term
        asked, left = contracts.renewed[mine] + contracts.ended[mine], contracts.ended[mine]
        model = fit_or_assume_sbg(asked, left)
        some = np.flatnonzero(mine & contracts.forecast)
        at = contracts.place[some]
        if len(some):
            subscribers = Subscribers(
                renewed=contracts.renewed[some],
                due_in=contracts.due_in[some],
                gone=contracts.ended[some],
                term=float(TERMS[term]),
            )
            values = values.with_others(at, contract_value(model, subscribers, by.margin[at], **by.of(at)))
            of[at] = True
            risk[at] = np.where(contracts.ended[some], 1, 1 - model.retention(contracts.renewed[some] + 1))
        terms.append(_told(model, float(TERMS[term]), asked, left, int(np.count_nonzero(~contracts.ended[mine]))))
    return Renewals(terms=tuple(terms), of=of, values=values, churn_risk=risk)


def _told(
    model: ShiftedBetaGeometric, days: float, asked: NDArray[np.int64], left: NDArray[np.bool_], running: int
) -> ContractTerm:
    """The model, and how many were asked to renew and did, the first time, the second time..."""
    most = min(int(asked.max(initial=0)), SHOWN)
    at_least = np.bincount(asked.clip(max=SHOWN + 1), minlength=SHOWN + 2)[::-1].cumsum()[::-1]
    lost = np.bincount(asked[left].clip(max=SHOWN + 1), minlength=SHOWN + 2)
    errors = model.standard_errors
    return ContractTerm(
        days=days,
        contracts=len(asked),
        running=running,
        asked=tuple(at_least[1 : most + 1].tolist()),
        kept=tuple((at_least - lost)[1 : most + 1].tolist()),
        alpha=model.alpha,
        beta=model.beta,
        alpha_error=_finite(errors.get("alpha")),
        beta_error=_finite(errors.get("beta")),
        log_likelihood=model.log_likelihood,
        assumed=model.assumed,
    )


def _finite(error: float | None) -> float | None:
    return error if error is not None and np.isfinite(error) else None
