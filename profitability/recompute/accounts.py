"""One row of columns for each customer: what the months come to, as numpy arrays in cents, by ascending customer id."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from crm_site.lib.bulk import Table
from profitability.recompute.gather import Gathered

Columns = NDArray[Any]


@dataclass(frozen=True, kw_only=True)
class Accounts:
    """The accounts of all customers (or the single one of anonymous sales); money in cents, days since 1970."""

    customer: Columns
    kind: Columns  # place in KINDS
    sums: Table  # the columns of CUSTOMER_SUMS, summed over all months
    first_day: Columns  # of an order; NO_DAY where there was none
    last_day: Columns

    @property
    def net_revenue(self) -> Columns:
        sums = self.sums
        return sums["gross"] - sums["discounts"] - sums["returns"] + sums["other"]

    @property
    def gross_margin(self) -> Columns:
        return self.net_revenue - self.sums["cost_of_goods"]

    @property
    def profit(self) -> Columns:
        return self.gross_margin - self.sums["cost_to_serve"] - self.sums["direct_costs"]

    @property
    def ordered(self) -> NDArray[np.bool_]:
        """Customers with at least one day on which they bought."""
        return self.sums["order_days"] > 0

    @property
    def ranked(self) -> NDArray[np.bool_]:
        """Customers who bought or returned something, or were billed or credited: the others are prospects."""
        sums = self.sums
        return self.ordered | np.any([sums[name] != 0 for name in ("gross", "discounts", "returns", "other")], axis=0)


def accounts_of_customers(gathered: Gathered) -> Accounts:
    """Every customer there is."""
    return _accounts(gathered, slice(1, None))


def account_of_anonymous_sales(gathered: Gathered) -> Accounts:
    """The sales without customer, as one account."""
    return _accounts(gathered, slice(0, 1))


def _accounts(gathered: Gathered, of: slice) -> Accounts:
    return Accounts(
        customer=gathered.people.ids[of],
        kind=gathered.people.kinds[of],
        sums={name: values[of] for name, values in gathered.sums.items()},
        first_day=gathered.first_day[of],
        last_day=gathered.last_day[of],
    )
