"""The columns of the lists of profitability."""

from profitability.tables.costing import activities_table, month_lines, pools_table, rates_table, reconciliation
from profitability.tables.groups import GROUPS, SIZES, band_rows, group_rows
from profitability.tables.ranking import NAMED, PERIOD_RANKING, RANKING, unsorted
from profitability.tables.runs import RUNS, change_facts, moves_table, run_facts, stage_facts

__all__ = [
    "GROUPS",
    "NAMED",
    "PERIOD_RANKING",
    "RANKING",
    "RUNS",
    "SIZES",
    "activities_table",
    "band_rows",
    "change_facts",
    "group_rows",
    "month_lines",
    "moves_table",
    "pools_table",
    "rates_table",
    "reconciliation",
    "run_facts",
    "stage_facts",
    "unsorted",
]
