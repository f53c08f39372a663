from django.contrib import admin

from crm_site.lib.admin import ReadOnlyAdmin
from crm_site.lib.jobs.models import Job, WorkerHeartbeat


@admin.register(Job)
class JobAdmin(ReadOnlyAdmin):
    """What was asked for in the background, and what became of it."""

    list_display = ("id", "kind", "state", "attempts", "requested_by", "created_at", "finished_at")
    list_filter = ("state",)
    list_select_related = ("requested_by",)
    search_fields = ("=id", "=kind", "=key")
    sortable_by = ("id",)


@admin.register(WorkerHeartbeat)
class WorkerHeartbeatAdmin(ReadOnlyAdmin):
    """Which workers live."""

    list_display = ("worker", "seen_at")
