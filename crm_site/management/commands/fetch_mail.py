"""Take in e-mail from customers: `manage.py fetch_mail`, or from a folder: `manage.py fetch_mail --maildir PATH`."""

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import CommandError
from django.utils import timezone

from crm_site.management.data_command import DataCommand
from customers.contacting.mail_in import MailReport, Outcome, fetch_mail
from customers.contacting.mailboxes import MailboxProblem, Maildir, imap_box

REASONS = {
    Outcome.NO_SENDER: "no address of a sender",
    Outcome.UNKNOWN_SENDER: "no customer has the sender's address",
    Outcome.SEVERAL_CUSTOMERS: "several customers have the sender's address",
    Outcome.TOO_LARGE: "larger than 25 MB",
    Outcome.UNREADABLE: "cannot be read as an e-mail",
}


class Command(DataCommand):
    help = "Takes in new e-mail from customers. What has no certain customer stays in the box, flagged."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--maildir", type=Path, help="a folder in the Maildir form instead of the IMAP server")
        parser.add_argument("--again", action="store_true", help="look again at messages that were set aside")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            report = self.fetch(options["maildir"], again=options["again"])
        except MailboxProblem as problem:
            raise CommandError(str(problem)) from problem
        taken, known = report.outcomes[Outcome.TAKEN], report.outcomes[Outcome.KNOWN]
        self.stdout.write(f"{taken} taken in, {known} known already, {len(report.left)} left in the box.")
        for name, outcome in report.left:
            self.stdout.write(f"  {name}: {REASONS[outcome]}")

    def fetch(self, maildir: Path | None, *, again: bool) -> MailReport:
        if maildir:
            return fetch_mail(box=Maildir(maildir), at=timezone.now(), again=again)
        if not settings.MAIL_IN_HOST:
            raise CommandError("Set MAIL_IN_HOST, MAIL_IN_USER and MAIL_IN_PASSWORD, or give --maildir.")
        with imap_box() as box:
            return fetch_mail(box=box, at=timezone.now(), again=again)
