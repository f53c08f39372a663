"""The 20/80 sentence, in both languages, with ordinary figures and with odd ones."""

import pytest
from django.conf import settings
from django.utils import translation

from crm_site.lib.messages import compile_catalogues
from profitability.reports.sentences import peak, twenty_eighty
from profitability.tests.published import ranking_of

# Twenty-five customers: the best five make 163 % of 1,000, the last five lose 78 % of it.
WHALE = (330, 328, 326, 324, 322, *[10] * 15, -150, -154, -156, -158, -162)

ENGLISH = [
    pytest.param(
        WHALE, "20% of customers make 163% of the profit; the last 20% lose 78% of it.", id="the whale of the textbooks"
    ),
    pytest.param(
        (*[50] * 5, *[10] * 20),
        "20% of customers make 56% of the profit; the last 20% make 11% of it.",
        id="nobody loses",
    ),
    pytest.param(
        (*[50] * 5, *[20] * 15, *[0] * 5),
        "20% of customers make 45% of the profit; the last 20% add nothing to it.",
        id="the last make nothing",
    ),
    pytest.param(
        (50, 30, 20, 10, 10, -20, -30),
        "The best 2 of 7 customers make 114% of the profit; the last 2 lose 71% of it.",
        id="few customers are counted",
    ),
    pytest.param(
        (60, 20, 20),
        "The best of 3 customers makes 60% of the profit; the last one makes 20% of it.",
        id="three customers",
    ),
    pytest.param((120,), "The only customer makes a profit of €120.", id="one customer"),
    pytest.param((-120,), "The only customer makes a loss of €120.", id="one customer who loses"),
    pytest.param((), "No customer has ordered yet, so there is nothing to rank.", id="nobody"),
    pytest.param((0, 0, 0), "No customer makes a profit, and none makes a loss.", id="everybody at zero"),
    pytest.param((-10, -20, -30), "No customer makes a profit: together they lose €60.", id="only losses"),
    pytest.param(
        (100, *[0] * 20, -50, -60, -70, -80),
        "20% of customers make €100; the last 20% lose €260. All customers together lose €160.",
        id="a negative total is said in money",
    ),
    pytest.param(
        (100, *[0] * 20, -25, -25, -25, -25),
        "20% of customers make €100; the last 20% lose €100. All customers together make neither profit nor loss.",
        id="a total of zero",
    ),
    pytest.param(
        (1000, *[0] * 23, -999),
        "20% of customers make €1,000; the last 20% lose €999. All customers together make €1.",
        id="a share of next to nothing is said in money",
    ),
    pytest.param(
        (*[100_000] * 5, *[50] * 15, *[1] * 5),
        "20% of customers make 100% of the profit; the last 20% make less than 0.1% of it.",
        id="a tiny share",
    ),
]

FRENCH = [
    pytest.param(
        WHALE, "20 % des clients réalisent 163 % du profit ; les 20 % les moins rentables en perdent 78 %.", id="whale"
    ),
    pytest.param(
        (*[50] * 5, *[10] * 20),
        "20 % des clients réalisent 56 % du profit ; les 20 % les moins rentables en réalisent 11 %.",
        id="nobody loses",
    ),
    pytest.param(
        (60, 20, 20),
        "Le meilleur client sur 3 réalise 60 % du profit ; le dernier en réalise 20 %.",
        id="three customers",
    ),
    pytest.param((-10, -20, -30), "Aucun client ne dégage de profit : ensemble, ils perdent 60 €.", id="only losses"),
    pytest.param(
        (100, *[0] * 20, -50, -60, -70, -80),
        "20 % des clients dégagent 100 € ; les 20 % les moins rentables perdent 260 €. "
        "Tous les clients réunis perdent 160 €.",
        id="negative total",
    ),
]


@pytest.mark.parametrize(("profits", "sentence"), ENGLISH)
def test_the_sentence_in_english(profits: tuple[int, ...], sentence: str) -> None:
    with translation.override("en"):
        assert twenty_eighty(ranking_of(*profits), "EUR").text == sentence


@pytest.mark.parametrize(("profits", "sentence"), FRENCH)
def test_the_sentence_in_french(profits: tuple[int, ...], sentence: str) -> None:
    compile_catalogues(settings.BASE_DIR)
    with translation.override("fr"):
        found = twenty_eighty(ranking_of(*profits), "EUR").text
    assert found.replace("\u202f", " ").replace("\xa0", " ") == sentence


def test_figures_are_emphasised_and_nothing_else_is_markup() -> None:
    finding = twenty_eighty(ranking_of(*WHALE), "EUR")
    assert finding.html.count("<strong>") == finding.html.count("</strong>") == 2
    assert "\u2068" not in finding.html + finding.text


def test_ties_across_the_edge_of_the_best_are_said() -> None:
    notes = twenty_eighty(ranking_of(*[10] * 25), "EUR").notes
    assert "20 more customers make exactly as much as the last one counted among the best." in notes


def test_who_loses_is_counted_with_what_they_lose() -> None:
    assert "5 customers make a loss, €780 together." in twenty_eighty(ranking_of(*WHALE), "EUR").notes
    assert "No customer makes a loss." in twenty_eighty(ranking_of(*[10] * 25), "EUR").notes


def test_the_peak_is_where_losses_begin() -> None:
    found = peak(ranking_of(*WHALE), "EUR")
    assert found is not None
    assert found.text == "Profit peaks at 178% with the best 80% of customers; the others bring it down again."


def test_there_is_no_peak_where_nobody_loses() -> None:
    assert peak(ranking_of(*[10] * 25), "EUR") is None


def test_the_peak_is_in_money_where_shares_mean_nothing() -> None:
    found = peak(ranking_of(100, *[0] * 20, -50, -60, -70, -80), "EUR")
    assert found is not None
    assert "€100" in found.text
