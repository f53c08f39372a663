from django.conf import settings
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm_site.lib.jobs.models import Job


class ImportQuerySet(models.QuerySet["Import"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> "ImportQuerySet":
        """The imports that this person may see."""
        return self if user.has_perm("customers.view_import") else self.none()


class Import(models.Model):
    """One file that was read in: what it was, and what became of each of its rows.

    accepted + rejected + skipped = rows of the file, always.
    """

    file_name = models.CharField(_("file"), max_length=255)
    mapping = models.CharField(_("column mapping"), max_length=255)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, verbose_name=_("requested by")
    )
    job = models.ForeignKey(Job, models.SET_NULL, null=True, blank=True, verbose_name=_("job"))
    created_at = models.DateTimeField(_("started"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    rows = models.PositiveIntegerField(_("rows"), default=0)
    accepted = models.PositiveIntegerField(_("accepted"), default=0)
    rejected = models.PositiveIntegerField(_("rejected"), default=0)
    skipped = models.PositiveIntegerField(_("skipped"), default=0, help_text=_("Already known from an earlier import."))

    objects = ImportQuerySet.as_manager()

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(rows=models.F("accepted") + models.F("rejected") + models.F("skipped")),
                name="import_rows_add_up",
                violation_error_message=_("Accepted, rejected and skipped rows must add up to the rows of the file."),
            )
        ]

    def __str__(self) -> str:
        return self.file_name


class ImportRejection(models.Model):
    """A row that was not taken, and why: `reason` is a code, its sentence is made in the reader's language."""

    source = models.ForeignKey(Import, models.CASCADE, related_name="rejections", verbose_name=_("import"))
    line = models.PositiveIntegerField(_("line"))
    column = models.CharField(_("column"), max_length=80, blank=True)
    value = models.CharField(_("value"), max_length=200, blank=True)
    reason = models.CharField(_("reason"), max_length=40)

    class Meta:
        verbose_name = _("rejected row")
        verbose_name_plural = _("rejected rows")
        ordering = ["line", "id"]
        indexes = [models.Index(fields=["source", "line", "id"], name="rejection_by_line")]

    def __str__(self) -> str:
        return f"{self.line}: {self.reason}"
