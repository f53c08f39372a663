"""Background work on profitability: ids in, one action called."""

from datetime import date
from typing import Any

from celery import shared_task
from django.dispatch import receiver
from django.utils import timezone

from crm_site.lib.jobs.context import JobContext
from crm_site.lib.jobs.registry import job_handler
from crm_site.lib.jobs.signals import job_finished
from customers.models import Run
from profitability.actions import RECOMPUTE, recompute_if_changed, request_recompute
from profitability.cohort_actions import COHORTS, compute_cohorts
from profitability.comparison_actions import COMPARISON, request_comparison, use_winner
from profitability.matrix_actions import MATRIX, compute_matrix
from profitability.period_actions import RANKING_OF_PERIOD, compute_ranking
from profitability.portfolio_actions import PORTFOLIO, compute_portfolio
from profitability.recompute import run_recompute
from profitability.recompute.comparing import compare_before_first_recompute, run_comparison
from profitability.recompute.publish import drop_old_rows
from profitability.report_actions import (
    PREPARE_REPORT,
    SEND_REPORT,
    prepare_report,
    request_monthly_reports,
    send_report,
)
from profitability.scenario_actions import SCENARIO, compute_scenario


@job_handler(RECOMPUTE)
def recompute(context: JobContext) -> dict[str, Any]:
    given = context.params.get("as_of")
    as_of = date.fromisoformat(given) if given else timezone.localdate()
    compare_before_first_recompute(context=context, as_of=as_of)
    run = run_recompute(
        context=context,
        as_of=as_of,
        reason=context.params.get("reason", Run.Reason.ASKED),
        full=context.params.get("full", True),
    )
    return {"run": run.pk}


@receiver(job_finished, sender=RECOMPUTE, dispatch_uid="rows of old runs after a run")
def drop_rows_after_a_run(**kwargs: Any) -> None:
    """Nobody waits for it: what is left lying, by a worker that ended here, goes after the next recompute."""
    drop_old_rows()


@job_handler(RANKING_OF_PERIOD)
def rank_period(context: JobContext) -> dict[str, Any]:
    context.progress(0, 0, "ranking")
    return {"ranking": compute_ranking(ranking_id=context.params["ranking"]).pk}


@job_handler(MATRIX)
def product_matrix(context: JobContext) -> dict[str, Any]:
    context.progress(0, 0, "lines")
    compute_matrix(run_id=context.params["run"])
    return {}


@job_handler(COMPARISON)
def compare_models(context: JobContext) -> dict[str, Any]:
    comparison = run_comparison(context=context, as_of=timezone.localdate())
    use_winner(comparison=comparison)
    return {"comparison": comparison.pk}


@job_handler(SCENARIO)
def what_if(context: JobContext) -> dict[str, Any]:
    compute_scenario(scenario_id=context.params["scenario"], progress=lambda stage: context.progress(0, 0, stage))
    return {}


@job_handler(COHORTS)
def add_up_cohorts(context: JobContext) -> dict[str, Any]:
    context.progress(0, 0, "cohorts")
    return {"cohorts": compute_cohorts(cohorts_id=context.params["cohorts"]).pk}


@job_handler(PREPARE_REPORT)
def prepare_a_report(context: JobContext) -> dict[str, Any]:
    context.progress(0, 0, "ranking")
    prepare_report(run_id=context.params["run"])
    return {}


@job_handler(SEND_REPORT)
def send_a_report(context: JobContext) -> dict[str, Any]:
    return send_report(mail_id=context.params["mail"], at=timezone.now(), watch=context)


@job_handler(PORTFOLIO)
def add_up_portfolio(context: JobContext) -> dict[str, Any]:
    context.progress(0, 0, "portfolio")
    return {"portfolio": compute_portfolio(portfolio_id=context.params["portfolio"]).pk}


@shared_task
def nightly_recompute() -> None:
    """A full one: it fits the models anew to all orders, and puts right whatever went unnoticed."""
    request_recompute(reason=Run.Reason.NIGHTLY, full=True)


@shared_task
def recompute_what_changed() -> None:
    """After edits, for which nobody asks: when records changed that the current figures do not know."""
    recompute_if_changed()


@shared_task
def monthly_comparison() -> None:
    request_comparison()


@shared_task
def monthly_reports() -> None:
    request_monthly_reports(today=timezone.localdate())
