"""Where the rows of runs stand: a partition of scorecards and one of months for each, and what full ones laid aside."""

from collections.abc import Iterator
from dataclasses import dataclass

from crm_site.lib.partitions import Partition, partitions_of
from customers.models import Scorecard
from profitability.models import CustomerMonth

SCORECARDS, MONTHS = Scorecard._meta.db_table, CustomerMonth._meta.db_table
LAID_ASIDE = "profitability_laidaside"


@dataclass(frozen=True)
class RunRows:
    """The partitions of one run."""

    scorecards: Partition
    taken_out: Partition  # scorecards of a full run that later ones found otherwise, as `Run.parts` tells
    months: Partition
    laid_aside: Partition  # of full runs; nobody reads it but recomputes, so it is never attached

    def __iter__(self) -> Iterator[Partition]:
        """Those that it writes for pages."""
        return iter((self.scorecards, self.months))

    def drop(self, *, shared: bool = False) -> bool:
        """Drop what pages read, but the months where others share them; false when readers hold one just now."""
        own = (self.scorecards, self.taken_out) if shared else (self.scorecards, self.taken_out, self.months)
        dropped = [partition.drop() for partition in own]
        return all(dropped)


def rows_of(run_id: int) -> RunRows:
    """Where the scorecards and the months of a run stand."""
    return RunRows(
        scorecards=Partition(SCORECARDS, run_id),
        taken_out=Partition(SCORECARDS, -run_id),
        months=Partition(MONTHS, run_id),
        laid_aside=Partition(LAID_ASIDE, run_id),
    )


def runs_with_rows() -> set[int]:
    """The runs that have tables, published or left behind by one that did not end (2 queries)."""
    return {abs(partition.value) for table in (SCORECARDS, MONTHS) for partition in partitions_of(table)}
