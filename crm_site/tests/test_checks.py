import pytest
from pytest_django import Settings

from crm_site import checks, embedded


def ids(messages: list[checks.CheckMessage]) -> list[str | None]:
    return [message.id for message in messages]


def test_a_fresh_clone_has_nothing_to_complain_of() -> None:
    assert checks.check_servers(None) == checks.check_addresses(None) == []


def test_deploying_without_production_is_said() -> None:
    assert ids(checks.check_production(None)) == ["compagnon.W001"]


def test_production_on_embedded_servers_is_said(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.PRODUCTION = True
    settings.CELERY_BROKER_URL = embedded.broker_url(settings.DATA_DIR)
    monkeypatch.setitem(settings.DATABASES["default"], "HOST", str(embedded.socket_folder(settings.DATA_DIR)))
    assert ids(checks.check_servers(None)) == ["compagnon.W002", "compagnon.W003"]


def test_production_on_servers_of_its_own_is_well(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    settings.PRODUCTION = True
    settings.CELERY_BROKER_URL = "redis://queue.example.org"
    monkeypatch.setitem(settings.DATABASES["default"], "HOST", "db.example.org")
    assert checks.check_servers(None) == []


def test_careless_addresses_in_production_are_said(settings: Settings) -> None:
    settings.PRODUCTION = True
    settings.ALLOWED_HOSTS = ["*"]
    settings.CSRF_TRUSTED_ORIGINS = ["http://crm.example.org"]
    settings.SECURE_SSL_REDIRECT = False
    assert ids(checks.check_addresses(None)) == ["compagnon.W004", "compagnon.W005", "compagnon.W006"]


@pytest.mark.parametrize(
    ("address", "said"),
    [("", ["compagnon.W007"]), ("http://crm.example.org", ["compagnon.W007"]), ("https://crm.example.org", [])],
)
def test_production_that_nobody_can_be_led_to_is_said(settings: Settings, address: str, said: list[str]) -> None:
    settings.PUBLIC_URL = address
    assert checks.check_public_url(None) == []
    settings.PRODUCTION = True
    assert ids(checks.check_public_url(None)) == said
