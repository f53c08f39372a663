from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.utils.translation import gettext_lazy as _

from crm_site.lib.accounts.models import Team, User


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin):
    """Teams and nothing else: who is in one is said on the page of each person."""

    search_fields = ["name"]


@admin.register(User)
class StaffAdmin(UserAdmin):
    """Django's own user pages, with the team."""

    list_display = [*UserAdmin.list_display, "team"]  # type: ignore[misc]
    list_select_related = ["team"]
    autocomplete_fields = ["team"]
    fieldsets = [*(UserAdmin.fieldsets or ()), (_("Team"), {"fields": ["team"]})]
