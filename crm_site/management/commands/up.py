import os
import signal
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from http.client import HTTPConnection, HTTPException
from io import StringIO
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from crm_site import embedded, roles
from crm_site.health import CHECKS
from crm_site.lib.accounts.models import User
from crm_site.lib.jobs.models import Job
from crm_site.supervisor import Program, ProgramGaveUpError, Supervisor
from customers.duplicates.actions import request_finding
from customers.models import Customer, Run
from profitability.actions import RECOMPUTE, request_recompute

READY_SECONDS = 120
LOOPBACK = {"127.0.0.1", "::1", "localhost"}
# A worker in the middle of a job gets a moment to end it; otherwise the job goes on at the next start.
WORKER_FAREWELLS = ((signal.SIGTERM, 5.0), (signal.SIGQUIT, 8.0))


class Command(BaseCommand):
    """Everything at once: servers, database, demonstration, web, worker and beat, until Ctrl-C."""

    help = "Runs the whole of Compagnon; PORT, HOST, CRM_DATA_DIR and CRM_NO_DEMO=1 change how."

    def handle(self, *args: Any, **options: Any) -> None:
        self.host, self.port = os.environ.get("HOST") or "127.0.0.1", port_asked_for()
        refuse_taken_port(self.host, self.port)
        embedded.leave_in_order_on_signals()
        # A shell that starts it in the background has it ignore interrupts; whoever sends one means it all the same.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        stack = ExitStack()
        try:
            self.run_until_told(stack)
        except KeyboardInterrupt:
            self.say("")
        except (ProgramGaveUpError, embedded.EmbeddedServerError) as error:
            raise CommandError(str(error)) from error
        finally:
            with embedded.undisturbed(), self.step("Stopping"):
                stack.close()

    def run_until_told(self, stack: ExitStack) -> None:
        with self.step("Starting the database and the queue"):
            stack.enter_context(embedded.missing_servers())
        self.prepare()
        supervisor = stack.enter_context(Supervisor(settings.BASE_DIR, self.say))
        with self.step("Starting web, worker and beat"):
            for program in programs(self.host, self.port):
                supervisor.start(program)
            self.wait_until_ready(supervisor)
        if Customer.objects.exists() and Run.objects.current() is None:
            with self.step("Computing profits, ranking and lifetime values"):
                self.wait_for_first_figures(supervisor)
            # Done by the worker while somebody signs in; from then on the clock asks for it each week.
            request_finding()
        self.greet()
        while True:
            for name in embedded.start_what_died():
                self.say(f"{name} had ended; it runs again.")
            supervisor.tend()
            time.sleep(0.5)

    def prepare(self) -> None:
        """Bring database, languages and demonstration up to date; quick when there is nothing to do."""
        with self.step("Bringing the database up to date"):
            call_command("migrate", interactive=False, verbosity=0)
            call_command("createcachetable", verbosity=0)
            call_command("messages", "--compile", stdout=StringIO())
        if settings.LOAD_DEMO and not Customer.objects.exists():
            with self.step("Loading the demonstration: real purchases of 23,570 customers"):
                call_command("load_demo", stdout=self.stdout)

    def wait_until_ready(self, supervisor: Supervisor) -> None:
        """Until every part answers; what is missing is said now and then, and does not keep the rest from running."""
        since = said = time.monotonic()
        while missing := parts_missing(self.host, self.port):
            supervisor.tend()
            time.sleep(0.25)
            if time.monotonic() - since > READY_SECONDS:
                self.say(f"Still missing after {READY_SECONDS} s: {', '.join(missing)}. Going on without.")
                return
            if time.monotonic() - said > 10:
                said = time.monotonic()
                self.say(f"  waiting for: {', '.join(missing)}")

    def wait_for_first_figures(self, supervisor: Supervisor) -> None:
        """Until the first recompute is published, telling how far it is; one that failed keeps nothing from running."""
        job = Job.objects.active().filter(kind=RECOMPUTE.name).first() or request_recompute(reason=Run.Reason.ASKED)
        told = ""
        while job.is_active:
            supervisor.tend()
            time.sleep(0.5)
            job.refresh_from_db()
            if (stage := job.stage_label) and stage != told:
                told = stage
                self.say(f"  {stage}")
        if job.problem:
            self.say(f"  {job.problem}")

    def greet(self) -> None:
        """Where it is, and who may sign in."""
        self.say(f"\n{self.style.SUCCESS('Compagnon is running:')} http://{shown_host(self.host)}:{self.port}/\n")
        logins = [role for role in roles.ROLES if User.objects.filter(username=role.demo_login).exists()]
        for role in logins:
            self.say(f"  {role.name:<14} {role.demo_login:<8} password {roles.DEMO_PASSWORD}")
        if not User.objects.exists():
            self.say("  Nobody can sign in yet: run `manage.py createsuperuser` in another terminal.")
        if self.host not in LOOPBACK and not os.environ.get("ALLOWED_HOSTS"):
            self.say("  Only this machine is answered: name the hosts that others use in ALLOWED_HOSTS.")
        self.say("\nCtrl-C stops it.")

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Say what begins, and how long it took."""
        self.say(f"{title} …")
        since = time.monotonic()
        yield
        self.say(f"  done in {time.monotonic() - since:.1f} s")

    def say(self, line: str) -> None:
        self.stdout.write(line)
        self.stdout.flush()


def port_asked_for() -> int:
    """PORT of the environment, 8000 when it is not set."""
    text = os.environ.get("PORT") or "8000"
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise CommandError(f"PORT must be a number between 1 and 65535, not {text!r}.")
    return int(text)


def refuse_taken_port(host: str, port: int) -> None:
    """Say it before anything is started, rather than let the web server fail last."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            raise CommandError(
                f"Port {port} of {host} cannot be used ({error.strerror}). "
                f"Stop the program that has it, or choose another port: PORT={port + 1} make run."
            ) from error


