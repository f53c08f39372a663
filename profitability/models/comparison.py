"""Which purchase model the company's own orders speak for."""

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm_site.lib.jobs.models import Job


class PurchaseModel(models.TextChoices):
    """The models of purchases, by the names under which they are kept; proper names, the same in every language."""

    BGNBD = "bgnbd", "BG/NBD"
    MBGNBD = "mbgnbd", "MBG/NBD"
    PARETO_NBD = "pareto_nbd", "Pareto/NBD"


class ModelComparisonQuerySet(models.QuerySet["ModelComparison"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> "ModelComparisonQuerySet":
        """The comparisons that this person may see."""
        return self if user.has_perm("profitability.view_profitability") else self.none()

    def latest_one(self) -> "ModelComparison | None":
        """The one that counts (1 query)."""
        return self.order_by("-id").first()

    def model_in_force(self) -> PurchaseModel:
        """The model that recomputes use (1 query): the winner of the latest comparison, or the default without one."""
        winner = self.order_by("-id").values_list("winner", flat=True).first()
        return PurchaseModel(winner) if winner else PurchaseModel.BGNBD


class ModelComparison(models.Model):
    """One comparison of all purchase models on orders that were held back, and what came of it; never changed."""

    job = models.ForeignKey(Job, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("job"))
    compared_at = models.DateTimeField(_("compared"), db_default=Now())
    as_of = models.DateField(_("orders until"))
    winner = models.CharField(
        _("best model"),
        max_length=10,
        choices=PurchaseModel.choices,
        blank=True,
        help_text=_("Empty where the orders do not suffice for a comparison."),
    )
    result = models.JSONField(_("result"), default=dict, blank=True)

    objects = ModelComparisonQuerySet.as_manager()

    class Meta:
        verbose_name = _("comparison of models")
        verbose_name_plural = _("comparisons of models")
        ordering = ["-id"]

    def __str__(self) -> str:
        return f"{self.as_of} {self.winner}"
