from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JobsConfig(AppConfig):
    name = "crm_site.lib.jobs"
    label = "jobs"
    verbose_name = _("Background jobs")

    def ready(self) -> None:
        import_module("crm_site.lib.jobs.receivers")
