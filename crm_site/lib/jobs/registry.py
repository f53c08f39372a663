"""Which kinds of background work exist, what they are called on screen, and what does them.

A kind is named where it is asked for, in an app's `actions.py`, which pages import; its handler lives in that app's
`tasks.py`, which only workers import, so that pages never load what the work needs:

    RECOMPUTE = JobKind("recompute", label=_("Recompute"), stages={"costs": _("Costs")}, exclusive=True)   # actions.py
    enqueue(kind=RECOMPUTE, params={}, requested_by=user)

    @job_handler(RECOMPUTE)                                                                               # tasks.py
    def recompute(context: JobContext) -> dict[str, Any]: ...

A kind that no page shows may be declared with its handler: `@job_handler(kind="…", label=_("…"))`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.utils.functional import Promise
from django.utils.module_loading import autodiscover_modules

if TYPE_CHECKING:
    from crm_site.lib.jobs.context import JobContext
    from crm_site.lib.jobs.models import Job

Handler = Callable[["JobContext"], dict[str, Any] | None]

_kinds: dict[str, "JobKind"] = {}
_handlers: dict[str, Handler] = {}


@dataclass(frozen=True, eq=False)
class JobKind:
    """A kind of background work, as people see it."""

    name: str
    label: str | Promise
    stages: Mapping[str, str | Promise] = field(default_factory=dict)
    # At most one job of this kind runs at a time; others wait for it.
    exclusive: bool = False
    # Where the result of a job that was done is looked at, and what the link to it says.
    result_url: "Callable[[Job], str] | None" = None
    result_label: str | Promise = ""

    def __post_init__(self) -> None:
        _kinds[self.name] = self


def job_handler(
    kind: JobKind | str,
    *,
    label: str | Promise = "",
    stages: Mapping[str, str | Promise] | None = None,
    exclusive: bool = False,
) -> Callable[[Handler], Handler]:
    """Make the decorated function what does jobs of this kind; what it returns is the job's result."""
    declared = kind if isinstance(kind, JobKind) else JobKind(kind, label or kind, stages or {}, exclusive)

    def register(handler: Handler) -> Handler:
        _handlers[declared.name] = handler
        return handler

    return register


def kind_named(name: str) -> JobKind:
    """The kind with this name; one that is gone from the code is shown by its name."""
    if name not in _kinds:
        autodiscover_modules("tasks")
    return _kinds.get(name) or JobKind(name, name)


def handler_of(name: str) -> Handler | None:
    """What does jobs of this kind; none for a kind that is gone from the code."""
    if name not in _handlers:
        autodiscover_modules("tasks")
    return _handlers.get(name)
