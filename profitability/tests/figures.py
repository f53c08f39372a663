"""Everything that a run found, for comparing two of them."""

from typing import Any

from django.db.models import Model

from customers.models import Run, Scorecard
from profitability.models import ActivityRate, CustomerMonth, RunMonth, RunPoolMonth


def figures(run: Run) -> dict[str, list[tuple[Any, ...]]]:
    """Every row that belongs to a run, whatever its number, and its totals."""
    of: dict[type[Model], tuple[str, str]] = {
        Scorecard: ("run", "customer"),
        CustomerMonth: ("run", "customer"),
        RunMonth: ("run", "month"),
        ActivityRate: ("activity__run", "activity__position"),
        RunPoolMonth: ("pool__run", "pool__position"),
    }
    found = {}
    for model, (owner, key) in of.items():
        own = {"pk", "id", owner.partition("__")[0]}
        names = [field.name for field in model._meta.concrete_fields if field.name not in own]
        of_run = model._default_manager.filter(**{owner: run})
        rows = (CustomerMonth.objects.in_run(run) if model is CustomerMonth else of_run).values_list(key, *names)
        found[model.__name__] = sorted(rows, key=repr)
    told = {key: value for key, value in run.totals.items() if key not in ("durations", "changes", "scope")}
    return found | {"totals": [(key, told[key]) for key in sorted(told)]}
