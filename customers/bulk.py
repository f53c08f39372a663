"""Changing many customers at once: whom, what, and taking it back."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from django.db import transaction
from django.db.models import QuerySet
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import gettext_noop

from crm_site.lib.accounts.models import Team, User
from crm_site.lib.jobs.actions import enqueue
from crm_site.lib.jobs.context import JobProblem
from crm_site.lib.jobs.models import Job
from crm_site.lib.jobs.registry import JobKind
from customers.models import Customer, Tag, Task
from customers.models.customer import CustomerQuerySet
from customers.permissions import CHANGE_MANY
from customers.selection import Selection, UnusableFilter
from customers.views import selected_list

# So many are changed while somebody waits for the page; more in the background.
AT_ONCE = 500
# What was there before is kept for so many customers at most: more cannot be taken back.
MOST_UNDONE = 10_000
CHUNK = 1000

ASSIGN, TAG, TASK = "assign", "tag", "task"
UNDONE_KINDS = frozenset({ASSIGN, TAG, TASK})
DIFFERENT = gettext_noop(
    "The number of customers has changed from %(expected)s to %(found)s since you selected them. Nothing was changed. "
    "Go back to the list and select again."
)
UNUSABLE = gettext_noop(
    "A filter of the list cannot be used, so it is not known which customers were meant. Nothing was changed."
)
NO_LONGER_ALLOWED = gettext_noop("Whoever asked for this may no longer change many customers. Nothing was changed.")


def _result_url(job: Job) -> str:
    return reverse("customers-bulk-result", args=[job.pk])


BULK_CHANGE = JobKind(
    "bulk-change",
    label=_("Change of many customers"),
    stages={"change": _("Changing customers")},
    result_url=_result_url,
    result_label=_("See what was changed"),
)


class SelectionChanged(Exception):
    """There are more or fewer customers than somebody meant to change."""

    def __init__(self, *, expected: int, found: int) -> None:
        self.expected, self.found = expected, found
        super().__init__(DIFFERENT % {"expected": expected, "found": found})


class Watch(Protocol):
    """Who is told how far the work is and may end it: the context of a job."""

    def progress(self, done: int, total: int, stage: str = "") -> None: ...
    def check_stop(self) -> None: ...
    def hold(self) -> None: ...


@dataclass(frozen=True, slots=True)
class Change:
    """What is done to each customer: `kind` is assign, tag or task; `values` are plain enough for JSON."""

    kind: str
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """How many were changed, and what each of them was before: the key, then the old values.

    Of tasks it holds the keys of those that were made.
    """

    changed: int
    before: Sequence[Sequence[int | None]] = ()


def selected_customers(selection: Selection, user: User) -> CustomerQuerySet:
    """The customers of a selection as far as this person may see them, read as the list itself reads them.

    Raises UnusableFilter.
    """
    return selected_list(selection, user).rows.order_by()  # type: ignore[return-value]


def recount(selection: Selection, user: User) -> int:
    """How many customers the selection is now (1 query). Raises SelectionChanged when it was told another number."""
    found = selected_customers(selection, user).count()
    if selection.expected is not None and found != selection.expected:
        raise SelectionChanged(expected=selection.expected, found=found)
    return found


# --- Changing ---------------------------------------------------------------------------------------------------------


def change_at_once(*, selection: Selection, change: Change, by: User) -> Job:
    """Change a few customers now; the job that stands for it is done already. Raises SelectionChanged."""
    began = timezone.now()
    with transaction.atomic():
        result = change_many(selection=selection, change=change, by=by)
        return Job.objects.create(
            kind=BULK_CHANGE.name,
            state=Job.State.DONE,
            params=_params(selection, change, by),
            result=result,
            requested_by=by,
            started_at=began,
            finished_at=timezone.now(),
        )


def request_change(*, selection: Selection, change: Change, by: User) -> Job:
    """Ask for the change of many customers in the background."""
    with transaction.atomic():
        return enqueue(kind=BULK_CHANGE, params=_params(selection, change, by), requested_by=by)


def _params(selection: Selection, change: Change, by: User) -> dict[str, Any]:
    return {
        "by": by.pk,
        "query": selection.query,
        "keys": selection.keys,
        "expected": selection.expected,
        "kind": change.kind,
        "values": dict(change.values),
    }


def finish_change(*, params: Mapping[str, Any], watch: Watch) -> dict[str, Any]:
    """Do what a job was asked for, if whoever asked may still do so and sees as many customers as then."""
    by = User.objects.filter(pk=params["by"], is_active=True).first()
    if by is None or not by.has_perm(CHANGE_MANY):
        raise JobProblem(NO_LONGER_ALLOWED)
    selection = Selection(params["query"], params["keys"], params["expected"])
    try:
        return change_many(selection=selection, change=Change(params["kind"], params["values"]), by=by, watch=watch)
    except UnusableFilter as problem:
        raise JobProblem(UNUSABLE) from problem
    except SelectionChanged as problem:
        raise JobProblem(DIFFERENT, expected=problem.expected, found=problem.found) from problem


@transaction.atomic
def change_many(*, selection: Selection, change: Change, by: User, watch: Watch | None = None) -> dict[str, Any]:
    """Change every customer of the selection or none; what a job keeps as its result. Raises SelectionChanged."""
    keys = sorted(selected_customers(selection, by).values_list("pk", flat=True))
    if len(keys) != selection.expected:
        raise SelectionChanged(expected=selection.expected or 0, found=len(keys))
    before: list[Sequence[int | None]] = []
    changed = done = 0
    for chunk in _chunks(keys):
        outcome = _apply(change, chunk, by)
        changed, done = changed + outcome.changed, done + len(chunk)
        if changed <= MOST_UNDONE:
            before += outcome.before
        if watch:
            watch.progress(done, len(keys), "change")
            watch.check_stop()
    if watch:
        watch.hold()
    can_be_undone = change.kind in UNDONE_KINDS and 0 < changed <= MOST_UNDONE
    return {"selected": len(keys), "changed": changed} | ({"before": before} if can_be_undone else {})


def _apply(change: Change, keys: Sequence[int], by: User) -> Outcome:
    match change.kind:
        case "assign":
            return _assign(keys, change.values)
        case "tag":
            return _tag(keys, change.values["tag"])
        case _:
            return _add_tasks(keys, change.values, by)


def _assign(keys: Sequence[int], values: Mapping[str, Any]) -> Outcome:
    names = sorted(values)
    new = tuple(values[name] for name in names)
    locked = Customer.objects.filter(pk__in=keys).order_by("pk").select_for_update(no_key=True)
    before = [(pk, *old) for pk, *old in locked.values_list("pk", *names) if tuple(old) != new]
    changed = Customer.objects.filter(pk__in=[pk for pk, *_old in before]).update(**values)
    return Outcome(changed, before)


def _tag(keys: Sequence[int], tag: int) -> Outcome:
    through = Customer.tags.through
    tagged = set(through.objects.filter(tag_id=tag, customer_id__in=keys).values_list("customer_id", flat=True))
    untagged = [pk for pk in keys if pk not in tagged]
    through.objects.bulk_create([through(customer_id=pk, tag_id=tag) for pk in untagged], ignore_conflicts=True)
    return Outcome(len(untagged), [(pk,) for pk in untagged])


def _add_tasks(keys: Sequence[int], values: Mapping[str, Any], by: User) -> Outcome:
    """A task about each customer for its owner; for whoever asks where nobody who works here owns the customer.

    Whoever still has a task of this title about a customer gets no second one, so that asking twice makes no doubles.
    """
    due_on = dt.date.fromisoformat(values["due_on"])
    owners = dict(owned(Customer.objects.filter(pk__in=keys)).values_list("pk", "owner_id"))
    open_tasks = Task.objects.filter(customer__in=keys, title=values["title"], done_at=None)
    standing = set(open_tasks.values_list("customer_id", "owner_id"))
    tasks = [
        Task(
            title=values["title"],
            note=values["note"],
            priority=values["priority"],
            due_on=due_on,
            customer_id=pk,
            owner_id=owners.get(pk, by.pk),
            created_by=by,
        )
        for pk in keys
        if (pk, owners.get(pk, by.pk)) not in standing
    ]
    made = Task.objects.bulk_create(tasks)
    return Outcome(len(made), [(task.pk,) for task in made])


def owned(customers: CustomerQuerySet) -> CustomerQuerySet:
    """Those of the customers whom somebody who works here owns."""
    return customers.filter(owner__is_active=True)


def tag_named(name: str) -> Tag:
    """The tag of this name in whatever case, made if there is none."""
    return Tag.objects.filter(name__iexact=name).first() or Tag.objects.get_or_create(name=name)[0]


# --- Taking back ------------------------------------------------------------------------------------------------------


@transaction.atomic
def undo(*, job_id: int, by: User) -> int | None:
    """Give back what those customers had whom nobody has changed in this respect since; how many, None if too late."""
    job = Job.objects.select_for_update().get(pk=job_id, kind=BULK_CHANGE.name)
    before = job.result.pop("before", None)
    if before is None:
        return None
    if job.params["kind"] == TAG:
        restored = _untag(before, job.params["values"]["tag"], by)
    elif job.params["kind"] == TASK:
        restored = _remove_tasks(before, job.params["values"], by)
    else:
        restored = _assign_back(before, job.params["values"], by)
    job.result["undone"] = restored
    job.save(update_fields=["result"])
    return restored


def _untag(before: Sequence[Sequence[int]], tag: int, by: User) -> int:
    tagged = Customer.tags.through.objects.filter(tag_id=tag)
    chunks = _visible_chunks([pk for (pk,) in before], by)
    return sum(tagged.filter(customer_id__in=chunk).delete()[0] for chunk in chunks)


def _remove_tasks(before: Sequence[Sequence[int]], values: Mapping[str, Any], by: User) -> int:
    """Tasks that are still as they were made, and not done, go again, as far as this person sees their customers."""
    as_made = Task.objects.filter(done_at=None, **values)
    chunks = _chunks([pk for (pk,) in before])
    seen = Customer.objects.visible_to(by)
    deleted = [as_made.filter(pk__in=chunk, customer__in=seen.values("pk")).delete()[1] for chunk in chunks]
    return sum(counts.get(Task._meta.label, 0) for counts in deleted)


def _assign_back(before: Sequence[Sequence[int | None]], values: Mapping[str, Any], by: User) -> int:
    """Each customer goes back to its own former owner and team, unless those are gone."""
    names = sorted(values)
    gone = {"owner_id": _gone(User.objects.all(), names, before, "owner_id")}
    gone["team_id"] = _gone(Team.objects.all(), names, before, "team_id")
    alike: dict[tuple[int | None, ...], list[int]] = defaultdict(list)
    for pk, *old in before:
        if pk is not None and not any(value in gone[name] for name, value in zip(names, old, strict=True)):
            alike[tuple(old)].append(pk)
    return sum(
        Customer.objects.filter(pk__in=chunk, **values).update(**dict(zip(names, old, strict=True)))
        for old, keys in alike.items()
        for chunk in _visible_chunks(keys, by)
    )


def _gone(
    those: QuerySet[Any], names: Sequence[str], before: Sequence[Sequence[int | None]], name: str
) -> set[int | None]:
    """Which of the former values of a field no longer exist."""
    if name not in names:
        return set()
    former = {old[names.index(name) + 1] for old in before} - {None}
    return former - set(those.filter(pk__in=former).values_list("pk", flat=True))


def _visible_chunks(keys: Sequence[int], by: User) -> Iterator[list[int]]:
    """Those of the customers whom this person sees, in pieces of a size that the database looks up one by one."""
    visible = Customer.objects.visible_to(by)
    for chunk in _chunks(keys):
        yield list(visible.filter(pk__in=chunk).values_list("pk", flat=True))


def _chunks(keys: Sequence[int]) -> Iterator[Sequence[int]]:
    return (keys[start : start + CHUNK] for start in range(0, len(keys), CHUNK))
