from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class ProfitabilityConfig(AppConfig):
    name = "profitability"
    verbose_name = _("Profitability")

    def ready(self) -> None:
        import_module("profitability.sources").register_sources()
        import_module("profitability.receivers")
