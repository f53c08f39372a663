from typing import Any

from django.apps import AppConfig
from django.db.backends.signals import connection_created
from django.db.models.signals import post_migrate
from django.utils.module_loading import autodiscover_modules
from django.utils.translation import gettext_lazy as _

from crm_site.lib.trail.actor import announce
from crm_site.lib.trail.triggers import install


def _install(**_kwargs: Any) -> None:
    install()


class TrailConfig(AppConfig):
    name = "crm_site.lib.trail"
    label = "trail"
    verbose_name = _("Trail of changes")

    def ready(self) -> None:
        autodiscover_modules("trail")
        connection_created.connect(announce)
        post_migrate.connect(_install, sender=self)
