"""System checks: what an administrator should know before visitors find out."""

from collections.abc import Sequence
from typing import Any

from django.apps import AppConfig
from django.conf import settings
from django.core import checks
from django.core.checks import CheckMessage

from crm_site import embedded


def check_production(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """`check --deploy`: the installation says that it is one."""
    if settings.PRODUCTION:
        return []
    return [
        checks.Warning(
            "Compagnon is not running as a production installation.",
            hint="Set CRM_PRODUCTION=1: it turns on https, secure cookies and hashed static files.",
            id="compagnon.W001",
        )
    ]


def check_servers(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Embedded servers are for trying out: they know neither backups nor a second machine."""
    used = {
        "DATABASE_URL": settings.DATABASES["default"]["HOST"] == str(embedded.socket_folder(settings.DATA_DIR)),
        "REDIS_URL": embedded.broker_url(settings.DATA_DIR) == settings.CELERY_BROKER_URL,
    }
    return [
        checks.Warning(
            f"A production installation uses the embedded server instead of {variable}.",
            hint=f"Set {variable} to a server that is backed up and watched.",
            id=f"compagnon.W{number:03}",
        )
        for number, variable in enumerate(used, start=2)
        if settings.PRODUCTION and used[variable]
    ]


def check_addresses(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Production serves named hosts only, over https."""
    problems: list[CheckMessage] = []
    if settings.PRODUCTION and "*" in settings.ALLOWED_HOSTS:
        problems.append(
            checks.Warning(
                "Every host name is served, which lets others forge links in this installation's name.",
                hint="Name the hosts in ALLOWED_HOSTS, separated by commas.",
                id="compagnon.W004",
            )
        )
    plain = [origin for origin in settings.CSRF_TRUSTED_ORIGINS if not origin.startswith("https://")]
    if settings.PRODUCTION and plain:
        problems.append(
            checks.Warning(
                f"Forms are accepted from addresses without https: {', '.join(plain)}.",
                hint="Write https:// addresses in CSRF_TRUSTED_ORIGINS.",
                id="compagnon.W005",
            )
        )
    behind_proxy = getattr(settings, "SECURE_PROXY_SSL_HEADER", None) is not None
    if settings.PRODUCTION and not settings.SECURE_SSL_REDIRECT and not behind_proxy:
        problems.append(
            checks.Warning(
                "Visitors who come without https stay without it.",
                hint="Leave SECURE_SSL_REDIRECT on, or set TRUST_PROXY_HEADERS=1 behind a proxy that redirects.",
                id="compagnon.W006",
            )
        )
    return problems


def check_public_url(app_configs: Sequence[AppConfig] | None, **kwargs: Any) -> list[CheckMessage]:
    """Reminders lead to the file that they speak of, over https."""
    if not settings.PRODUCTION or settings.PUBLIC_URL.startswith("https://"):
        return []
    return [
        checks.Warning(
            f"The address in e-mails is not one of https: {settings.PUBLIC_URL}."
            if settings.PUBLIC_URL
            else "Reminders by e-mail carry no link: nobody said under which address this installation is reached.",
            hint="Set PUBLIC_URL to the address that people type, such as https://crm.example.com.",
            id="compagnon.W007",
        )
    ]
