"""Whether this process lives, and whether the installation can serve: for supervisors and load balancers."""

from collections.abc import Callable

from django.contrib.auth.decorators import login_not_required
from django.db import Error as DatabaseError
from django.db import connection
from django.db.migrations.executor import MigrationExecutor
from django.http import HttpRequest, JsonResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from crm_site.lib.broker import broker_answers
from crm_site.lib.jobs.models import WorkerHeartbeat

BROKER_SECONDS = 0.5


@login_not_required
@never_cache
@require_safe
def live(request: HttpRequest) -> JsonResponse:
    """This process answers; nothing else is asked."""
    return JsonResponse({"live": True})


@login_not_required
@never_cache
@require_safe
def ready(request: HttpRequest) -> JsonResponse:
    """Each part that serving needs, true or false; 503 unless all are true."""
    parts = {name: check() for name, check in CHECKS.items()}
    well = all(parts.values())
    return JsonResponse({"ready": well, **parts}, status=200 if well else 503)


def _from_database(question: Callable[[], bool]) -> Callable[[], bool]:
    """The answer, or false when the database cannot give it."""

    def answer() -> bool:
        try:
            return question()
        except DatabaseError:
            return False

    return answer


def database_answers() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1")
    return True


def migrations_applied() -> bool:
    executor = MigrationExecutor(connection)
    return not executor.migration_plan(executor.loader.graph.leaf_nodes())


def worker_alive() -> bool:
    return WorkerHeartbeat.objects.alive(timezone.now()).exists()


CHECKS: dict[str, Callable[[], bool]] = {
    "database": _from_database(database_answers),
    "migrations": _from_database(migrations_applied),
    "broker": lambda: broker_answers(timeout=BROKER_SECONDS),
    "worker": _from_database(worker_alive),
}
