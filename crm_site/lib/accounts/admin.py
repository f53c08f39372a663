from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group, Permission
from django.db.models import ManyToManyField
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from crm_site.lib.accounts.models import Team, User

# What Django lets do with the rows of every model, by the beginning of the permission's code.
EVERYWHERE = {"add": _("Can add"), "change": _("Can change"), "delete": _("Can delete"), "view": _("Can view")}


class PermissionField(forms.ModelMultipleChoiceField):
    """Permissions in the reader's language; the database keeps them in English."""

    def label_from_instance(self, permission: Permission) -> str:
        thing = permission.content_type
        verb, _underscore, model = permission.codename.partition("_")
        words = EVERYWHERE.get(verb) if model == thing.model else None
        return f"{thing.app_labeled_name} | {words or gettext(permission.name)}"


class PermissionsInWords:
    """For the admin pages of whoever has permissions."""

    def formfield_for_manytomany(
        self, db_field: ManyToManyField[Any, Any], request: HttpRequest | None = None, **options: Any
    ) -> forms.ModelMultipleChoiceField | None:
        if db_field.related_model is Permission:
            options["form_class"] = PermissionField
        return super().formfield_for_manytomany(db_field, request, **options)  # type: ignore[misc]


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin):
    """Teams and nothing else: who is in one is said on the page of each person."""

    search_fields = ["name"]


@admin.register(User)
class StaffAdmin(PermissionsInWords, UserAdmin):
    """Django's own user pages, with team and language."""

    list_display = [*UserAdmin.list_display, "team"]  # type: ignore[misc]
    list_select_related = ["team"]
    autocomplete_fields = ["team"]
    fieldsets = [*(UserAdmin.fieldsets or ()), (_("In the company"), {"fields": ["team", "language"]})]


admin.site.unregister(Group)


@admin.register(Group)
class RoleAdmin(PermissionsInWords, GroupAdmin):
    """Django's own pages of groups."""
