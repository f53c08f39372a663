"""What each lever does, one after the other, to a copy of the figures.

Volume is taken away or added where customers react; the costs of activities follow volume at today's cost of a unit.
Whether that also changes what the company pays is decided at the end, in `simulation`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from profitability.what_if.base import Base, Floats, Mask
from profitability.what_if.levers import Lever


@dataclass
class State:
    """The figures on their way; cells and customers in the order of the base, money in cents."""

    base: Base
    kept: Floats  # the part of each customer that stays: 1, or less where some are expected to leave
    net_revenue: Floats  # of cells
    gross: Floats
    cost_of_goods: Floats
    cost_to_serve: Floats
    more_revenue: Floats  # of customers, besides their cells
    more_goods: Floats
    more_serving: Floats
    dearer: Floats  # what the same work costs customers more or less, because a cost pool changed
    uncharged: float  # what a cost pool's change makes of costs that nobody is charged
    cut: float = 0.0  # share of the capacity set free that is really given up

    @classmethod
    def of(cls, base: Base) -> "State":
        """Today."""
        cells, count = base.cells, len(base.customers)
        return cls(
            base=base,
            kept=np.ones(count),
            net_revenue=cells.net_revenue.copy(),
            gross=cells.gross.copy(),
            cost_of_goods=cells.cost_of_goods.copy(),
            cost_to_serve=cells.cost_to_serve.copy(),
            more_revenue=np.zeros(count),
            more_goods=np.zeros(count),
            more_serving=np.zeros(count),
            dearer=np.zeros(count),
            uncharged=0.0,
        )

    def pull(self, lever: Lever) -> None:
        """Let one lever work on what the levers before it left."""
        REACTIONS[lever.kind](self, lever)

    def cells_of(self, lever: Lever) -> Mask:
        """The cells that a lever is about: of its customers and of its products."""
        return self.base.group(lever)[self.base.cells.customer] & self.base.cells.of(lever)

    def scale(self, cells: Mask, *, volume: Floats | float, price: Floats | float = 1.0) -> None:
        """Change how much is bought and at what price: revenue follows both, costs follow volume."""
        self.net_revenue[cells] *= volume * price
        self.gross[cells] *= volume * price
        self.cost_of_goods[cells] *= volume
        self.cost_to_serve[cells] *= volume

    def lose(self, customers: Mask, share: float) -> None:
        """Some of these customers leave; which ones nobody knows, so each is expected to stay by the rest."""
        self.kept[customers] *= 1 - share

    def buyers(self, cells: Mask) -> Mask:
        """The customers of these cells."""
        found = np.zeros(len(self.base.customers), bool)
        found[self.base.cells.customer[cells]] = True
        return found


def reaction(price: Floats | float, elasticity: float) -> Floats | float:
    """How much is still bought at so many times the price: constant elasticity, price^-e."""
    return price**-elasticity


def change_price(state: State, lever: Lever) -> None:
    """Another price: volume reacts by elasticity, and some of the buyers leave for good."""
    cells, price = state.cells_of(lever), 1 + lever.share("percent")
    state.scale(cells, volume=reaction(price, lever["elasticity"]), price=price)
    state.lose(state.buyers(cells), lever.share("lost"))


def cap_discount(state: State, lever: Lever) -> None:
    """No more discount than so much of gross sales, for each customer and product; that is a rise in price."""
    cells = state.cells_of(lever)
    allowed = state.gross * (1 - lever.share("cap"))
    cells &= (state.net_revenue > 0) & (state.net_revenue < allowed)
    price = allowed[cells] / state.net_revenue[cells]
    volume = reaction(price, lever["elasticity"])
    state.gross[cells] *= volume
    state.net_revenue[cells] *= price * volume
    state.cost_of_goods[cells] *= volume
    state.cost_to_serve[cells] *= volume
    state.lose(state.buyers(cells), lever.share("lost"))


def ask_minimum(state: State, lever: Lever) -> None:
    """A minimum order: of the smaller ones, a part is raised to it, a part is put into a later order, the rest is lost.

    Raising an order costs goods in proportion and no more handling; bundling saves the handling of one order.
    """
    orders = state.base.orders
    if orders is None:
        return
    amount = lever["amount"] * 100
    small = state.base.group(lever)[orders.customer] & (orders.net_revenue > 0) & (orders.net_revenue < amount)
    raised, bundled = lever.share("raised"), lever.share("bundled")
    lost = 1 - raised - bundled
    customer, net, goods = orders.customer[small], orders.net_revenue[small], orders.cost_of_goods[small]
    growth = amount / net - 1
    np.add.at(state.more_revenue, customer, net * (raised * growth - lost))
    np.add.at(state.more_goods, customer, goods * (raised * growth - lost))
    saved = bundled * orders.handling[small] + lost * orders.cost_to_serve[small]
    np.add.at(state.more_serving, customer, -saved)
    concerned = np.zeros(len(state.base.customers), bool)
    concerned[customer] = True
    state.lose(concerned, lever.share("lost"))


def change_service(state: State, lever: Lever) -> None:
    """Fewer contacts in a channel, avoided or moved to another that costs a part of it (`other_cost`)."""
    customers = state.base.group(lever)
    cost = state.base.channels[lever.choice]
    state.more_serving -= np.where(customers, cost * lever.share("percent") * (1 - lever.share("other_cost")), 0.0)
    state.lose(customers & (cost > 0), lever.share("lost"))


def drop_product(state: State, lever: Lever) -> None:
    """A product is no longer sold: a part of what was spent on it goes to the other things that its buyers buy."""
    cells, customer = state.cells_of(lever), state.base.cells.customer
    count = len(state.base.customers)
    spent = np.bincount(customer[cells], state.net_revenue[cells], count)
    others = ~cells & (state.net_revenue > 0)
    elsewhere = np.bincount(customer[others], state.net_revenue[others], count)
    moved = np.divide(spent.clip(0) * lever.share("moved"), elsewhere, out=np.zeros(count), where=elsewhere > 0)
    buyers = state.buyers(cells)
    state.scale(others, volume=1 + moved[customer[others]])
    state.scale(cells, volume=0.0)
    state.lose(buyers, lever.share("lost"))


def promote(state: State, lever: Lever) -> None:
    """More is sold of something, at a part of its price given away."""
    state.scale(state.cells_of(lever), volume=1 + lever.share("more"), price=1 - lever.share("given"))


def let_go(state: State, lever: Lever) -> None:
    """The company parts with customers."""
    state.lose(state.base.group(lever), lever.share("percent"))


def change_pool(state: State, lever: Lever) -> None:
    """A cost pool costs more or less: so does all work that draws on it, and what of it nobody is charged."""
    pool, change = state.base.pools[lever.choice], lever.share("percent")
    state.dearer += pool.charged * change
    state.uncharged += pool.uncharged * change


def give_up_capacity(state: State, lever: Lever) -> None:
    """So much of the capacity that the other levers set free is really given up."""
    state.cut = max(state.cut, lever.share("percent"))


REACTIONS: Mapping[str, Callable[[State, Lever], None]] = {
    "price": change_price,
    "discount": cap_discount,
    "minimum": ask_minimum,
    "service": change_service,
    "drop": drop_product,
    "promote": promote,
    "let_go": let_go,
    "pool": change_pool,
    "cut": give_up_capacity,
}
