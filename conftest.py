"""What every test stands on: real servers, a queue of its own, and a plain word when something could not be tested."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from importlib import import_module
from typing import Any

import pytest
from django.apps import AppConfig, apps
from django.conf import settings
from django.db import connection
from django.db.models.signals import post_migrate
from django.utils import translation
from hypothesis import settings as hypothesis_settings
from pytest_django.plugin import DjangoDbBlocker

from crm_site import embedded
from crm_site.lib import messages
from crm_site.lib.broker import broker_client
from crm_site.lib.jobs import doorbell
from crm_site.lib.remembered import Remembered
from crm_site.tests.processes import Worker, forget_sessions

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
QUEUE_PREFIX = f"test-{os.getpid()}:"
EMPTYING = "compagnon.emptying = 'on'"


# Rows that migrations fill: tests with real transactions end by emptying every table, these too.
FILLED = (
    ("profitability", "CategoryPolicy", "profitability.migrations.0003_policies", "fill"),
    ("customers", "OpportunityStage", "customers.migrations.0008_default_opportunity_stages", "add_stages"),
)


def fill_again(sender: AppConfig, **_kwargs: Any) -> None:
    """Put back what migrations fill; Django says so after it emptied the tables."""
    for app, model, migration, function in FILLED:
        if sender.label == app and not apps.get_model(app, model).objects.exists():
            getattr(import_module(migration), function)(apps, None)


@pytest.hookimpl(tryfirst=True)
def pytest_configure(config: pytest.Config) -> None:
    """Settings that differ in tests: nothing reaches the queue or the files of a running installation."""
    settings.CELERY_BROKER_TRANSPORT_OPTIONS["global_keyprefix"] = QUEUE_PREFIX
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    # Playwright keeps an event loop in the test's thread, beside which Django would refuse its own database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    # How long an example takes says more of the machine than of the code; benchmarks measure the code.
    hypothesis_settings.register_profile("any machine", deadline=None)
    hypothesis_settings.load_profile("any machine")
    if not hasattr(config, "workerinput"):  # once, not again in each of xdist's processes
        messages.compile_catalogues(settings.BASE_DIR)
    post_migrate.connect(fill_again, dispatch_uid="fill again")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Every test that asks for Playwright's page is a browser test."""
    for item in items:
        if "browser" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)
            if CHROMIUM is None:
                item.add_marker(pytest.mark.skip(reason="no Chromium on this machine"))


def pytest_terminal_summary(terminalreporter: Any) -> None:
    if CHROMIUM is None:
        terminalreporter.section("Browser tests")
        terminalreporter.line("The browser tests were skipped: there is no Chromium on this machine.")


@pytest.fixture(scope="session")
def running_servers() -> Iterator[None]:
    """The embedded servers, unless the environment names others; started by the first test that needs them."""
    named = {name: bool(os.environ.get(name)) for name in ("DATABASE_URL", "REDIS_URL")}
    own = embedded.servers(embedded.data_dir(), database=not named["DATABASE_URL"], broker=not named["REDIS_URL"])
    with nullcontext() if all(named.values()) else own:
        yield
        forget_queue()


def forget_queue() -> None:
    """Take away what this run left on the broker."""
    with broker_client(timeout=5) as broker:
        for key in broker.scan_iter(match=f"{QUEUE_PREFIX}*"):
            broker.delete(key)


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings_parallel_suffix: None, running_servers: None) -> None:
    """Have a server before the test database is made on it."""


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup: None, django_db_blocker: DjangoDbBlocker) -> None:
    """Tests with real transactions end by emptying every table, those of published costings too."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(f"ALTER DATABASE {connection.ops.quote_name(connection.settings_dict['NAME'])} SET {EMPTYING}")
        cursor.execute(f"SET {EMPTYING}")


@pytest.fixture(scope="session", autouse=True)
def own_media(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Uploads of tests go to a folder of this run."""
    settings.DATA_DIR = tmp_path_factory.mktemp("data")
    settings.MEDIA_ROOT = settings.DATA_DIR / "media"


@pytest.fixture
def start_worker(transactional_db: None) -> Iterator[Callable[..., Worker]]:
    """Starts real Celery workers on the test's database and queue; none is left when the test ends."""
    workers: list[Worker] = []

    def start(**environment: str) -> Worker:
        workers.append(Worker(environment))
        return workers[-1]

    yield start
    for worker in workers:
        worker.kill()
    forget_sessions()


@pytest.fixture
def worker(start_worker: Callable[..., Worker]) -> Worker:
    """A real worker, ready to take jobs, with its beat."""
    started = start_worker()
    started.wait_until_ready()
    return started


@pytest.fixture(autouse=True)
def patient_doorbell(monkeypatch: pytest.MonkeyPatch) -> None:
    """A broker that failed in one test is asked again in the next."""
    monkeypatch.setattr(doorbell, "_silent_until", 0.0)


@pytest.fixture(autouse=True)
def language() -> Iterator[None]:
    """Tests begin in English, whatever language a page of the test before was asked for in."""
    with translation.override(settings.LANGUAGE_CODE):
        yield


@pytest.fixture(autouse=True)
def nothing_remembered() -> None:
    """No test sees what a page kept in mind during another."""
    Remembered.forget_everything()


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """The machine's own Chromium; as root it has no sandbox to offer."""
    switches = ["--disable-gpu", "--disable-background-networking"] + (["--no-sandbox"] if os.geteuid() == 0 else [])
    return browser_type_launch_args | {"executable_path": CHROMIUM, "args": switches}
