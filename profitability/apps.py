from importlib import import_module
from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


def _watch(**_kwargs: Any) -> None:
    """Every app has registered its sources by now."""
    import_module("profitability.changes").install(import_module("profitability.drivers").watches())


class ProfitabilityConfig(AppConfig):
    name = "profitability"
    verbose_name = _("Profitability")

    def ready(self) -> None:
        import_module("profitability.sources").register_sources()
        import_module("profitability.receivers")
        import_module("customers.freshness").tell_by(import_module("profitability.changes").outdated_customers)
        post_migrate.connect(_watch, sender=self)
