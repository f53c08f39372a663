"""Parts rounded so that they still add up to their whole."""

from collections.abc import Sequence
from decimal import ROUND_FLOOR, Decimal

CENT = Decimal("0.01")


def rounded_parts(parts: Sequence[Decimal], unit: Decimal = CENT) -> list[Decimal]:
    """Each part as a multiple of the unit; together they are their sum, rounded (the largest remainders go up).

    Three thirds of 10.00 are 3.34, 3.33 and 3.33; of equal remainders the first goes up.

    >>> [str(part) for part in rounded_parts([Decimal(10) / 3] * 3)]
    ['3.34', '3.33', '3.33']
    """
    cut = [(part / unit).to_integral_value(ROUND_FLOOR) for part in parts]
    missing = int((sum(parts, Decimal()) / unit).to_integral_value() - sum(cut))
    by_remainder = sorted(range(len(parts)), key=lambda place: cut[place] - parts[place] / unit)
    for place in by_remainder[:missing]:
        cut[place] += 1
    return [(whole * unit).quantize(unit) for whole in cut]
