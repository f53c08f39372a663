"""The Celery application, and everything that it does by the clock."""

import os
from typing import Any

from celery import Celery
from celery.schedules import crontab
from django.conf import settings

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm_site.settings")
os.environ.setdefault("CRM_PROCESS", "compagnon")
# Columns of millions of numbers live for milliseconds: large pages of memory, for which the kernel may first have to
# make room, cost more than they save. numpy reads this when it is loaded.
os.environ.setdefault("NUMPY_MADVISE_HUGEPAGE", "0")

app = Celery("compagnon")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()


@app.on_after_configure.connect
def set_schedule(sender: Celery, **kwargs: Any) -> None:
    """What happens when; hours are those of the company."""
    sender.conf.timezone = settings.TIME_ZONE
    sender.conf.beat_schedule = {
        # Jobs whose doorbell was lost or whose worker died. Not worth doing late: the next one does it all.
        "sweep jobs": {
            "task": "jobs.sweep",
            "schedule": settings.JOB_SWEEP_SECONDS,
            "options": {"expires": settings.JOB_SWEEP_SECONDS},
        },
        "recompute profits and lifetime values": {
            "task": "profitability.tasks.nightly_recompute",
            "schedule": crontab(hour=2, minute=15),
        },
        # After edits, for which nobody asks.
        "recompute what changed": {
            "task": "profitability.tasks.recompute_what_changed",
            "schedule": crontab(minute="*/15"),
            "options": {"expires": 600},
        },
        # Before the recompute of that night, which then uses the winner.
        "compare purchase models": {
            "task": "profitability.tasks.monthly_comparison",
            "schedule": crontab(hour=1, minute=30, day_of_month=1),
        },
        # On several days, for a server that is off on the first: nobody gets the same month twice.
        "send management reports": {
            "task": "profitability.tasks.monthly_reports",
            "schedule": crontab(hour=6, minute=30, day_of_month="1-5"),
        },
        "send reminders of tasks": {
            "task": "customers.tasks.send_reminders",
            "schedule": crontab(minute="*/3"),
            "options": {"expires": 180},
        },
        "look for duplicates": {
            "task": "customers.tasks.weekly_search_for_duplicates",
            "schedule": crontab(hour=4, minute=10, day_of_week="sunday"),
        },
        # Does nothing where no mailbox is named in the settings.
        "take in e-mail": {
            "task": "customers.tasks.fetch_new_mail",
            "schedule": crontab(minute="*/5"),
            "options": {"expires": 240},
        },
        "forget ended sessions": {
            "task": "crm_site.tasks.forget_ended_sessions",
            "schedule": crontab(hour=3, minute=40),
        },
    }
