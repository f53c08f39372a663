from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from crm_site.lib import messages


class Command(BaseCommand):
    """`messages --update` after changing strings, `--check` before committing, `--compile` before serving."""

    help = "Keeps the French catalogue in step with the sources, without gettext's tools."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        wanted = parser.add_mutually_exclusive_group(required=True)
        wanted.add_argument("--update", action="store_true", help="take new strings in and drop unused ones")
        wanted.add_argument("--compile", action="store_true", help="write the .mo that the pages read")
        wanted.add_argument("--check", action="store_true", help="fail on missing, stale or doubtful strings")

    def handle(self, *args: Any, **options: Any) -> None:
        base = settings.BASE_DIR
        if options["update"]:
            messages.update_catalogue(base)
        elif options["compile"]:
            written = messages.compile_catalogues(base)
            self.stdout.write("Compiled." if written else "Up to date.")
        elif faults := messages.faults(base):
            lines = [f"{fault.fault}: {fault.message}" for fault in faults]
            raise CommandError("\n".join(lines))
