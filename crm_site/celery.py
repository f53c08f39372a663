"""The Celery application and its whole schedule."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm_site.settings")

app = Celery("compagnon")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()
