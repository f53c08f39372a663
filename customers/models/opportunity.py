from django.conf import settings
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm_site.lib.fields import CentsField
from crm_site.lib.names import BilingualName
from customers.models.customer import AcquisitionSource, Customer


class OpportunityStage(BilingualName):
    """A step on the way to winning a sale: a column of the board."""

    class Outcome(models.TextChoices):
        OPEN = "open", _("Still open")
        WON = "won", _("Won")
        LOST = "lost", _("Lost")

    position = models.PositiveSmallIntegerField(_("position"), default=0)
    probability = models.PositiveSmallIntegerField(_("probability (%)"), default=0)
    outcome = models.CharField(_("outcome"), max_length=4, choices=Outcome.choices, default=Outcome.OPEN)

    class Meta:
        verbose_name = _("stage of opportunities")
        verbose_name_plural = _("stages of opportunities")
        ordering = ["position", "id"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(probability__lte=100),
                name="opportunity_stage_probability",
                violation_error_message=_("A probability is between 0 and 100."),
            )
        ]


class OpportunityQuerySet(models.QuerySet["Opportunity"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> "OpportunityQuerySet":
        """Opportunities with customers that one may see."""
        if not user.has_perm("customers.view_opportunity"):
            return self.none()
        if user.has_perm("customers.see_all_customers"):
            return self
        return self.filter(customer__in=Customer.objects.visible_to(user))


class Opportunity(models.Model):
    """A sale that could be won from a prospect or customer."""

    class LossReason(models.TextChoices):
        PRICE = "price", _("Price")
        PRODUCT = "product", _("Product did not fit")
        SERVICE = "service", _("Service")
        TIMING = "timing", _("Not now")
        # Why customers choose the lesser offer: the three reasons of the literature.
        ORDERS = "orders", _("Buyer had orders to buy elsewhere")
        LONG_TERM_COST = "long_term_cost", _("Buyer was unaware of the long-term cost")
        RELATION = "relation", _("Buyer's relation with the other seller")
        OTHER = "other", _("Another reason")

    title = models.CharField(_("title"), max_length=160)
    customer = models.ForeignKey(Customer, models.CASCADE, related_name="opportunities", verbose_name=_("customer"))
    stage = models.ForeignKey(OpportunityStage, models.PROTECT, related_name="opportunities", verbose_name=_("stage"))
    expected_value = CentsField(_("expected value"), null=True, blank=True)
    expected_on = models.DateField(_("expected on"), null=True, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="opportunities",
        verbose_name=_("owner"),
    )
    source = models.ForeignKey(
        AcquisitionSource,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("acquisition source"),
    )
    cost = CentsField(_("cost of winning"), null=True, blank=True)
    loss_reason = models.CharField(_("reason of loss"), max_length=14, choices=LossReason.choices, blank=True)
    note = models.TextField(_("note"), blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    closed_at = models.DateTimeField(_("closed"), null=True, blank=True, editable=False)

    objects = OpportunityQuerySet.as_manager()

    class Meta:
        verbose_name = _("opportunity")
        verbose_name_plural = _("opportunities")
        indexes = [models.Index(fields=["stage", "-expected_value", "-id"], name="opportunity_by_stage")]

    def __str__(self) -> str:
        return self.title
