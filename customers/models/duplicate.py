from django.conf import settings
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.models.customer import Customer


class DuplicatePairQuerySet(models.QuerySet["DuplicatePair"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> "DuplicatePairQuerySet":
        """Pairs of which this person may see both customers."""
        if user.has_perm("customers.view_customer") and user.has_perm("customers.see_all_customers"):
            return self
        seen = Customer.objects.visible_to(user)
        return self.filter(first__in=seen, second__in=seen)

    def open(self) -> "DuplicatePairQuerySet":
        return self.filter(state=DuplicatePair.State.OPEN)


class DuplicatePair(models.Model):
    """Two customers that look like one, with the score and the reasons; the lower id stands first."""

    class State(models.TextChoices):
        OPEN = "open", _("To be looked at")
        DIFFERENT = "different", _("Not the same")

    first = models.ForeignKey(Customer, models.CASCADE, related_name="+", verbose_name=_("customer"))
    second = models.ForeignKey(Customer, models.CASCADE, related_name="+", verbose_name=_("customer"))
    score = models.PositiveSmallIntegerField(_("likeness"), help_text=_("0 to 100."))
    reasons = models.JSONField(_("reasons"), default=list)
    state = models.CharField(_("state"), max_length=10, choices=State.choices, default=State.OPEN)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("decided by")
    )
    found_at = models.DateTimeField(_("found"), auto_now_add=True)

    objects = DuplicatePairQuerySet.as_manager()

    class Meta:
        verbose_name = _("likely duplicate")
        verbose_name_plural = _("likely duplicates")
        indexes = [models.Index(fields=["state", "-score", "-id"], name="duplicate_by_score")]
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="duplicate_pair_once"),
            models.CheckConstraint(condition=models.Q(first__lt=models.F("second")), name="duplicate_pair_ordered"),
        ]

    def __str__(self) -> str:
        return f"{self.first_id} = {self.second_id} ({self.score})"


class MergeQuerySet(models.QuerySet["Merge"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> "MergeQuerySet":
        """Merges whose kept customer this person may see."""
        if user.has_perm("customers.view_customer") and user.has_perm("customers.see_all_customers"):
            return self
        return self.filter(kept__in=Customer.objects.visible_to(user))

    def standing(self) -> "MergeQuerySet":
        """Those that were not undone."""
        return self.filter(undone_at=None)


class Merge(models.Model):
    """One customer taken up into another: everything that is needed to undo it until one of both has changed.

    `gone` holds the columns of the customer that went, `before` and `after` those of the one that stayed. `moved` holds
    under `rows` the keys of the rows that changed hands, by model and field; under `aside` the columns of rows that the
    kept customer had already; under `own` what models that are merged in a way of their own need to be undone.
    """

    kept = models.ForeignKey(Customer, models.CASCADE, related_name="merges", verbose_name=_("kept customer"))
    gone_id = models.BigIntegerField()
    gone_reference = models.CharField(_("reference of the other"), max_length=40)
    gone = models.JSONField(default=dict)
    before = models.JSONField(default=dict)
    after = models.JSONField(default=dict)
    moved = models.JSONField(default=dict)
    merged_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("merged by")
    )
    merged_at = models.DateTimeField(_("merged"), auto_now_add=True)
    undone_at = models.DateTimeField(_("undone"), null=True, blank=True)

    objects = MergeQuerySet.as_manager()

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.gone_reference} → {self.kept_id}"

    @property
    def gone_name(self) -> str:
        """The name of the customer that went."""
        return f"{self.gone.get('given_name', '')} {self.gone.get('name', '')}".strip()

    @property
    def gone_label(self) -> str:
        """Name and reference of the customer that went: two that were merged often bear the same name."""
        return f"{self.gone_name} ({self.gone_reference})"
