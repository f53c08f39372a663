"""Size against profit: the pure rule, and the sentences that go with it."""

from decimal import Decimal

import pytest

from profitability.reports.sizes import band_names, size_sentences
from profitability.sizes import Sized, by_size, medium_effect
from profitability.totals import Band, GroupTotal

# Ten bands of ten customers each; what each band leaves of its revenue.
MEDIUM = (-50, 5, 20, 22, 25, 25, 22, 20, 8, 6)
LARGE = (-50, -20, 1, 2, 3, 4, 5, 6, 15, 20)
SMALL = (30, 25, 10, 9, 8, 7, 6, 5, 4, 3)
FLAT = (10,) * 10


def bands(returns: tuple[int, ...], customers: int = 10) -> list[Band]:
    return [band(100 * place, share, customers) for place, share in enumerate(returns, start=1)]


def band(revenue: int, share: int, customers: int) -> Band:
    nothing = Decimal(0)
    total = GroupTotal(
        key="", customers=customers, losing=0, orders=customers, net_revenue=Decimal(revenue),
        gross_margin=nothing, cost_to_serve=nothing, direct_costs=nothing,
        profit=Decimal(revenue * share) / 100, lifetime_value=None,
    )  # fmt: skip
    return Band(lowest=Decimal(revenue - 99), highest=Decimal(revenue), total=total)


@pytest.mark.parametrize(
    ("returns", "beginning"),
    [
        (MEDIUM, "Medium-sized customers are the most profitable: they leave 22.3% of their revenue"),
        (LARGE, "Large customers are the most profitable: the largest fifth leaves 17.6%"),
        (SMALL, "Small customers are the most profitable: the smallest fifth leaves 26.7%"),
        (FLAT, "Size tells little about profit"),
        ((-5,) * 10, "Size tells little about profit"),
    ],
)
def test_the_sentence_says_which_size_leaves_most(returns: tuple[int, ...], beginning: str) -> None:
    assert size_sentences(bands(returns), "EUR")[0].text.startswith(beginning)


def test_the_effect_is_there_only_where_medium_beats_both() -> None:
    def found(returns: tuple[int, ...]) -> bool:
        return medium_effect(by_size([Sized(10, 100.0 * k, returns[k - 1] * k) for k in range(1, 11)]))

    assert [found(MEDIUM), found(LARGE), found(SMALL), found(FLAT)] == [True, False, False, False]


def test_no_effect_without_revenue_or_profit() -> None:
    nobody = Sized(0, 0, 0)
    assert not medium_effect(by_size([Sized(2, 0, -5), Sized(6, 100, -5), Sized(2, 200, -50)]))
    assert not medium_effect(by_size([Sized(5, 100, 5)]))
    assert by_size([Sized(5, 100, 5)]).small == nobody


def test_sizes_that_lose_are_counted() -> None:
    last = size_sentences(bands(LARGE), "EUR")[-1].text
    assert last == "2 sizes of customers lose money as a whole: €90, by 20 customers."


def test_few_customers_have_no_sizes() -> None:
    assert "too few customers" in size_sentences(bands(MEDIUM[:3], customers=1), "EUR")[0].text
    assert "too few customers" in size_sentences([], "EUR")[0].text


def test_a_band_of_equals_has_one_amount_for_a_name() -> None:
    same = Band(lowest=Decimal(7), highest=Decimal(7), total=band(700, 1, 3).total)
    assert band_names([same, band(300, 1, 1)], "EUR") == ["€7", "€201 to €300"]
