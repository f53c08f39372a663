from django.conf import settings
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm_site.lib.jobs.models import Job


class ImportQuerySet(models.QuerySet["Import"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> "ImportQuerySet":
        """The imports that this person may see: files name customers, so that of others only to who sees everybody."""
        if not user.has_perm("customers.view_import"):
            return self.none()
        return self if user.has_perm("customers.see_all_customers") else self.filter(requested_by=user)


class Import(models.Model):
    """One file that was read in: what it was, and what became of each of its rows.

    accepted + rejected + skipped = rows of the file, always; `updated` of the accepted ones changed what was here.
    """

    class Kind(models.TextChoices):
        ORDERS = "orders", _("Orders")
        CUSTOMERS = "customers", _("Customers")
        PERSONS = "contact-persons", _("Contact persons")
        MOMENTS = "contact-moments", _("Contact moments")

    class Mode(models.TextChoices):
        BOTH = "both", _("Add new ones and change those that are here")
        CREATE = "create", _("Only add new ones")
        UPDATE = "update", _("Only change those that are here")

    class Key(models.TextChoices):
        REFERENCE = "reference", _("Reference")
        EMAIL = "email", _("E-mail address")
        PHONE = "phone", _("Phone")
        NAME = "name", _("Name and postal code")

    file_name = models.CharField(_("file"), max_length=255)
    kind = models.CharField(_("holds"), max_length=16, choices=Kind.choices, default=Kind.ORDERS)
    mapping = models.TextField(_("column mapping"))
    mode = models.CharField(_("new and known ones"), max_length=8, choices=Mode.choices, blank=True)
    key = models.CharField(_("recognised by"), max_length=10, choices=Key.choices, blank=True)
    header = models.JSONField(_("columns of the file"), default=list, blank=True)
    # Under which an uploaded file waits for its columns to be named; empty once the import was asked for.
    stored_file = models.CharField(max_length=40, blank=True, editable=False)
    requested_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, verbose_name=_("requested by")
    )
    job = models.ForeignKey(Job, models.SET_NULL, null=True, blank=True, verbose_name=_("job"))
    created_at = models.DateTimeField(_("started"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished"), null=True, blank=True)
    rows = models.PositiveIntegerField(_("rows"), default=0)
    accepted = models.PositiveIntegerField(_("accepted"), default=0)
    rejected = models.PositiveIntegerField(_("rejected"), default=0)
    updated = models.PositiveIntegerField(_("updated"), default=0)
    skipped = models.PositiveIntegerField(_("skipped"), default=0, help_text=_("Already known from an earlier import."))
    undo_job = models.ForeignKey(
        Job, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("job that takes it back")
    )
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)
    undone = models.PositiveIntegerField(_("taken back"), default=0)

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
            ),
            models.CheckConstraint(
                condition=models.Q(updated__lte=models.F("accepted")),
                name="import_updates_are_accepted",
                violation_error_message=_("Updated rows are some of the accepted ones."),
            ),
        ]

    def __str__(self) -> str:
        return self.file_name

    @property
    def can_be_undone(self) -> bool:
        """Whether it brought customers or contact moments, and nobody has asked for them to be taken back."""
        asked = self.undo_job is not None and self.undo_job.state not in {Job.State.FAILED, Job.State.CANCELLED}
        return bool(self.kind != self.Kind.ORDERS and self.accepted and self.undone_at is None and not asked)

    @property
    def created(self) -> int:
        """Rows that became something new."""
        return self.accepted - self.updated


class ImportRejection(models.Model):
    """A row that was not taken, and all that is wrong with it: the first fault, and the others in `further`.

    A reason is a code; its sentence is made in the reader's language.
    """

    source = models.ForeignKey(
        Import, models.CASCADE, db_index=False, related_name="rejections", verbose_name=_("import")
    )
    line = models.PositiveIntegerField(_("line"))
    column = models.CharField(_("column"), max_length=80, blank=True)
    value = models.CharField(_("value"), max_length=200, blank=True)
    reason = models.CharField(_("reason"), max_length=40)
    # Column, value and reason of each fault besides.
    further = models.JSONField(_("other faults"), default=list, db_default=[], blank=True)
    # The row as it stood in the file, to be mended there.
    cells = models.JSONField(_("cells"), default=list, db_default=[], blank=True)

    class Meta:
        verbose_name = _("rejected row")
        verbose_name_plural = _("rejected rows")
        ordering = ["line", "id"]
        indexes = [models.Index(fields=["source", "line", "id"], name="rejection_by_line")]

    def __str__(self) -> str:
        return f"{self.line}: {self.reason}"


class ImportChange(models.Model):
    """What an import did to one customer or contact moment: the way back, and how to know whether it is still open.

    `record_id` is no foreign key: the row outlives what it tells of, and a file of a million rows has a million of it.
    """

    source = models.ForeignKey(
        Import, models.CASCADE, related_name="changes", db_constraint=False, verbose_name=_("import")
    )
    record_id = models.BigIntegerField(_("record"))
    before = models.JSONField(_("before"), null=True, blank=True, help_text=_("Empty for what the import created."))
    # Fingerprint of the record as the import left it.
    after = models.CharField(max_length=32)

    class Meta:
        verbose_name = _("imported record")
        verbose_name_plural = _("imported records")
        ordering = ["id"]

    def __str__(self) -> str:
        return f"{self.source_id}: {self.record_id}"
