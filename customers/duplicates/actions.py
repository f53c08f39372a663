"""What people do with likely duplicates, short of merging them."""

from __future__ import annotations

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm_site.lib.accounts.models import User
from crm_site.lib.jobs.actions import enqueue
from crm_site.lib.jobs.models import Job
from crm_site.lib.jobs.registry import JobKind
from customers.models import DuplicatePair


def _duplicates_page(job: Job) -> str:
    return reverse("duplicates")


FIND_DUPLICATES = JobKind(
    "find-duplicates",
    label=_("Search for duplicates"),
    stages={"block": _("Sorting customers by what they share"), "compare": _("Comparing pairs")},
    exclusive=True,
    result_url=_duplicates_page,
    result_label=_("See the likely duplicates"),
)


def request_finding(*, requested_by: User | None = None) -> Job:
    """Ask for a search through all customers; one that still waits is returned instead of a second."""
    return enqueue(kind=FIND_DUPLICATES, requested_by=requested_by, dedupe_key=FIND_DUPLICATES.name)


@transaction.atomic
def tell_apart(*, pair: DuplicatePair, by: User) -> None:
    """Note that two customers are not the same: the search never brings them up again."""
    pair.state, pair.decided_by = DuplicatePair.State.DIFFERENT, by
    pair.save(update_fields=["state", "decided_by"])
