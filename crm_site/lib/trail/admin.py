from django.contrib import admin

from crm_site.lib.admin import ReadOnlyAdmin
from crm_site.lib.trail.models import Change


@admin.register(Change)
class ChangeAdmin(ReadOnlyAdmin):
    """Every change as it was recorded; in words it stands on customers' files and on the page of changes."""

    list_display = ["at", "user", "kind", "model", "title", "job", "file_name"]
    list_filter = ["kind"]
    list_select_related = ["user"]
    ordering = ["-at", "-id"]
    search_fields = ["=customer_id"]
