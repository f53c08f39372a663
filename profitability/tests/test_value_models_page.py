"""The page that tells how sure we are: the verdict in words, its figures, and who may ask for another comparison."""

from dataclasses import replace
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from pytest_django import DjangoAssertNumQueries

from crm_site.lib.jobs.models import Job
from customers.permissions import EXPORT
from customers.tests.factories import CompanyFactory, user_with
from profitability.comparison import PAST_SPEND, Comparison, Fitted, Parameter, SeasonFound
from profitability.permissions import SEE_VALUE, START_RUN
from profitability.reports.comparison import Compared, findings, season_in_words, verdict
from profitability.tests.compared import NO_SEASON, a_comparison, comparison_of, entry, holdout
from profitability.tests.published import a_model, publish
from profitability.totals import ContractTerm, RunTotals

pytestmark = pytest.mark.django_db

URL = "/value-models/"
QUERIES = 6


@pytest.fixture
def manager() -> Client:
    CompanyFactory()
    client = Client()
    client.force_login(user_with(SEE_VALUE, START_RUN, EXPORT, "jobs.view_job"))
    return client


def compared(**changes: Any) -> Compared:
    found = comparison_of(**changes)
    return Compared(a_comparison(found), found)


@pytest.mark.parametrize(
    ("rmse", "gini", "said"),
    [
        (70.0, 0.70, "Pareto/NBD forecasts the last 39 weeks best and beats past spend"),
        (70.0, 0.60, "to sort customers, nothing beats past spend"),
        (90.0, 0.70, "for the amount that a customer brings, nothing beats past spend"),
        (90.0, 0.60, "Nothing beats past spend"),
    ],
)
def test_the_verdict_owns_up_to_what_past_spend_does_better(rmse: float, gini: float, said: str) -> None:
    entries = (entry("pareto_nbd", rmse, gini), entry(PAST_SPEND, 80.0, 0.65))
    assert said in verdict(compared(holdout=holdout(*entries)))


@pytest.mark.parametrize(
    ("rmse", "gini", "other", "said"),
    [
        (70.0, 0.60, (71.0, 0.66), "though not better than every model."),
        (90.0, 0.70, (79.0, 0.60), "past spend comes closer to the amount that a customer brings, though not"),
        (90.0, 0.60, (91.0, 0.66), "past spend, carried on, forecasts them better than it does, though not"),
        (90.0, 0.60, (91.0, 0.64), "Nothing beats past spend"),
    ],
)
def test_nothing_is_said_to_beat_past_spend_only_where_no_model_does(
    rmse: float, gini: float, other: tuple[float, float], said: str
) -> None:
    entries = (entry("bgnbd", rmse, gini, 5), entry("mbgnbd", *other, 9), entry(PAST_SPEND, 80.0, 0.65))
    told = verdict(compared(holdout=holdout(*entries, winner="bgnbd")))
    assert said in told
    assert ("othing beats past spend" in told) is (other[1] < 0.65 and other[0] > 80.0)


def test_models_that_forecast_alike_are_not_ranked_against_each_other() -> None:
    entries = (*(entry(name, 70.0, 0.6) for name in ("bgnbd", "mbgnbd", "pareto_nbd")), entry(PAST_SPEND, 60.0, 0.7))
    said = findings(compared(holdout=holdout(*entries, winner="bgnbd")), "EUR")
    assert said[0] == "All models forecast alike, so that the simplest is used."


def test_before_a_comparison_the_default_is_named() -> None:
    assert verdict(None) == "The models have not been compared yet: BG/NBD is used until then."


@pytest.mark.parametrize(
    ("reason", "said"),
    [
        ("too_short", "The orders cover less than twelve weeks: too little to hold some of them back. BG/NBD is used."),
        ("something_else", "The orders do not suffice to compare models. BG/NBD is used."),
    ],
)
def test_why_nothing_was_compared_is_said(reason: str, said: str) -> None:
    found = Comparison(reason=reason)
    assert verdict(Compared(a_comparison(found), found)) == said
    assert findings(Compared(a_comparison(found), found), "EUR") == []


