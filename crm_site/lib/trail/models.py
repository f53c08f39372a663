from __future__ import annotations

from django.conf import settings
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm_site.lib.trail.registry import files, tracked

VIEW_CHANGES = "trail.view_change"
SEE_COMPANY = "trail.see_company_changes"
ERASE = "trail.erase_changes"


class ChangeQuerySet(models.QuerySet["Change"]):
    def readable_by(self, user: AbstractUser | AnonymousUser) -> ChangeQuerySet:
        """Changes of such things as this person may see: no opportunities for who sees no opportunities."""
        if not user.has_perm(VIEW_CHANGES):
            return self.none()
        seen = [label for label, each in tracked().items() if user.has_perm(each.permission)]
        return self if len(seen) == len(tracked()) else self.filter(model__in=seen)

    def visible_to(self, user: AbstractUser | AnonymousUser) -> ChangeQuerySet:
        """Changes of what this person may see, on customers that this person may see.

        How the company is set up belongs to no customer: its changes are for whoever sees all customers.
        """
        rows = self.readable_by(user)
        if user.has_perm(files().see_all):
            return rows
        return rows.filter(customer_id__in=files().model._default_manager.visible_to(user).values("pk"))  # type: ignore[attr-defined]

    def of(self, thing: models.Model) -> ChangeQuerySet:
        """The changes of one row."""
        return self.filter(model=thing._meta.label_lower, object_id=thing.pk)

    def latest_first(self) -> ChangeQuerySet:
        return self.order_by("-at", "-id")


class Change(models.Model):
    """One row that was added, changed or removed: by whom, when, and the old and the new value of each changed field.

    Written by triggers of the database, so that changes of many rows, imports and plain SQL are recorded like any
    other; never changed, and deleted only by an erasure. It refers to nothing: what it tells of may be long gone.
    """

    class Kind(models.TextChoices):
        ADDED = "added", pgettext_lazy("change", "Added")
        CHANGED = "changed", pgettext_lazy("change", "Changed")
        REMOVED = "removed", pgettext_lazy("change", "Removed")

    at = models.DateTimeField(_("when"), db_default=Now())
    model = models.CharField(_("what"), max_length=60)
    object_id = models.BigIntegerField(_("number"))
    customer_id = models.BigIntegerField(_("customer"), null=True)
    kind = models.CharField(_("change"), max_length=7, choices=Kind.choices)
    title = models.CharField(_("name"), max_length=200, blank=True)
    # By column: [before, after]; of a many-to-many field the keys that went and those that came.
    fields = models.JSONField(_("fields"), default=dict)
    user = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.DO_NOTHING,
        null=True,
        related_name="+",
        db_constraint=False,
        db_index=False,
        verbose_name=_("who"),
    )
    job = models.CharField(_("job"), max_length=40, blank=True)
    file_name = models.CharField(_("file"), max_length=255, blank=True)

    objects = ChangeQuerySet.as_manager()

    class Meta:
        verbose_name = _("change")
        verbose_name_plural = _("changes")
        default_permissions = ("view",)
        permissions = [
            ("see_company_changes", _("Sees the changes of the whole company")),
            ("erase_changes", _("Can erase the changes of a customer")),
        ]
        indexes = [
            models.Index(fields=["at", "id"], name="change_by_time"),
            models.Index(fields=["customer_id", "at", "id"], name="change_by_customer"),
            models.Index(fields=["user", "at", "id"], name="change_by_user"),
            models.Index(fields=["model", "object_id", "id"], name="change_by_object"),
        ]

    def __str__(self) -> str:
        return f"{self.model} {self.object_id} ({self.kind})"
