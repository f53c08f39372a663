"""Size against profit: whether the medium-sized customers are the most profitable ones. Pure: no Django, no numpy.

Source: R. S. Kaplan and V. G. Narayanan, "Measuring and Managing Customer Profitability", Journal of Cost Management,
2001: large customers demand discounts and service, small ones cost much to handle; those between often leave most.

    >>> sizes = by_size([Sized(2, 10_00, -5_00), Sized(6, 300_00, 60_00), Sized(2, 500_00, 40_00)])
    >>> [size.profit_on_revenue for size in sizes]
    [-0.5, 0.2, 0.08]
    >>> medium_effect(sizes)
    True
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

# The smallest and the largest fifth of the customers; the others are of medium size.
SMALL, LARGE = 0.2, 0.8


@dataclass(frozen=True, slots=True)
class Sized:
    """Customers of about one size: how many, and their revenue and profit in one unit of money."""

    customers: int
    revenue: float
    profit: float

    @property
    def profit_on_revenue(self) -> float | None:
        """Profit for each unit of revenue; None without revenue."""
        return self.profit / self.revenue if self.revenue > 0 else None


@dataclass(frozen=True, slots=True)
class BySize:
    """Small, medium and large customers."""

    small: Sized
    medium: Sized
    large: Sized

    def __iter__(self) -> Iterator[Sized]:
        return iter((self.small, self.medium, self.large))


def by_size(bands: Sequence[Sized]) -> BySize:
    """Bands of customers, the smallest first, as three sizes: a band goes where its middle customer is."""
    everybody, before = sum(band.customers for band in bands), 0
    parts: tuple[list[Sized], ...] = ([], [], [])
    for band in bands:
        middle = (before + band.customers / 2) / everybody
        parts[0 if middle < SMALL else 2 if middle > LARGE else 1].append(band)
        before += band.customers
    return BySize(*map(_together, parts))


def medium_effect(sizes: BySize) -> bool:
    """Whether each unit of revenue of medium customers leaves more profit than that of large and of small ones."""
    small, medium, large = (size.profit_on_revenue for size in sizes)
    if medium is None or large is None or medium <= 0:
        return False
    return medium > large and (small is None or medium > small)


def _together(bands: Sequence[Sized]) -> Sized:
    return Sized(
        customers=sum(band.customers for band in bands),
        revenue=sum(band.revenue for band in bands),
        profit=sum(band.profit for band in bands),
    )
