"""The columns of the lists of profitability."""

from profitability.tables.costing import activities_table, month_lines, pools_table, rates_table, reconciliation
from profitability.tables.ranking import NAMED, RANKING, unsorted
from profitability.tables.runs import RUNS, change_facts, moves_table, run_facts, stage_facts

__all__ = [
    "NAMED",
    "RANKING",
    "RUNS",
    "activities_table",
    "change_facts",
    "month_lines",
    "moves_table",
    "pools_table",
    "rates_table",
    "reconciliation",
    "run_facts",
    "stage_facts",
    "unsorted",
]
