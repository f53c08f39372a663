"""Whose figures are older than their records; the app that computes figures knows, and is asked from here."""

from collections.abc import Callable, Sequence

from customers.models import Run

# The number of a run and of some customers in; those whose records the run does not know as they are out.
Ask = Callable[[int, Sequence[int]], set[int]]
_told_by: list[Ask] = []


def tell_by(ask: Ask) -> None:
    """Let an app tell; asked once, when it is ready."""
    _told_by.append(ask)


def outdated(run: Run | None, customers: Sequence[int]) -> set[int]:
    """Those of these customers whose figures are older than their records (1 query for each app that tells)."""
    if run is None or not customers:
        return set()
    return set().union(*(ask(run.pk, customers) for ask in _told_by))
