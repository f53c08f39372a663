"""What the commands that import a file have in common: progress, report and refusal."""

import json
import sys
from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TextIO

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm_site.lib.formatting import number
from crm_site.lib.jobs.registry import JobKind
from crm_site.management.data_command import DataCommand
from customers.importing.problems import ImportProblem
from customers.importing.report import Fault, ImportReport
from customers.importing.staging import Unwatched

SHOWN = 20


class Progress(Unwatched):
    """The progress of an import on a terminal, each percent on the same line."""

    def __init__(self, out: TextIO, job: JobKind) -> None:
        self._out = out
        self._job = job
        self._last = ""

    def progress(self, done: int, total: int, stage: str = "") -> None:
        percent = f" {100 * done // total} %" if total else " …"
        text = f"{self._job.stages[stage]}{percent}"
        if text != self._last:
            self._out.write(f"\r{text:<40}")
            self._out.flush()
            self._last = text

    def end(self) -> None:
        """Clear the line."""
        if self._last:
            self._out.write(f"\r{'':<40}\r")


class ImportCommand(DataCommand):
    """What the commands that import a file have in common."""

    job: JobKind

    def run_import(self, options: dict[str, Any], watch: Unwatched, rejections: TextIO | None) -> ImportReport:
        """Import the file."""
        raise NotImplementedError

    def figures(self, report: ImportReport) -> list[tuple[str, int]]:
        """What is told of it."""
        raise NotImplementedError

    def add_shared_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="do everything, report it, and keep nothing")
        parser.add_argument("--json", action="store_true", help="report for programs")
        parser.add_argument("--rejections", type=Path, metavar="FILE", help="write all rejected rows to this CSV file")

    def handle(self, *args: Any, **options: Any) -> None:
        quiet = options["json"] or not sys.stderr.isatty()
        watch = Unwatched() if quiet else Progress(sys.stderr, self.job)
        try:
            report = self._import(watch, options)
        except ImportProblem as problem:
            self._refuse(problem, as_json=options["json"])
        finally:
            if isinstance(watch, Progress):
                watch.end()
        if options["json"]:
            self.stdout.write(json.dumps(report.as_json(), indent=2, ensure_ascii=False))
        else:
            self._tell(report)

    def _import(self, watch: Unwatched, options: dict[str, Any]) -> ImportReport:
        with ExitStack() as stack:
            rejections = None
            if options["rejections"]:
                file = open(options["rejections"], "w", encoding="utf-8-sig", newline="")  # noqa: SIM115
                rejections = stack.enter_context(file)
            return self.run_import(options, watch, rejections)

    def _refuse(self, problem: ImportProblem, *, as_json: bool) -> None:
        if as_json:
            error = {"code": problem.code, "sentence": problem.sentence, "values": problem.values}
            self.stdout.write(json.dumps({"error": error}, indent=2, ensure_ascii=False))
        else:
            self.stderr.write(problem.sentence + " " + _("Nothing was imported."))
        sys.exit(1)

    def _tell(self, report: ImportReport) -> None:
        rows = ngettext("%(rows)s row in %(file)s", "%(rows)s rows in %(file)s", report.rows)
        figures = {"rows": number(report.rows), "file": report.file_name}
        self.stdout.write(rows % figures + (" · " + _("dry run, nothing was kept") if report.dry_run else ""))
        for label, value in self.figures(report):
            self.stdout.write(f"{number(value):>12}  {label}")
        for rejection in report.rejections[:SHOWN]:
            for fault in rejection.faults:
                self._tell_fault(fault)
        if report.rejected > SHOWN:
            self.stdout.write(_("… and %(more)s more rejected rows.") % {"more": number(report.rejected - SHOWN)})

    def _tell_fault(self, fault: Fault) -> None:
        place = _("Line %(line)s") % {"line": fault.line} + (f", {fault.column}" if fault.column else "")
        value = f" «{fault.value}»" if fault.value else ""
        self.stdout.write(f"{place}{value}: {fault.sentence} {fault.remedy}")
