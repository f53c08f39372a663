"""What is kept for a while is asked for once in that while."""

from functools import partial
from itertools import count

import pytest
from django.utils import translation

from crm_site.lib import remembered as module
from crm_site.lib.remembered import Remembered, remembered


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [1000.0]
    monkeypatch.setattr(module.time, "monotonic", lambda: now[0])
    return now


def test_an_answer_is_kept_for_its_time_and_asked_again_after(clock: list[float]) -> None:
    ask = remembered(seconds=60)(partial(next, count()))
    assert [ask(), ask()] == [0, 0]
    clock[0] += 59.9
    assert ask() == 0
    clock[0] += 0.1
    assert [ask(), ask()] == [1, 1]


def test_an_answer_can_be_forgotten(clock: list[float]) -> None:
    ask = remembered(seconds=60)(partial(next, count()))
    ask()
    ask.forget()
    assert ask() == 1


def test_an_empty_answer_is_an_answer(clock: list[float]) -> None:
    asked: list[int] = []
    ask = remembered(seconds=60)(lambda: asked.append(1))
    ask()
    ask()
    assert asked == [1]


def test_everything_can_be_forgotten_at_once(clock: list[float]) -> None:
    asks = [remembered(seconds=60)(partial(next, count())) for _ in range(2)]
    first = [ask() for ask in asks]
    Remembered.forget_everything()
    assert (first, [ask() for ask in asks]) == ([0, 0], [1, 1])


def test_each_language_has_its_own_answer(clock: list[float]) -> None:
    ask = remembered(seconds=60)(partial(next, count()))
    first = ask()
    with translation.override("fr"):
        assert [ask(), ask()] == [1, 1]
    assert (first, ask()) == (0, 0)
