"""Everything that a run found, for comparing two of them."""

from typing import Any

from django.db.models import Model

from customers.models import Run, Scorecard
from profitability.models import ActivityRate, CustomerMonth, RunMonth, RunPoolMonth


def figures(run: Run) -> dict[str, list[tuple[Any, ...]]]:
    """Every row that belongs to a run, whatever its number, and its totals; numbers to twelve digits.

    Sums over some customers and over all are added up in another order, which shows from the fifteenth digit on.
    """
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
        if model is CustomerMonth:
            of_run = CustomerMonth.objects.in_run(run)
        if model is Scorecard:
            of_run = run.with_cumulative(run.with_ranks(Scorecard.objects.in_run(run)))
            names = [*(name for name in names if name not in ("place", "cumulative_profit")), "rank", "cumulative"]
        rows = of_run.values_list(key, *names)
        found[model.__name__] = sorted((tuple(map(_told, row)) for row in rows), key=repr)
    told = {key: value for key, value in run.totals.items() if key not in ("durations", "changes", "scope")}
    return found | {"totals": [(key, _told(told[key])) for key in sorted(told)]}


def _told(value: Any) -> Any:
    """The value with its numbers to twelve digits."""
    if isinstance(value, float):
        return float(f"{value:.12g}")
    if isinstance(value, dict):
        return {key: _told(each) for key, each in value.items()}
    return [_told(each) for each in value] if isinstance(value, list) else value
