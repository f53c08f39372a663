"""What changed in profits from one recompute to the next: the account line by line, whose profit, and for how long."""

import csv
import datetime as dt
import io
from dataclasses import replace
from decimal import Decimal

import pandas as pd
import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from customers.models import Order, Run, Scorecard
from customers.permissions import EXPORT, SEE_ALL
from customers.tests.factories import CompanyFactory, CustomerFactory, user_with
from profitability.charts.profit_changes import profit_bridge
from profitability.costing_actions import copy_costing
from profitability.models import Costing, CostPoolAmount, ProfitChange
from profitability.permissions import EDIT_COSTING, SEE_RUNS, SEE_VALUE
from profitability.profit_actions import keep_profit_change
from profitability.recompute.publish import drop_old_rows
from profitability.reports.management import management_report
from profitability.reports.profit_changes import ProfitLine, compare_profits, profit_change_in_words
from profitability.reports.runs import published_now
from profitability.tables.management import document as management_document
from profitability.tests.portfolio import a_portfolio
from profitability.tests.shop import TODAY, bought, called, recomputed
from profitability.totals import ProfitChanges, RunTotals

pytestmark = pytest.mark.django_db

URL = "/ranking/changes/"
QUERIES = 16


@pytest.fixture
def before() -> Run:
    a_portfolio()
    return recomputed()


@pytest.fixture
def manager() -> Client:
    client = Client()
    views = ("profitability.view_costing", "customers.view_customer")
    client.force_login(user_with(SEE_VALUE, SEE_ALL, SEE_RUNS, EDIT_COSTING, EXPORT, *views))
    return client


def with_another_costing(factor: str = "1.7") -> Run:
    """A recompute by a copy of the costing in force that has another warehouse."""
    current = Costing.objects.current()
    assert current
    draft = copy_costing(costing=current, name="Dearer warehouse")
    for amount in CostPoolAmount.objects.filter(pool__costing=draft, pool__name="Warehouse"):
        amount.amount = (amount.amount * Decimal(factor)).quantize(Decimal("0.01"))
        amount.save()
    return recomputed()


def profits(run: Run) -> pd.Series:
    """The profit of every ranked customer, as the scorecards have it."""
    cards = Scorecard.objects.in_run(run).exclude(place=None).values("customer_id", "profit")
    return pd.DataFrame(list(cards)).set_index("customer_id")["profit"]


def test_each_customer_is_counted_on_its_side_and_the_amounts_add_up(before: Run) -> None:
    Order.objects.filter(customer__name__in=("C00", "C01")).delete()
    bought(CustomerFactory(name="New"), Order.objects.latest("ordered_on").ordered_on)
    after = with_another_costing()
    change = keep_profit_change(run=after)
    assert change
    found = ProfitChanges.from_json(change.totals)
    moved = profits(after).sub(profits(before), fill_value=Decimal()).astype(float).round(2)
    assert (found.fell, found.rose, found.same) == ((moved < 0).sum(), (moved > 0).sum(), (moved == 0).sum())
    assert float(found.fell_by) == pytest.approx(moved[moved < 0].sum())
    assert float(found.rose_by) == pytest.approx(moved[moved > 0].sum())
    most = [(one.customer, (one.after - one.before) / 100) for one in found.most_fallen]
    assert dict(most) == pytest.approx(moved[moved < 0].to_dict())
    assert [amount for _customer, amount in most] == sorted(amount for _customer, amount in most)
    assert all(one.after > one.before for one in found.most_risen)


def test_the_lines_add_up_to_profit_with_prospects_too(before: Run) -> None:
    called(CustomerFactory(name="Asks"), Order.objects.latest("ordered_on").ordered_on, minutes=25)
    after = with_another_costing()
    change = keep_profit_change(run=after)
    assert change
    compared = compare_profits(change)
    totals = [RunTotals.from_json(run.totals).statement.profit for run in (before, after)]
    assert [compared.profit.before, compared.profit.after] == totals
    assert compared.profit.change == compared.found.fell_by + compared.found.rose_by
    changes = RunTotals.from_json(after.totals).changes
    assert changes
    assert compared.profit.change == changes.profit
    by_name = {line.name: line.change for line in compared.lines}
    assert by_name["By orders"] < 0
    assert by_name["Charged to prospects, who are not ranked"] > 0
    assert by_name["Net revenue"] == 0


def test_the_sentence_names_the_strongest_reason(before: Run) -> None:
    change = keep_profit_change(run=with_another_costing())
    assert change
    compared = compare_profits(change)
    finding = profit_change_in_words(compared, "EUR")
    assert "fell by" in finding.text
    assert "By orders" in finding.notes[0]
    assert "Nobody brings more." in finding.notes