def test_findings_name_the_measures_the_rival_the_total_and_the_season() -> None:
    said = findings(compared(one_in=4), "EUR")
    assert said == [
        "Pareto/NBD has the best ranks in all, and is the first of the models by: error of a customer, sorting of "
        "customers.",
        "It is off by €72.50 for a customer where past spend is off by €172.00, and sorts them at 0.693 where past "
        "spend does at 0.680 (1 is hindsight, 0 is chance).",
        "In all, it forecast 5% fewer orders than then came: totals are rather too low.",
        "Whether orders come in seasons cannot be told: that takes two whole years of orders, and there are 17 whole "
        "months.",
        "Compared on the orders of 1,000 customers, one in 4, chosen by chance.",
    ]


def test_a_simpler_model_that_does_as_well_is_used_and_the_page_says_so() -> None:
    found = compared(holdout=holdout(winner="mbgnbd", leader="pareto_nbd"))
    assert findings(found, "EUR")[0] == (
        "Pareto/NBD has the best ranks in all, but MBG/NBD is simpler and forecasts as well: it is behind by no more "
        "than a hundredth of the error, half a hundredth of perfect sorting, and a hundredth of what came."
    )
    entries = (entry("bgnbd", 70.0, 0.70), entry("mbgnbd", 70.0, 0.71), entry(PAST_SPEND, 80.0, 0.65))
    said = verdict(compared(holdout=holdout(*entries, winner="bgnbd", leader="mbgnbd")))
    assert said.startswith("BG/NBD forecasts the last 39 weeks as well as any model and beats past spend")


def test_comparisons_of_old_did_not_name_a_leader() -> None:
    result = comparison_of().as_json()
    del result["holdout"]["leader"]
    kept = Comparison.from_json(result).holdout
    assert kept is not None
    assert not kept.simpler


@pytest.mark.parametrize(
    ("forecast", "said"), [(130.0, "30% more orders"), (101.0, "about as many orders as then came")]
)
def test_totals_that_are_off_are_said_with_their_direction(forecast: float, said: str) -> None:
    entries = (entry("bgnbd", 70, 0.7, forecast=forecast), entry(PAST_SPEND, 80, 0.6))
    assert said in " ".join(findings(compared(holdout=holdout(*entries, winner="bgnbd")), "EUR"))


@pytest.mark.parametrize(
    ("p_value", "found", "said"),
    [
        (0.004, True, "Orders come in seasons (chance alone would explain that in 0.4% of cases"),
        (2e-13, True, "Orders come in seasons (chance alone would explain that in less than 0.1% of cases"),
        (0.4, False, "Orders show no season"),
    ],
)
def test_a_season_is_told_with_the_test_behind_it(p_value: float, found: bool, said: str) -> None:
    text = season_in_words(SeasonFound(months=36, p_value=p_value, found=found, index=NO_SEASON.index))
    assert said in text
    assert "F test" in text


def breakable(text: str) -> str:
    """Parameters with plain blanks; on the page each holds together with its error."""
    assert " ±" not in text, "± may not stand at the beginning of a line."
    assert "± " not in text, "± may not stand at the end of a line."
    return text.replace("\xa0", " ")


def test_the_page_shows_models_rival_and_parameters(manager: Client) -> None:
    publish(300, 20)
    a_comparison()
    page = manager.get(URL)
    rows = [[cell.text for cell in row.cells] for row in page.context["accuracy"].rows]
    assert rows[2] == ["Pareto/NBD", "€72.50", "0.693", "-5.0%", "10.0%", "-5.0%", "5"]
    assert rows[3][0] == "Past spend carried on"
    assert [row.cells[0].note for row in page.context["accuracy"].rows] == ["", "", "in use", ""]
    parameters = page.context["parameters"].rows[0].cells
    assert breakable(parameters[1].text) == "r 0.550 ± 0.050 · α 10.600 · s 0.600 ± 0.200 · β 11.700 ± 6.200"
    labels = [figure.label for figure in page.context["figures"]]
    assert labels == ["Customer equity", "Model in use", "Sorting of customers", "Orders forecast"]
    assert "Recompute" not in page.content.decode().split("<main", 1)[1].split("</main", 1)[0]


