import time
from argparse import ArgumentParser
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import Group
from django.core.management.base import CommandError
from django.db import transaction
from django.utils import timezone

from crm_site.lib.accounts.models import Team, User
from crm_site.lib.trail.actions import unrecorded
from crm_site.management.data_command import DataCommand
from crm_site.roles import ADMIN, DEMO_PASSWORD, MANAGER, ROLES, SALES, SERVICE_AGENT, Role
from customers.demo import loading
from customers.demo.changes import invent_changes
from customers.demo.moments import Staff
from customers.models import Customer
from profitability import demo as profitability_demo

SEED = 1997
SALES_TEAM = "Sales"


@dataclass(frozen=True)
class Person:
    """A member of the invented staff; without `signs_in` there is a name on files and no way in."""

    username: str
    first_name: str
    last_name: str
    role: Role
    signs_in: bool = False


STAFF = (
    Person(SALES.demo_login, "Sam", "Sales", SALES, signs_in=True),
    Person(MANAGER.demo_login, "Mona", "Manager", MANAGER, signs_in=True),
    Person(SERVICE_AGENT.demo_login, "Ada", "Agent", SERVICE_AGENT, signs_in=True),
    Person(ADMIN.demo_login, "Alex", "Admin", ADMIN, signs_in=True),
    Person("petra", "Petra", "Portfolio", SALES),
    Person("victor", "Victor", "Visits", SALES),
    Person("odile", "Odile", "Offres", SALES),
    Person("lucas", "Lucas", "Liaison", SALES),
    Person("ines", "Inès", "Inbox", SERVICE_AGENT),
    Person("karl", "Karl", "Callback", SERVICE_AGENT),
)


class Command(DataCommand):
    """Real purchases, invented everything else: all of it, or nothing when it is interrupted."""

    help = "Fills an empty database with the demonstration: real CDNOW purchases, and invented identities around them."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--seed", type=int, default=SEED, help="what everything invented follows from")
        parser.add_argument("--customers", type=int, help="only so many customers (all 23,570 if not given)")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["customers"] is not None and options["customers"] < 1:
            raise CommandError("Ask for at least one customer.")
        if Customer.objects.exists():
            raise CommandError(
                "There are customers here already. The demonstration is only loaded into a database without customers."
            )
        started = time.monotonic()

        def say(what: str) -> None:
            self.stdout.write(f"{time.monotonic() - started:6.1f} s  {what}")
            self.stdout.flush()

        say("Loading the demonstration …")
        with transaction.atomic():
            with unrecorded():
                request = self._load(options, say)
            changed = invent_changes(request.staff, request.chance(loading.CHANGES))
            say(f"{changed:,} customers changed by invented staff")
        say("The demonstration is loaded.")

    def _load(self, options: dict[str, Any], say: loading.Say) -> loading.Request:
        people = create_staff()
        say(f"{len(people)} members of staff")
        staff = Staff(sales=ids_of(people, SALES), service=ids_of(people, SERVICE_AGENT))
        request = loading.Request(
            today=timezone.localdate(), seed=options["seed"], staff=staff, customers=options["customers"]
        )
        loading.load(request, say=say)
        profitability_demo.load(say=say)
        return request


def create_staff() -> list[User]:
    """The invented staff, in the order of STAFF; somebody of the same username is left as they are."""
    groups = {group.name: group for group in Group.objects.filter(name__in=[role.name for role in ROLES])}
    team, _ = Team.objects.get_or_create(name=SALES_TEAM)
    people = []
    for person in STAFF:
        user, is_new = User.objects.get_or_create(
            username=person.username,
            defaults={
                "email": f"{person.username}@example.com",
                "first_name": person.first_name,
                "last_name": person.last_name,
                "is_staff": person.role is ADMIN,
                "team": team if person.role is SALES else None,
            },
        )
        if is_new:
            user.set_password(DEMO_PASSWORD if person.signs_in else None)
            user.save(update_fields=["password"])
            user.groups.add(groups[person.role.name])
        people.append(user)
    return people


def ids_of(people: list[User], role: Role) -> list[int]:
    return [user.pk for user, person in zip(people, STAFF, strict=True) if person.role is role]
