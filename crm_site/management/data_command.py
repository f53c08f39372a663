"""What the commands that work on the company's data have in common: a database that is up to date."""

import os
from typing import Any

from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError

from crm_site.health import migrations_applied


class DataCommand(BaseCommand):
    """A command that finds its tables there, also when it is the first thing ever done in a fresh clone."""

    def execute(self, *args: Any, **options: Any) -> str | None:
        """Bring the embedded database up to date first; refuse with what to do where it is somebody's own."""
        if not migrations_applied():
            if os.environ.get("DATABASE_URL"):
                raise CommandError("The database is not up to date. Run “manage.py migrate” first.")
            self.stderr.write("Bringing the database up to date …")
            call_command("migrate", interactive=False, verbosity=0)
        return super().execute(*args, **options)
