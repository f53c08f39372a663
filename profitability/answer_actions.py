"""Keeping what pages ask of a run, so that a question is answered from its rows only once."""

from collections.abc import Callable
from typing import Any

from customers.models import Run
from profitability.models import RunAnswer


def answer_about(run: Run, question: str, find: Callable[[], Any]) -> Any:
    """What was found of the run when this was asked first, as JSON knows it (1 query once it was).

    `find` may look at nothing but rows that never change while the run has them. Two who ask at once may both look:
    they find the same, and it is kept once.
    """
    kept = RunAnswer.objects.filter(run=run, question=question).values_list("answer", flat=True)
    for answer in kept:
        return answer
    found = find()
    RunAnswer.objects.bulk_create([RunAnswer(run=run, question=question, answer=found)], ignore_conflicts=True)
    return found


def drop_old_answers() -> None:
    """Forget answers about runs whose rows are gone (1 query)."""
    RunAnswer.objects.filter(run__has_rows=False).delete()
