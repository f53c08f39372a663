from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class JobsConfig(AppConfig):
    name = "crm_site.lib.jobs"
    label = "jobs"
    verbose_name = _("Background jobs")
