"""Parts rounded so that they still add up to their whole: the largest remainders go up. Pure."""

from collections.abc import Sequence
from decimal import Decimal
from math import floor
from typing import TypeVar

CENT = Decimal("0.01")

Number = TypeVar("Number", float, Decimal)


def shared_out(exact: Sequence[Number], total: int) -> list[int]:
    """Whole numbers next to the exact ones that come to `total`; of equal remainders the first goes up.

    A total further away than rounding explains is spread as evenly as it can be, so that the sum holds in any case.

    >>> shared_out([1.4, 1.4, 1.2], 4)
    [2, 1, 1]
    """
    parts = [floor(each) for each in exact]
    if not parts:
        return parts
    missing = total - sum(parts)
    everywhere, rest = divmod(missing, len(parts))
    remainders = [each - part for each, part in zip(exact, parts, strict=True)]
    largest_first = sorted(range(len(parts)), key=lambda at: (-remainders[at], at))
    for at in range(len(parts)):
        parts[at] += everywhere
    for at in largest_first[:rest]:
        parts[at] += 1
    return parts


def rounded_parts(parts: Sequence[Decimal], unit: Decimal = CENT) -> list[Decimal]:
    """Each part as a multiple of the unit; together they are their sum, rounded.

    >>> [str(part) for part in rounded_parts([Decimal(10) / 3] * 3)]
    ['3.34', '3.33', '3.33']
    """
    exact = [part / unit for part in parts]
    total = int((sum(parts, Decimal()) / unit).to_integral_value())
    return [(whole * unit).quantize(unit) for whole in shared_out(exact, total)]
