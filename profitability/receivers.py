"""News from below that changes the figures."""

from typing import Any

from django.dispatch import receiver
from django.utils import timezone

from crm_site.lib.accounts.models import User
from crm_site.lib.jobs.models import Job
from crm_site.lib.jobs.signals import job_finished
from customers.models import Import, Merge, Run
from customers.signals import customer_merge_undone, customers_merged, orders_imported
from profitability.actions import request_recompute
from profitability.answer_actions import drop_old_answers
from profitability.equity_actions import keep_bridge
from profitability.history_actions import drop_old_snapshots, keep_snapshot
from profitability.period_actions import drop_old_rankings
from profitability.profit_actions import drop_old_profit_changes, keep_profit_change


@receiver(job_finished, dispatch_uid="rankings of periods after a run")
def drop_rankings_after_a_run(sender: Any, job: Job, **kwargs: Any) -> None:
    """Rankings of periods and answers go with the rows of the run that they were made from."""
    if Run.objects.filter(job=job, is_current=True).exists():
        drop_old_rankings()
        drop_old_answers()
        drop_old_profit_changes()


@receiver(job_finished, dispatch_uid="change of equity after a run")
def keep_change_of_equity(sender: Any, job: Job, **kwargs: Any) -> None:
    """Why equity changed can be told only while the rows of the run before are there."""
    run = Run.objects.filter(job=job, is_current=True).first()
    if run:
        keep_bridge(run=run)


@receiver(job_finished, dispatch_uid="change of profits after a run")
def keep_change_of_profits(sender: Any, job: Job, **kwargs: Any) -> None:
    """Whose profit changed can be told only while the rows of the run before are there."""
    run = Run.objects.filter(job=job, is_current=True).first()
    if run:
        keep_profit_change(run=run)


@receiver(job_finished, dispatch_uid="snapshot of values after a run")
def keep_values_of_the_month(sender: Any, job: Job, **kwargs: Any) -> None:
    """The first run of a month is kept as what each customer was worth in it."""
    run = Run.objects.filter(job=job, is_current=True).first()
    if run and keep_snapshot(run=run, at=timezone.now()):
        drop_old_snapshots()


@receiver(orders_imported, dispatch_uid="recompute after an import")
def recompute_after_import(sender: type[Import], imported: Import, **kwargs: Any) -> None:
    """Imported orders change what every customer earns, and so the ranking of all."""
    if imported.accepted:
        request_recompute(reason=Run.Reason.IMPORT, requested_by=imported.requested_by)


@receiver(customers_merged, dispatch_uid="recompute after a merge")
def recompute_after_merge(sender: type[Merge], merge: Merge, **kwargs: Any) -> None:
    """Two customers that have become one have one account, one rank and one lifetime value."""
    request_recompute(reason=Run.Reason.ASKED, requested_by=merge.merged_by)


@receiver(customer_merge_undone, dispatch_uid="recompute after an undone merge")
def recompute_after_undone_merge(sender: type[Merge], by: User, **kwargs: Any) -> None:
    request_recompute(reason=Run.Reason.ASKED, requested_by=by)
