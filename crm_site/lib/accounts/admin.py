from django.contrib import admin
from django.contrib.auth.admin import UserAdmin

from crm_site.lib.accounts.models import User


@admin.register(User)
class StaffAdmin(UserAdmin):
    """Django's own user pages, unchanged: passwords, groups, permissions."""
