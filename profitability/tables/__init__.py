"""The columns of the lists of profitability."""

from profitability.tables.costing import RECONCILIATION, activities_table, month_lines, pools_table, rates_table
from profitability.tables.ranking import NAMED, RANKING, unsorted
from profitability.tables.runs import RUNS, change_facts, moves_table, run_facts

__all__ = [
    "NAMED",
    "RANKING",
    "RECONCILIATION",
    "RUNS",
    "activities_table",
    "change_facts",
    "month_lines",
    "moves_table",
    "pools_table",
    "rates_table",
    "run_facts",
    "unsorted",
]
