"""Rankings of periods: asked for, computed once for each run, and dropped with its rows."""

from __future__ import annotations

import datetime as dt

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_site.lib.jobs.actions import enqueue
from crm_site.lib.jobs.models import Job
from crm_site.lib.jobs.registry import JobKind
from crm_site.lib.partitions import Partition
from crm_site.lib.remembered import Lately
from customers.models import Run
from profitability.family_actions import renew_main_families
from profitability.models import PeriodFigure, PeriodRanking, ValuePolicy
from profitability.period_statements import rank_customers, sum_up_months
from profitability.periods import Period
from profitability.reports.curve import ranking_of_period
from profitability.reports.groups import bands_of, figures_of, groupings_of, total_of
from profitability.totals import PeriodTotals, RunTotals

# So many customers are ranked while somebody waits for the page, within about a second; more in the background.
AT_ONCE = 30_000


def _ranking_page(job: Job) -> str:
    return f"{reverse(job.params.get('page', 'ranking'))}?{job.params.get('query', '')}"


RANKING_OF_PERIOD = JobKind(
    "period-ranking",
    label=_("Ranking of a period"),
    stages={"ranking": _("Ranking customers")},
    result_url=_ranking_page,
    result_label=_("See the ranking"),
)


# What was computed never changes, so a process reads it once.
COMPUTED: Lately[tuple[int, Period], PeriodRanking] = Lately(seconds=600, most=20)
TOTALS: Lately[tuple[int, dt.datetime | None], PeriodTotals] = Lately(seconds=600, most=20)


def totals_of(ranking: PeriodRanking) -> PeriodTotals:
    """The sums of a ranking that was computed."""
    question = (ranking.pk, ranking.computed_at)
    return TOTALS.told(question) or TOTALS.keep(question, PeriodTotals.from_json(ranking.totals))


def ranking_for(
    *, run: Run, totals: RunTotals, period: Period, by: AbstractUser | AnonymousUser, page: str = "ranking"
) -> PeriodRanking:
    """The ranking of a period in a run: computed at once where there are few customers, else by a job that it names.

    1 query where it was computed before, and none where this process knows that.
    """
    question = (run.pk, period)
    if (computed := COMPUTED.told(question)) is not None:
        return computed
    ranking, _created = PeriodRanking.objects.select_related("job").get_or_create(
        run=run, since=period.since, until=period.until
    )
    if ranking.computed_at:
        return COMPUTED.keep(question, ranking)
    if totals.customers <= AT_ONCE:
        return COMPUTED.keep(question, compute_ranking(ranking_id=ranking.pk))
    if ranking.job is None or not ranking.job.is_active:
        ranking.job = enqueue(
            kind=RANKING_OF_PERIOD,
            params={"ranking": ranking.pk, "page": page, "query": f"period={period.code}"},
            requested_by=by,
            dedupe_key=f"period-ranking:{ranking.pk}",
        )
        ranking.save(update_fields=["job"])
    return ranking


@transaction.atomic
def compute_ranking(*, ranking_id: int) -> PeriodRanking:
    """Rank the customers of a period and add them up by group; done already, it stays as it is."""
    ranking = PeriodRanking.objects.select_for_update(of=("self",)).select_related("run").get(pk=ranking_id)
    if ranking.computed_at:
        return ranking
    run_totals = RunTotals.from_json(ranking.run.totals)
    policy = ValuePolicy.current()
    if ranking.since is not None:
        _fill(ranking, run_totals, policy)
    renew_main_families(run=ranking.run)
    figures = figures_of(ranking)
    totals = PeriodTotals(
        ranking=ranking_of_period(ranking, policy.best_share) if ranking.since else run_totals.ranking,
        total=total_of(figures),
        groupings=groupings_of(figures, ranking.run),
        bands=bands_of(figures),
    )
    ranking.totals, ranking.computed_at = totals.as_json(), timezone.now()
    ranking.save(update_fields=["totals", "computed_at"])
    return ranking


def _fill(ranking: PeriodRanking, totals: RunTotals, policy: ValuePolicy) -> None:
    partition = _rows_of(ranking)
    partition.create()
    sum_up_months(ranking, totals.drivers)
    rank_customers(ranking, partition.table, policy)
    partition.seal()
    partition.attach()


def _rows_of(ranking: PeriodRanking) -> Partition:
    return Partition(PeriodFigure._meta.db_table, ranking.pk, key="ranking_id")


def drop_old_rankings() -> int:
    """Drop the rankings of runs whose own rows are gone; how many. One that readers hold is left to the next time."""
    dropped = 0
    for ranking in PeriodRanking.objects.filter(run__has_rows=False):
        if _rows_of(ranking).drop():
            ranking.delete()
            dropped += 1
    return dropped
