"""Answers about a run: found once, kept as long as its rows, forgotten with them."""

import pytest
from django.db.models import Sum
from django.test import Client

from customers.models import Run, Scorecard
from customers.tests.factories import user_with
from profitability.answer_actions import answer_about, drop_old_answers
from profitability.models import PeriodFigure, PeriodRanking, RunAnswer
from profitability.permissions import SEE_VALUE
from profitability.tests.portfolio import a_portfolio
from profitability.tests.published import publish
from profitability.tests.shop import recomputed

pytestmark = pytest.mark.django_db


def test_an_answer_is_found_once_and_goes_with_the_rows_of_its_run() -> None:
    run = publish(500)
    Run.objects.update(has_rows=True)
    asked: list[int] = []

    def find() -> list[list[int | None]]:
        asked.append(1)
        return [[1, None, 5]]

    assert answer_about(run, "moves", find) == answer_about(run, "moves", find) == [[1, None, 5]]
    assert len(asked) == 1
    drop_old_answers()
    assert RunAnswer.objects.count() == 1
    Run.objects.update(has_rows=False)
    drop_old_answers()
    assert not RunAnswer.objects.exists()


@pytest.mark.parametrize("period", ["", "?period=2026-q1"])
def test_what_everybody_before_a_customer_makes_is_their_sum_to_the_cent(
    client: Client, monkeypatch: pytest.MonkeyPatch, period: str
) -> None:
    monkeypatch.setattr("profitability.reports.standing.NEIGHBOURS", 1)
    a_portfolio()
    run = recomputed()
    client.force_login(user_with(SEE_VALUE, "customers.view_customer", "customers.see_all_customers"))
    client.get(f"/ranking/{period}")
    figures = (
        PeriodFigure.objects.filter(ranking=PeriodRanking.objects.get(run=run, since__isnull=False))
        if period
        else Scorecard.objects.ranked_in(run)
    )
    for rank in (1, 2, figures.count() // 2, figures.count()):
        name = figures.get(rank=rank).customer.name
        here = client.get(f"/ranking/{period}{'&' if period else '?'}here={name}").context["here"]
        assert here.customer.rank == rank
        assert here.cumulative == figures.filter(rank__lte=rank).aggregate(sum=Sum("profit"))["sum"]
