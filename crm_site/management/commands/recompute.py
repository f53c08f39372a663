import json
from argparse import ArgumentParser
from datetime import date
from typing import Any

from django.core.management.base import CommandError

from crm_site.lib.jobs.actions import wait_for
from crm_site.lib.jobs.models import Job
from crm_site.management.data_command import DataCommand
from customers.models import Run
from profitability.actions import request_recompute


class Command(DataCommand):
    """Ask for a recompute of profit, ranking and lifetime values; with --wait until it is published."""

    help = "Recomputes profit, ranking and lifetime values of all customers in the background."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--wait", action="store_true", help="wait for it, doing the work here if no worker answers")
        parser.add_argument("--full", action="store_true", help="read everybody's records, not only what changed")
        parser.add_argument("--json", action="store_true", help="report for machines")
        parser.add_argument("--as-of", type=date.fromisoformat, help="day of the figures, as 2026-06-30; today without")

    def handle(self, *args: Any, **options: Any) -> None:
        job = request_recompute(reason=Run.Reason.ASKED, as_of=options["as_of"], full=options["full"])
        self.told = ""
        if options["wait"]:
            job = wait_for(job, on_progress=None if options["json"] else self._tell)
        report = {"job": job.pk, "state": job.state, **job.result}
        if options["json"]:
            self.stdout.write(json.dumps(report))
        elif job.state == Job.State.DONE:
            self.stdout.write(f"Run {job.result['run']} is published.")
        elif job.is_active:
            self.stdout.write(f"Recompute requested as job {job.pk}.")
        if job.state in (Job.State.FAILED, Job.State.CANCELLED):
            raise CommandError(job.problem or "The recompute was stopped.")

    def _tell(self, job: Job) -> None:
        if job.stage and job.stage != self.told:
            self.told = job.stage
            self.stdout.write(f"  {job.stage_label} …")