def test_parameters_without_bound_have_no_figures_and_the_page_says_why(manager: Client) -> None:
    estimates = {"r": (1.0573, 0.0026), "alpha": (11.1655, 0.0292), "s": (1.2e6, None), "beta": (7.5e7, None)}
    parameters = tuple(Parameter(name=name, value=value, error=error) for name, (value, error) in estimates.items())
    fitted = Fitted(
        name="pareto_nbd", parameters=parameters, log_likelihood=-950.25, loss="loss_alike", mean_alive=0.48
    )
    a_comparison(comparison_of(fitted=(fitted,)))
    cells = [cell.text for cell in manager.get(URL).context["parameters"].rows[0].cells]
    assert breakable(cells[1]) == "r 1.057 ± 0.003 · α 11.166 ± 0.029 · s ∞ · β ∞"
    assert cells[4] == "The orders show that customers leave, but not that some leave sooner than others."


def test_where_nobody_leaves_no_parameter_says_how_soon(manager: Client) -> None:
    estimates = {"r": (0.824, 0.027), "alpha": (9.893, 0.372), "s": (0.0, 0.0), "beta": (1.0, 0.0)}
    parameters = tuple(Parameter(name=name, value=value, error=error) for name, (value, error) in estimates.items())
    fitted = Fitted(name="pareto_nbd", parameters=parameters, log_likelihood=-950.25, loss="no_loss", mean_alive=1.0)
    a_comparison(comparison_of(fitted=(fitted,)))
    cells = [cell.text for cell in manager.get(URL).context["parameters"].rows[0].cells]
    assert breakable(cells[1]) == "r 0.824 ± 0.027 · α 9.893 ± 0.372"
    assert cells[4] == "The orders show no sign that customers leave, so nobody is expected to."


def test_the_page_says_what_is_missing_before_anything_was_computed(manager: Client) -> None:
    page = manager.get(URL)
    assert "The models have not been compared yet" in page.content.decode()
    assert page.context["figures"] == []


def test_what_the_models_had_to_assume_is_said_where_their_certainty_is_asked_for(manager: Client) -> None:
    publish(300, 20, lifetime_model=replace(a_model(), notes=("purchase_model_assumed", "margin_model_assumed")))
    page = manager.get(URL)
    said = page.context["model_notes"]
    assert said == [
        "Too few customers ordered again to fit the purchase model: it was assumed.",
        "Too few customers have brought a margin above zero to fit the margin model: it was assumed.",
    ]
    assert all(sentence in page.content.decode() for sentence in said)


def test_the_number_of_queries_stays(manager: Client, django_assert_max_num_queries: DjangoAssertNumQueries) -> None:
    publish(300, 20)
    a_comparison()
    manager.get(URL)
    with django_assert_max_num_queries(QUERIES):
        manager.get(URL)


def test_a_season_is_drawn_only_where_there_is_one(manager: Client) -> None:
    a_comparison()
    assert manager.get(URL).context["seasons"] is None
    index = tuple(1 + month / 100 for month in range(12))
    a_comparison(comparison_of(season=SeasonFound(months=36, p_value=0.001, found=True, index=index)))
    assert manager.get(URL).context["seasons"].series[0].values == index


YEARLY = ContractTerm(
    days=365.25, contracts=1000, running=491, asked=(1000, 869, 743), kept=(869, 743, 653), alpha=0.668, beta=3.806,
    alpha_error=0.1, beta_error=0.6, log_likelihood=-1611.2, assumed=False,
)  # fmt: skip


def publish_with(*terms: ContractTerm, subscriptions: int) -> None:
    run = publish(300, 20)
    found = RunTotals.from_json(run.totals)
    model = replace(found.lifetime_model, contracts=terms, subscriptions=subscriptions)
    run.totals = replace(found, lifetime_model=model).as_json()
    run.save()


