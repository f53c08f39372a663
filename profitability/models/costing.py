from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm_site.lib.fields import CentsField
from crm_site.lib.names import BilingualName


class CostingQuerySet(models.QuerySet["Costing"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> "CostingQuerySet":
        """The costings that this person may see."""
        return self if user.has_perm("profitability.view_costing") else self.none()

    def current(self) -> "Costing | None":
        """The costing that recomputes use (1 query); none before one was published."""
        return self.filter(is_current=True).first()

    def drafts(self) -> "CostingQuerySet":
        """Those that can still be changed."""
        return self.filter(published_at=None)


class Costing(models.Model):
    """A version of how costs reach customers: cost pools with their amounts, activities, drivers.

    A draft is edited until it is published; from then on nothing of it changes any more, which the database sees to,
    and changes are made to a copy. One published version is the current one: that which recomputes use.
    """

    name = models.CharField(_("name"), max_length=120)
    is_current = models.BooleanField(_("current"), default=False)
    published_at = models.DateTimeField(_("published"), null=True, blank=True)
    copied_from = models.ForeignKey(
        "self", models.SET_NULL, null=True, blank=True, editable=False, related_name="+", verbose_name=_("copied from")
    )
    default_cost_ratio = models.DecimalField(
        _("assumed cost of goods"),
        max_digits=5,
        decimal_places=4,
        null=True,
        blank=True,
        help_text=_(
            "Share of the price, 0 to 1, taken as the cost of goods of order lines whose unit cost is unknown; "
            "empty to count no cost for them."
        ),
    )

    objects = CostingQuerySet.as_manager()

    class Meta:
        verbose_name = _("costing")
        verbose_name_plural = _("costings")
        ordering = ["-id"]
        permissions = [("view_profitability", _("Can see what customers earn and cost"))]
        constraints = [
            models.UniqueConstraint(
                fields=["is_current"],
                condition=Q(is_current=True),
                name="costing_single_current",
                violation_error_message=_("Another costing is the current one."),
            ),
            models.CheckConstraint(
                condition=Q(is_current=False) | Q(published_at__isnull=False),
                name="costing_current_is_published",
                violation_error_message=_("Only a published costing can be the current one."),
            ),
            models.CheckConstraint(
                condition=Q(default_cost_ratio__isnull=True) | Q(default_cost_ratio__gte=0, default_cost_ratio__lte=1),
                name="costing_cost_ratio_is_a_share",
                violation_error_message=_("The assumed cost of goods is a share of the price, from 0 to 1."),
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_draft(self) -> bool:
        return self.published_at is None


def refuse_published(costing: Costing) -> None:
    """Say in words what the database would refuse: a change to a published costing."""
    if not costing.is_draft:
        raise ValidationError(
            _("“%(costing)s” was published and no longer changes. Copy it to a new draft.") % {"costing": costing}
        )


class CostPool(BilingualName):
    """A resource that costs money each month: the call centre, the warehouse, the sales force.

    Activities take parts of it; what they leave stays at company level, and so does a pool that is marked so as a
    whole. A pool whose minutes time-driven activities use has a practical capacity.
    """

    costing = models.ForeignKey(Costing, models.CASCADE, related_name="pools", verbose_name=_("costing"))
    practical_capacity_minutes = models.DecimalField(
        _("practical capacity (minutes a month)"),
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_(
            "Minutes that the people or machines can really work in a month, unless another figure was entered for it; "
            "only for time-driven activities."
        ),
    )
    company_level = models.BooleanField(
        _("kept at company level"),
        default=False,
        help_text=_("Charged to no customer on purpose; a cost pool without an activity is otherwise refused."),
    )

    class Meta:
        verbose_name = _("cost pool")
        verbose_name_plural = _("cost pools")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["costing", "name"],
                name="cost_pool_name_unique",
                violation_error_message=_("This costing already has a cost pool of this name."),
            ),
            models.CheckConstraint(
                condition=Q(practical_capacity_minutes__isnull=True) | Q(practical_capacity_minutes__gt=0),
                name="cost_pool_capacity_positive",
                violation_error_message=_("The practical capacity must be greater than zero."),
            ),
        ]

    def clean(self) -> None:
        if hasattr(self, "costing"):
            refuse_published(self.costing)


class CostPoolAmount(models.Model):
    """What a cost pool cost in one month, and what its practical capacity was if it was not the usual one."""

    pool = models.ForeignKey(CostPool, models.CASCADE, related_name="amounts", verbose_name=_("cost pool"))
    month = models.DateField(_("month"), help_text=_("The first day of the month."))
    amount = CentsField(_("amount"))
    capacity_minutes = models.DecimalField(
        _("practical capacity of the month (minutes)"),
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("Empty: the usual capacity of the cost pool."),
    )

    class Meta:
        verbose_name = _("amount of a cost pool")
        verbose_name_plural = _("amounts of cost pools")
        ordering = ["pool", "month"]
        constraints = [
            models.UniqueConstraint(
                fields=["pool", "month"],
                name="cost_pool_amount_once_a_month",
                violation_error_message=_("This cost pool already has an amount for this month."),
            ),
            models.CheckConstraint(
                condition=Q(month__day=1),
                name="cost_pool_amount_first_of_month",
                violation_error_message=_("Give the first day of the month."),
            ),
            models.CheckConstraint(
                condition=Q(amount__gte=0),
                name="cost_pool_amount_not_negative",
                violation_error_message=_("The amount of a cost pool cannot be negative."),
            ),
            models.CheckConstraint(
                condition=Q(capacity_minutes__isnull=True) | Q(capacity_minutes__gt=0),
                name="cost_pool_amount_capacity_positive",
                violation_error_message=_("The practical capacity must be greater than zero."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}: {self.amount}"

    def clean(self) -> None:
        if hasattr(self, "pool"):
            refuse_published(self.pool.costing)
