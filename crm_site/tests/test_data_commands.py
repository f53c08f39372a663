"""Commands that work on the company's data find their tables there, or say what to do."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db.migrations.recorder import MigrationRecorder

from crm_site import embedded


def test_the_first_command_in_a_fresh_clone_makes_the_tables(tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("crm")
    kept = {name: value for name, value in os.environ.items() if name not in ("DATABASE_URL", "REDIS_URL")}
    done = subprocess.run(
        [sys.executable, "manage.py", "export", "ranking"],
        cwd=embedded.BASE_DIR,
        env={**kept, "CRM_DATA_DIR": str(folder), "CRM_EMBEDDED_FSYNC": "off"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert "Bringing the database up to date" in done.stderr
    assert "Traceback" not in done.stderr
    assert "recompute" in done.stderr, done.stderr  # what to do before there is anything to export


@pytest.mark.django_db
def test_a_database_of_the_companys_own_is_never_changed_unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://somebody@example.com/crm")
    MigrationRecorder.Migration.objects.filter(app="customers").latest("id").delete()
    with pytest.raises(CommandError, match="migrate"):
        call_command("export", "ranking", output=Path("never-written.csv"))
