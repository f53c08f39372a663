"""Addresses of the costing workshop, below /costing/."""

from django.urls import path

from profitability.views import amounts, balance, workshop

urlpatterns = [
    path("reconciliation/", balance.costing_reconciliation, name="costing-reconciliation"),
    path("rates/", balance.costing_rates, name="costing-rates"),
    path("equation/", balance.costing_equation, name="costing-equation"),
    path("versions/", workshop.costing_versions, name="costing-versions"),
    path("versions/new/", workshop.costing_new, name="costing-new"),
    path("versions/compare/", workshop.costing_compare, name="costing-compare"),
    path("versions/<int:pk>/", workshop.costing_version, name="costing-version"),
    path("versions/<int:pk>/edit/", workshop.costing_edit, name="costing-edit"),
    path("versions/<int:pk>/publish/", workshop.costing_publish, name="costing-publish"),
    path("versions/<int:pk>/delete/", workshop.costing_delete, name="costing-delete"),
    path("versions/<int:pk>/amounts/", amounts.costing_amounts, name="costing-amounts"),
    path("versions/<int:pk>/amounts/import/", amounts.costing_amounts_import, name="costing-amounts-import"),
    path("versions/<int:pk>/amounts/rejected/", amounts.costing_amounts_rejected, name="costing-amounts-rejected"),
    path("versions/<int:pk>/pools/new/", workshop.costing_pool_new, name="costing-pool-new"),
    path("versions/<int:pk>/activities/new/", workshop.costing_activity_new, name="costing-activity-new"),
    path("pools/<int:pk>/", workshop.costing_pool, name="costing-pool"),
    path("pools/<int:pk>/delete/", workshop.costing_pool_delete, name="costing-pool-delete"),
    path("activities/<int:pk>/", workshop.costing_activity, name="costing-activity"),
    path("activities/<int:pk>/delete/", workshop.costing_activity_delete, name="costing-activity-delete"),
]
