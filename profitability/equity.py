"""Why customer equity changed from one recompute to the next, customer by customer. Pure: no Django, no numpy.

A lifetime value is expected orders × margin of an order − cost to serve. From one recompute to the next it changes
because the customer was won (or came back), was lost (or became a former one), is expected to order more or less often,
at another margin, or to cost another amount. Whole cents throughout: activity and margin are rounded half to even, and
cost is what is left, so that the steps always add up to the change.

    >>> steps(Worth(100_00, 4.0, 30_00), Worth(140_00, 5.0, 32_00))
    Steps(won=0, lost=0, activity=3000, margin=1000, cost=0, unknown=0)
    >>> steps(None, Worth(25_00, 1.0, 30_00)).won
    2500
"""

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Worth:
    """What a customer was worth in one recompute; money in cents."""

    value: int
    orders: float | None  # expected and discounted
    margin: int | None  # expected of an order, before the cost of serving it; None: not kept then
    former: bool = False


@dataclass(frozen=True, slots=True)
class Steps:
    """What changed a lifetime value, in cents; the parts add up to the change."""

    won: int = 0  # a first value, or back from the former customers
    lost: int = 0  # no value any more, or gone to the former customers
    activity: int = 0  # more or fewer orders expected, at the margin of before
    margin: int = 0  # the orders expected now, at another margin
    cost: int = 0  # another cost to serve
    unknown: int = 0  # not told apart: the earlier recompute kept no margins

    @property
    def change(self) -> int:
        return sum(getattr(self, field.name) for field in fields(self))


def steps(before: Worth | None, after: Worth | None) -> Steps:
    """Why one customer is worth another amount than before; None where there was or is no lifetime value."""
    if before is None or after is None:
        return Steps(won=after.value if after else 0, lost=-before.value if before else 0)
    change = after.value - before.value
    if before.former != after.former:
        return Steps(won=change) if before.former else Steps(lost=change)
    if None in (before.orders, after.orders, before.margin, after.margin):
        return Steps(unknown=change)
    assert before.orders is not None
    assert after.orders is not None
    assert before.margin is not None
    assert after.margin is not None
    activity = round((after.orders - before.orders) * before.margin)
    margin = round(after.orders * (after.margin - before.margin))
    return Steps(activity=activity, margin=margin, cost=change - activity - margin)
