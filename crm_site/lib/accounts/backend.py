"""What a person may do and which roles they have, in one query: every page asks for both."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import AnonymousUser
from django.db import connection

from crm_site.lib.accounts.models import User

RIGHTS = """
    SELECT c.app_label || '.' || p.codename, '' FROM auth_permission p
    JOIN django_content_type c ON c.id = p.content_type_id
    WHERE p.id IN (SELECT permission_id FROM accounts_user_user_permissions WHERE user_id = %(user)s)
       OR p.id IN (SELECT g.permission_id FROM auth_group_permissions g
                   JOIN accounts_user_groups u ON u.group_id = g.group_id WHERE u.user_id = %(user)s)
    UNION ALL
    SELECT '', g.name FROM auth_group g JOIN accounts_user_groups u ON u.group_id = g.id WHERE u.user_id = %(user)s
"""


class StaffBackend(ModelBackend):
    """Django's own sign-in by user name and password, with permissions read at once."""

    def get_all_permissions(self, user_obj: Any, obj: Any = None) -> set[str]:
        if not user_obj.is_active or user_obj.is_anonymous or obj is not None:
            return set()
        if user_obj.is_superuser:
            return super().get_all_permissions(user_obj)
        if not hasattr(user_obj, "_perm_cache"):
            _read_rights(user_obj)
        return user_obj._perm_cache


def roles_of(user: User | AnonymousUser) -> list[str]:
    """The names of a person's roles (no query once permissions were asked for)."""
    if not user.is_authenticated:
        return []
    if not hasattr(user, "_roles"):
        _read_rights(user)
    return user._roles  # type: ignore[attr-defined]


def _read_rights(user: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute(RIGHTS, {"user": user.pk})
        rows = cursor.fetchall()
    user._roles = sorted(role for _, role in rows if role)
    if not user.is_superuser:
        # Where Django's own backends look, so that those behind this one ask nothing again.
        user._perm_cache = {permission for permission, _ in rows if permission}
