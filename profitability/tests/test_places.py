"""Places between those of a ranking, and the ranks that follow, against ranking everybody again."""

import random

import numpy as np
import pytest

from profitability.recompute.places import Ranked, ranked_again, stand_between


def ranked(profits: dict[int, int]) -> list[int]:
    """The customers, best first; of equal profits the smaller number first."""
    return sorted(profits, key=lambda customer: (-profits[customer], customer))


def as_columns(profits: dict[int, int], order: list[int]) -> Ranked:
    return Ranked(np.array(order, np.int64), np.array([profits[customer] for customer in order], np.int64))


@pytest.mark.parametrize("seed", range(40))
def test_ranks_and_sums_are_those_of_a_ranking_of_everybody(seed: int) -> None:
    chance = random.Random(seed)
    before = {customer: chance.randint(-5, 5) for customer in chance.sample(range(1, 60), chance.randint(0, 30))}
    former = ranked(before)
    gone = chance.sample(former, chance.randint(0, len(former)))
    anew = {customer: chance.randint(-5, 5) for customer in range(1, 60) if chance.random() < 0.2}
    anew = {customer: profit for customer, profit in anew.items() if customer in gone or customer not in before}
    left = np.sort(np.array([former.index(customer) + 1 for customer in gone], np.int64))
    given = chance.sample(list(anew), len(anew))
    found = stand_between(as_columns(before, former), left, as_columns(anew, given))

    places = {customer: float(number) for number, customer in enumerate(former, start=1) if customer not in gone}
    places |= dict(zip(given, found.place.tolist(), strict=True))
    sums = dict(zip(former, np.cumsum([before[customer] for customer in former]).tolist(), strict=True))
    sums |= dict(zip(given, found.cumulative.tolist(), strict=True))
    now = {customer: profit for customer, profit in before.items() if customer not in gone} | anew
    so_far = 0
    for rank, customer in enumerate(ranked(now), start=1):
        so_far += now[customer]
        step = int(np.searchsorted(found.steps.place, places[customer], side="right")) - 1
        moved = 0 if step < 0 else int(found.steps.rank[step]) - int(np.floor(found.steps.place[step]))
        assert int(np.floor(places[customer])) + moved == rank
        assert sums[customer] + (0 if step < 0 else int(found.steps.cents[step])) == so_far
    assert len(set(places.values())) == len(places)


@pytest.mark.parametrize("seed", range(20))
def test_others_come_between_those_who_stay(seed: int) -> None:
    chance = random.Random(seed)
    stay = {customer: chance.randint(-5, 5) for customer in chance.sample(range(60), chance.randint(0, 30))}
    come = {customer: chance.randint(-5, 5) for customer in range(60) if customer not in stay and chance.random() < 0.2}
    in_order, given = ranked(stay), chance.sample(list(come), len(come))
    found = ranked_again(as_columns(stay, in_order), as_columns(come, given))
    assert [[*in_order, *given][place] for place in found] == ranked(stay | come)