def test_subscriptions_are_shown_with_fitted_and_actual_retention(manager: Client) -> None:
    publish_with(YEARLY, subscriptions=1000)
    page = manager.get(URL)
    retention, survival = page.context["retention"], page.context["survival"]
    assert retention.series[0].values[:2] == [0.8507, 0.878]
    assert retention.series[1].values == [0.869, 0.855, 0.8789, None, None, None]
    assert survival.series[1].values[:4] == [1, 0.869, 0.743, 0.653]
    assert survival.series[0].values[1] == 0.8507
    cells = [cell.text for cell in page.context["contracts"].rows[0].cells]
    assert [breakable(cell) for cell in cells] == [
        "a year",
        "491 of 1,000",
        "α 0.668 ± 0.100 · β 3.806 ± 0.600",
        "86.9%",
        "85.1%",
        "-1,611.2",
    ]
    assert "85% of customers renew the first time, 92% of those who are left the fifth time" in page.content.decode()


def test_a_model_of_few_renewals_is_said_to_be_assumed(manager: Client) -> None:
    publish_with(replace(YEARLY, assumed=True, log_likelihood=None), subscriptions=1000)
    page = manager.get(URL)
    assert page.context["contracts"].rows[0].cells[2].note == "assumed"
    assert "so the model is assumed" in page.content.decode()


@pytest.mark.parametrize(
    ("subscriptions", "said"),
    [
        (0, "No order is marked as beginning or renewing a subscription, so every customer is forecast by orders."),
        (1, "1 subscription was begun and not renewed yet"),
        (3, "3 subscriptions were begun and none was renewed yet"),
    ],
)
def test_the_page_says_when_there_are_no_renewals(manager: Client, subscriptions: int, said: str) -> None:
    publish_with(subscriptions=subscriptions)
    page = manager.get(URL)
    assert said in page.content.decode()
    assert (page.context["contracts"], page.context["retention"]) == (None, None)


@pytest.mark.parametrize("name", ["retention", "survival"])
def test_renewals_come_as_files(manager: Client, name: str) -> None:
    assert manager.get(f"{URL}?table={name}&format=csv").status_code == 404
    publish_with(YEARLY, subscriptions=1000)
    response = manager.get(f"{URL}?table={name}&format=csv")
    lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert lines[0] == '"Renewal","Expected by sBG","Actual"'
    assert len(lines) > 5


@pytest.mark.parametrize(
    ("name", "first_line"),
    [
        (
            "accuracy",
            '"Forecast by","Forecast by (note)","Error of a customer","Sorting","Total value","Tenths",'
            '"Total orders","Ranks"',
        ),
        ("calibration", '"Tenth of customers, the highest forecast first","Forecast","Came"'),
        ("tracking", '"Month","Expected by Pareto/NBD","Came"'),
        ("ahead", '"Month","Expected orders"'),
    ],
)
def test_tables_and_drawings_come_as_files(manager: Client, name: str, first_line: str) -> None:
    a_comparison()
    response = manager.get(f"{URL}?table={name}&format=csv")
    lines = b"".join(response.streaming_content).decode("utf-8-sig").splitlines()  # type: ignore[attr-defined]
    assert lines[0] == first_line
    assert len(lines) > 2


def test_a_file_that_does_not_exist_is_not_found(manager: Client) -> None:
    assert manager.get(f"{URL}?table=accuracy&format=csv").status_code == 404
    a_comparison()
    assert manager.get(f"{URL}?table=unknown&format=csv").status_code == 404


def test_a_comparison_is_asked_for_from_the_page_and_followed_there(manager: Client) -> None:
    response = manager.post(reverse("value-models-compare"), follow=True)
    assert Job.objects.get().kind == "comparison"
    page = response.content.decode()
    assert "The comparison was asked for." in page
    assert reverse("job-progress", args=[Job.objects.get().pk]) in page
    assert "Compare models now" not in page
