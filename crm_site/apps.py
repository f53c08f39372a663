from typing import Any

from django.apps import AppConfig, apps
from django.core.checks import register
from django.db.models.signals import post_migrate

from crm_site import checks, roles


def _set_up_roles(**kwargs: Any) -> None:
    roles.set_up_roles()


class CrmSiteConfig(AppConfig):
    name = "crm_site"

    def ready(self) -> None:
        # Django announces the end of migrations once for each app with models; after the last, all permissions exist.
        last = [config for config in apps.get_app_configs() if config.models_module][-1]
        post_migrate.connect(_set_up_roles, sender=last)
        register(checks.check_servers)
        register(checks.check_addresses)
        register(checks.check_public_url)
        register(checks.check_production, deploy=True)