def shown_host(host: str) -> str:
    """A host that a browser on this machine can be pointed at."""
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)


def parts_missing(host: str, port: int) -> list[str]:
    """The parts that are not there yet; the web server is asked last, when it can say that all is well."""
    return [name for name, is_there in CHECKS.items() if not is_there()] or web_missing(host, port)


def web_missing(host: str, port: int) -> list[str]:
    line = HTTPConnection(shown_host(host), port, timeout=5)
    allowed = next((name for name in settings.ALLOWED_HOSTS if not name.startswith(("*", "."))), "localhost")
    try:
        line.request("GET", "/health/ready", headers={"Host": allowed})
        return [] if line.getresponse().status == 200 else ["web"]
    except (OSError, HTTPException):
        return ["web"]
    finally:
        line.close()


def programs(host: str, port: int) -> list[Program]:
    """What runs side by side, in the order of starting."""
    common = {"DJANGO_SETTINGS_MODULE": "crm_site.settings", "CRM_DATA_DIR": str(settings.DATA_DIR)}
    # Not worth a warning at each start: that root runs it, and that static files are served from where they lie.
    python = [sys.executable, "-W", "ignore:You're running", "-W", "ignore:No directory at", "-m"]
    celery = [*python, "celery", "--quiet", "-A", "crm_site"]
    web = [*python, "gunicorn", "crm_site.wsgi", "--bind", f"{host}:{port}", "--no-control-socket"]
    web += ["--worker-class", "gthread", "--workers", "2", "--threads", "4", "--preload", "--log-level", "warning"]
    web += ["--timeout", "30", "--graceful-timeout", "8", "--max-requests", "2000", "--max-requests-jitter", "200"]
    worker = [*celery, "worker", "--concurrency", "2", "--without-mingle", "--without-gossip", "-l", "WARNING"]
    beat = [*celery, "beat", "--schedule", str(settings.DATA_DIR / "beat-schedule"), "--pidfile=", "-l", "WARNING"]
    return [
        Program("web", web, common),
        Program("worker", worker, common | {"CRM_PROCESS": "compagnon-worker"}, WORKER_FAREWELLS),
        Program("beat", beat, common | {"CRM_PROCESS": "compagnon-beat"}),
    ]
