"""Background work on customers: ids in, one action called."""

from typing import Any

from celery import shared_task
from django.conf import settings
from django.utils import timezone

from crm_site.lib.jobs.context import JobContext
from crm_site.lib.jobs.registry import job_handler
from customers.bulk import BULK_CHANGE, finish_change
from customers.contacting.mail_in import fetch_mail
from customers.contacting.mailboxes import imap_box
from customers.contacting.messages import SEND_MESSAGE, send_message
from customers.duplicates.actions import FIND_DUPLICATES, request_finding
from customers.duplicates.finding import find_duplicates as search_all
from customers.import_actions import IMPORT_ORDERS, IMPORT_PEOPLE, UNDO_IMPORT, finish_import, finish_undo
from customers.journey_actions import COUNT_JOURNEY, count_usual_periods
from customers.task_actions import send_due_reminders


@job_handler(IMPORT_PEOPLE)
@job_handler(IMPORT_ORDERS)
def import_file(context: JobContext) -> dict[str, Any]:
    params = context.params
    return finish_import(
        import_id=params["import"], stored_file=params["file"], mapping=params["mapping"], watch=context
    )


@job_handler(UNDO_IMPORT)
def undo_import(context: JobContext) -> dict[str, Any]:
    return finish_undo(import_id=context.params["import"], watch=context)


@job_handler(BULK_CHANGE)
def change_many_customers(context: JobContext) -> dict[str, Any]:
    return finish_change(params=context.params, watch=context)


@shared_task
def send_reminders() -> None:
    send_due_reminders(at=timezone.now())


@job_handler(FIND_DUPLICATES)
def find_duplicates(context: JobContext) -> dict[str, Any]:
    return search_all(watch=context)


@shared_task
def weekly_search_for_duplicates() -> None:
    request_finding()


@job_handler(COUNT_JOURNEY)
def count_journey(context: JobContext) -> dict[str, Any]:
    return {"steps": count_usual_periods(at=timezone.now(), today=timezone.localdate(), watch=context)}


@job_handler(SEND_MESSAGE)
def send_a_message(context: JobContext) -> dict[str, Any]:
    params = context.params
    return send_message(message_id=params["message"], site=params["site"], at=timezone.now(), watch=context)


@shared_task
def fetch_new_mail() -> None:
    if settings.MAIL_IN_HOST:
        with imap_box() as box:
            fetch_mail(box=box, at=timezone.now())
