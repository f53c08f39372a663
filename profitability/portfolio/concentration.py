"""How much hangs on few customers, and what if they left. Pure, and without numpy.

Sources: A. O. Hirschman, "The Paternity of an Index", American Economic Review 54 (1964), for the Herfindahl-Hirschman
index Σ sᵢ²; M. A. Adelman, "Comment on the 'H' Concentration Measure as a Numbers-Equivalent", Review of Economics and
Statistics 51 (1969), for its inverse as an effective number.

    >>> herfindahl([60, 30, 10])
    0.46
    >>> round(1 / 0.46, 2)
    2.17
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from profitability.portfolio.results import Concentration, Outlook

TEN = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """What one customer comes to; `key` says who it is."""

    key: str
    gross_margin: float
    cost_to_serve: float
    profit: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Whole:
    """All customers together. Shares are among what is above zero, since a loss is no part of anything."""

    customers: int
    profit: float
    gains: float  # Σ of the profits above zero
    gains_squared: float  # Σ of their squares
    revenues: float = 0.0  # Σ of the net revenues above zero
    revenues_squared: float = 0.0


def herfindahl(amounts: Iterable[float]) -> float | None:
    """Σ of the squared shares of the amounts above zero: 1 for a single one, 1/n for n equal ones; None without any."""
    gains = [amount for amount in amounts if amount > 0]
    return _index(sum(gains), sum(gain**2 for gain in gains))


def concentration(best: Sequence[Account], whole: Whole) -> Concentration:
    """Concentration of profit, from the twenty most profitable customers (the best first) and the sums over all."""
    return Concentration(
        customers=whole.customers,
        profit=whole.profit,
        share_of_best=_share(best[:1], whole.profit),
        share_of_ten=_share(best[:TEN], whole.profit),
        ten=tuple(account.key for account in best[:TEN]),
        by_profit=_index(whole.gains, whole.gains_squared),
        by_revenue=_index(whole.revenues, whole.revenues_squared),
        outlooks=tuple(without(best, whole, leaving) for leaving in (1, TEN) if leaving <= len(best)),
    )


def without(best: Sequence[Account], whole: Whole, leaving: int) -> Outlook:
    """What is left when the `leaving` best have left.

    Their profit leaves the accounts. What it cost to serve them does not leave the company: people and machines stand
    idle until somebody gives them up. So until then the company itself misses all of their gross margin.
    """
    gone = best[:leaving]
    gains = [max(account.profit, 0.0) for account in gone]
    profit = whole.profit - sum(account.profit for account in gone)
    herfindahl_left = _index(whole.gains - sum(gains), whole.gains_squared - sum(gain**2 for gain in gains))
    return Outlook(
        leaving=leaving,
        profit=profit,
        profit_lost=sum(account.profit for account in gone),
        margin_lost=sum(account.gross_margin for account in gone),
        idle=sum(account.cost_to_serve for account in gone),
        share_of_ten=_share(best[leaving : leaving + TEN], profit),
        effective=1 / herfindahl_left if herfindahl_left else None,
    )


def _share(accounts: Sequence[Account], profit: float) -> float | None:
    return sum(account.profit for account in accounts) / profit if profit > 0 else None


def _index(total: float, squares: float) -> float | None:
    return squares / total**2 if total > 0 and squares > 0 else None
