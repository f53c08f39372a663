"""Erase what the trail says of customers who asked to be forgotten, also of those who are not here any more."""

from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand

from crm_site.lib.trail.actions import erase_changes


class Command(BaseCommand):
    help = "Erases the changes recorded on the files of customers, by their numbers: they cannot be brought back."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("customers", nargs="+", type=int, help="the number in the address of each customer's file")

    def handle(self, *args: Any, **options: Any) -> None:
        erased = erase_changes(customer_ids=options["customers"])
        self.stdout.write(f"{erased:,} changes were erased.")
