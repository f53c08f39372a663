from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm_site.lib.names import BilingualName
from profitability.drivers import known_driver
from profitability.equation_words import known_equation
from profitability.equations import LONGEST
from profitability.models.costing import Costing, CostPool, refuse_published

HUNDRED = Decimal(100)


class Activity(BilingualName):
    """Something the company does for customers: process an order, answer a call, visit.

    Traditional: takes a percentage of cost pools, and shares it out by the quantity of one driver. Time-driven: takes
    minutes of one cost pool's capacity, as its time equation says; unused capacity is charged to nobody.
    """

    class Method(models.TextChoices):
        TRADITIONAL = "traditional", _("Traditional")
        TIME_DRIVEN = "time_driven", _("Time-driven")

    costing = models.ForeignKey(Costing, models.CASCADE, related_name="activities", verbose_name=_("costing"))
    method = models.CharField(_("method"), max_length=11, choices=Method.choices, default=Method.TRADITIONAL)
    driver = models.CharField(
        _("driver"),
        max_length=60,
        blank=True,
        validators=[known_driver],
        help_text=_("What a traditional activity is shared out by."),
    )
    resource = models.ForeignKey(
        CostPool,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="time_driven_activities",
        verbose_name=_("resource"),
        help_text=_("The cost pool whose minutes a time-driven activity uses."),
    )
    equation = models.CharField(
        _("time equation"),
        max_length=LONGEST,
        blank=True,
        validators=[known_equation],
        help_text=_("The minutes of a time-driven activity, by driver: 8 * orders + 2 * order_lines."),
    )
    estimated_percent = models.DecimalField(
        _("estimated share of the resource (per cent)"),
        max_digits=7,
        decimal_places=4,
        null=True,
        blank=True,
        help_text=_(
            "What people say that a time-driven activity takes of its resource; only to compare the traditional rate "
            "with the time-driven one."
        ),
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)

    class Meta:
        verbose_name = _("activity")
        verbose_name_plural = _("activities")
        ordering = ["position", "id"]
        constraints = [
            models.UniqueConstraint(
                fields=["costing", "name"],
                name="activity_name_unique",
                violation_error_message=_("This costing already has an activity of this name."),
            ),
            models.CheckConstraint(
                condition=(Q(method="traditional") & ~Q(driver="") & Q(resource__isnull=True) & Q(equation=""))
                | (Q(method="time_driven") & Q(driver="") & Q(resource__isnull=False)),
                name="activity_driver_or_resource",
                violation_error_message=_(
                    "A traditional activity needs a driver and no resource; a time-driven one needs a resource, "
                    "and its drivers stand in its time equation."
                ),
            ),
            models.CheckConstraint(
                condition=Q(estimated_percent__isnull=True) | Q(estimated_percent__gt=0, estimated_percent__lte=100),
                name="activity_estimate_is_a_percentage",
                violation_error_message=_("A share is more than 0 and at most 100 per cent."),
            ),
        ]

    def clean(self) -> None:
        if hasattr(self, "costing"):
            refuse_published(self.costing)
        if self.resource and self.resource.costing_id != self.costing_id:
            raise ValidationError({"resource": _("The resource must belong to the same costing.")})
        if self.resource and self.resource.practical_capacity_minutes is None:
            raise ValidationError({"resource": _("A time-driven activity needs a resource with a practical capacity.")})


class ActivityShare(models.Model):
    """The percentage of a cost pool that a traditional activity takes."""

    activity = models.ForeignKey(Activity, models.CASCADE, related_name="shares", verbose_name=_("activity"))
    pool = models.ForeignKey(CostPool, models.CASCADE, related_name="shares", verbose_name=_("cost pool"))
    percent = models.DecimalField(_("percent"), max_digits=7, decimal_places=4)

    class Meta:
        verbose_name = _("share of a cost pool")
        verbose_name_plural = _("shares of cost pools")
        ordering = ["activity", "pool"]
        constraints = [
            models.UniqueConstraint(
                fields=["activity", "pool"],
                name="activity_share_once_per_pool",
                violation_error_message=_("This activity already takes a share of this cost pool."),
            ),
            models.CheckConstraint(
                condition=Q(percent__gt=0, percent__lte=100),
                name="activity_share_is_a_percentage",
                violation_error_message=_("A share is more than 0 and at most 100 per cent."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.percent} %"

    def clean(self) -> None:
        if not (hasattr(self, "activity") and hasattr(self, "pool")):
            return  # what is missing is said beside its own field
        refuse_published(self.pool.costing)
        if self.activity.costing_id != self.pool.costing_id:
            raise ValidationError({"pool": _("The cost pool must belong to the same costing.")})
        if self.activity.method != Activity.Method.TRADITIONAL:
            raise ValidationError({"activity": _("A time-driven activity takes minutes of its resource, not a share.")})
        others = self.pool.shares.exclude(pk=self.pk).aggregate(total=models.Sum("percent"))["total"] or 0
        if self.percent is not None and others + self.percent > HUNDRED:
            raise ValidationError({"percent": _("The shares of a cost pool cannot exceed 100 per cent together.")})
