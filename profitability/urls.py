"""Addresses of profitability: the dashboard, the ranking, the costing and the recomputes."""

import datetime as dt

from django.urls import include, path, register_converter

from profitability import views


class MonthConverter:
    """A month in an address, as 2026-07: the date of its first day."""

    regex = r"\d{4}-(?:0[1-9]|1[0-2])"

    def to_python(self, value: str) -> dt.date:
        return dt.date.fromisoformat(f"{value}-01")

    def to_url(self, value: dt.date) -> str:
        return f"{value:%Y-%m}"


register_converter(MonthConverter, "month")

urlpatterns = [
    path("dashboard/", views.dashboard_page, name="dashboard"),
    path("dashboard/report.pdf", views.management_report, name="management-report"),
    path("dashboard/report/monthly/", views.report_wishes, name="report-wishes"),
    path("ranking/", views.RankingList.as_view(), name="ranking"),
    path("ranking/groups/", views.ranking_groups, name="ranking-groups"),
    path("ranking/sizes/", views.ranking_sizes, name="ranking-sizes"),
    path("matrix/", views.matrix_page, name="matrix"),
    path("matrix/cell/", views.matrix_cell, name="matrix-cell"),
    path("rfm/", views.rfm_page, name="rfm"),
    path("cohorts/", views.cohorts_page, name="cohorts"),
    path("portfolio/", views.portfolio_page, name="portfolio"),
    path("portfolio/customers/", views.portfolio_customers, name="portfolio-customers"),
    path("portfolio/concentration/", views.portfolio_concentration, name="portfolio-concentration"),
    path("portfolio/let-go/", views.portfolio_let_go, name="portfolio-let-go"),
    path("value-policy/", views.value_policy, name="value-policy"),
    path("value-models/", views.value_models, name="value-models"),
    path("value-models/compare/", views.value_models_compare, name="value-models-compare"),
    path("ranking/moves/", views.ranking_moves, name="ranking-moves"),
    path("ranking/changes/", views.ranking_changes, name="ranking-changes"),
    path("ranking/moves/customers/", views.MovedList.as_view(), name="ranking-moved"),
    path("customers/<int:pk>/profit-and-loss/", views.customer_profit_and_loss, name="customer-profit-and-loss"),
    path("customers/<int:pk>/value-history/", views.customer_value_history, name="customer-value-history"),
    path("equity/", views.customer_equity, name="equity"),
    path("equity/customers/", views.equity_customers, name="equity-customers"),
    path("what-if/", views.scenario_list, name="scenarios"),
    path("what-if/new/", views.scenario_new, name="scenario-new"),
    path("what-if/compare/", views.scenario_compare, name="scenario-compare"),
    path("what-if/<int:pk>/", views.scenario_page, name="scenario"),
    path("what-if/<int:pk>/lever/", views.scenario_lever_add, name="scenario-lever-add"),
    path("what-if/<int:pk>/lever/<int:at>/", views.scenario_lever, name="scenario-lever"),
    path("what-if/<int:pk>/lever/<int:at>/remove/", views.scenario_lever_remove, name="scenario-lever-remove"),
    path("what-if/<int:pk>/save/", views.scenario_save, name="scenario-save"),
    path("what-if/<int:pk>/compute/", views.scenario_compute, name="scenario-compute"),
    path("what-if/<int:pk>/copy/", views.scenario_copy, name="scenario-copy"),
    path("what-if/<int:pk>/delete/", views.scenario_delete, name="scenario-delete"),
    path("costing/", views.costing_page, name="costing"),
    path("costing/<month:month>/", views.costing_month, name="costing-month"),
    path("costing/", include("profitability.costing_urls")),
    path("runs/", views.RunList.as_view(), name="runs"),
    path("runs/start/", views.run_start, name="run-start"),
    path("runs/another-day/", views.run_as_of, name="run-as-of"),
    path("runs/<int:pk>/", views.run_page, name="run"),
]