@pytest.mark.parametrize("share", [1, -1], ids=["sharing scorecards", "each with its own"])
def test_whoever_runs_have_in_common_brings_the_same(share: int, before: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("profitability.recompute.renewal.MOST_EXCHANGED", share)
    bought(CustomerFactory(name="Newcomer"), TODAY)
    after = recomputed()
    assert (after.scorecards_of_id is not None) is (share == 1)
    one, other = profits(before), profits(after)
    change = other.sub(one, fill_value=0)
    found = ProfitChanges.from_json(ProfitChange.objects.get(run=after).totals)
    assert (found.fell, found.rose, found.same) == ((change < 0).sum(), (change > 0).sum(), (change == 0).sum())
    assert found.rose + found.fell > 0


def test_where_nothing_changed_nothing_is_made_up(before: Run) -> None:
    change = keep_profit_change(run=recomputed())
    assert change
    compared = compare_profits(change)
    assert not change.another_costing
    assert (compared.found.fell, compared.found.rose) == (0, 0)
    assert profit_change_in_words(compared, "EUR").text == "No customer's profit changed."


def test_the_page_tells_the_versions_the_lines_and_the_customers(before: Run, manager: Client) -> None:
    after = with_another_costing()
    page = manager.get(URL)
    html = page.content.decode()
    assert "Dearer warehouse" in html
    assert page.context["versions_url"] in html.replace("&amp;", "&")
    rows = page.context["lines"].rows
    assert rows[-1].cells[3].value == RunTotals.from_json(after.totals).changes.profit  # type: ignore[union-attr]
    assert page.context["fallen"].rows
    assert page.context["risen"] is None
    content = b"".join(manager.get(f"{URL}?table=fallen&format=csv").streaming_content)  # type: ignore[attr-defined]
    assert len(list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))) == 1 + page.context["change"].totals["fell"]


def test_the_dashboard_the_costing_the_recompute_and_the_comparison_lead_there(before: Run, manager: Client) -> None:
    after, used = with_another_costing(), Costing.objects.order_by("pk")
    compare = f"/costing/versions/compare/?before={used[0].pk}&after={used[1].pk}"
    for address in ("/dashboard/", "/costing/", f"/runs/{after.pk}/", compare):
        assert f'href="{URL}"' in manager.get(address).content.decode(), address


def test_a_change_of_costing_is_told_when_the_rows_of_both_are_gone(before: Run, manager: Client) -> None:
    after = with_another_costing()
    for days in (1, 2):  # of another day, so that they share nothing with those before
        recomputed(TODAY + dt.timedelta(days=days))
    yesterday = timezone.now() - dt.timedelta(days=1)  # so that nobody may still be reading them
    Run.objects.update(published_at=yesterday)
    drop_old_rows()
    after.refresh_from_db()
    assert not after.has_rows
    page = manager.get(f"{URL}?run={after.pk}")
    assert page.context["change"].another_costing
    assert page.context["fallen"].rows
    assert f"?run={after.pk}" in manager.get(URL).content.decode()  # among the other changes of the costing
    assert f"{URL}?run={after.pk}" in manager.get("/costing/").content.decode()


def test_other_changes_go_with_the_rows_of_their_run(before: Run, manager: Client) -> None:
    ordinary = recomputed()
    assert manager.get(URL).context["change"].run == ordinary
    Run.objects.filter(pk=ordinary.pk).update(has_rows=False)
    recomputed()
    assert not ProfitChange.objects.filter(run=ordinary).exists()


def test_a_page_of_many_customers_shows_what_the_background_kept(
    before: Run, manager: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("profitability.views.profit_changes.AT_ONCE", 0)
    run = recomputed()
    assert manager.get(URL).context["change"].run == run
    ProfitChange.objects.all().delete()
    assert "There is no recompute to compare with" in manager.get(URL).content.decode()
    assert not ProfitChange.objects.exists()


def test_a_reader_sees_only_own_customers(before: Run) -> None:
    with_another_costing()
    client = Client()
    client.force_login(user_with(SEE_VALUE))
    page = client.get(URL)
    assert page.status_code == 200
    assert page.context["fallen"] is None


def test_the_first_recompute_has_nothing_to_compare_with(before: Run, manager: Client) -> None:
    assert "There is no recompute to compare with" in manager.get(URL).content.decode()
    assert manager.get(f"{URL}?run=99").status_code == 404
    assert manager.get(f"{URL}?run=x").status_code == 404


def test_the_number_of_queries_is_small(before: Run, manager: Client) -> None:
    with_another_costing()
    manager.get(URL)
    with CaptureQueriesContext(connection) as queries:
        manager.get(URL)
    assert len(queries) <= QUERIES


def test_the_management_report_tells_what_another_costing_did(before: Run, manager: Client) -> None:
    reader = user_with(SEE_VALUE, SEE_ALL)

    def headings() -> list[str]:
        published = published_now()
        assert published
        document = management_document(management_report(published, reader), CompanyFactory())
        return [section["heading"] for section in document["sections"]]

    assert "What changed in profits" not in headings()
    with_another_costing()
    assert "What changed in profits" in headings()


def test_the_larger_side_comes_first_and_small_changes_are_drawn_together(before: Run, manager: Client) -> None:
    with_another_costing("0.2")
    page = manager.get(URL)
    assert page.context["sides"] == ("risen", "fallen")
    change = page.context["change"]
    many = replace(
        compare_profits(change),
        lines=[ProfitLine(f"Line {number}", Decimal(0), Decimal(number - 4)) for number in range(9)],
    )
    drawn = profit_bridge(many, "EUR", summary="")
    assert drawn
    assert drawn.x_values == ["Before", "Line 0", "Line 1", "Line 2", "Line 7", "Line 8", "All others", "After"]
    amounts = drawn.series[0].values
    assert sum(value for value in amounts[1:-1] if value is not None) == many.profit.change
