"""What both kinds of runs need at every step."""

from dataclasses import dataclass, replace
from typing import Any

from crm_site.lib.jobs.context import JobContext
from customers.models import Run
from profitability.recompute.months import day_number
from profitability.recompute.reading import Basis
from profitability.recompute.rows import RunRows, rows_of
from profitability.recompute.stopwatch import Stopwatch
from profitability.totals import RunTotals


@dataclass(frozen=True)
class Work:
    """One run under way."""

    run: Run
    context: JobContext
    watch: Stopwatch

    @property
    def rows(self) -> RunRows:
        return rows_of(self.run.pk)

    @property
    def today(self) -> int:
        """Days since 1970."""
        return day_number(self.run.as_of)

    def check(self) -> None:
        """Stop where that was asked for."""
        self.context.check_stop()

    def former_before(self, basis: Basis) -> int:
        """Whose last order was before this day is a former customer."""
        return self.today - basis.company.former_after_days

    def terms(self, basis: Basis) -> dict[str, Any]:
        """By what customers are forecast, besides their accounts and contracts."""
        return {
            "today": self.today,
            "policy": basis.policy,
            "costed": basis.plan.costed_months,
            "model": basis.purchase_model,
            "silence_days": basis.company.former_after_days,
        }

    def completed(self, totals: RunTotals, basis: Basis) -> RunTotals:
        """With how long it took, and what was read."""
        return replace(totals, durations=self.watch.durations, scope=basis.extent.scope)
