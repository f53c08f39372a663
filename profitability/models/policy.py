from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _

from crm_site.lib.fields import CentsField
from customers.models.scorecard import Category


class CategoryPolicy(models.Model):
    """What the company does with the customers of one category, in both languages."""

    category = models.SmallIntegerField(_("category"), choices=Category.choices, primary_key=True)
    text = models.TextField(_("policy"))
    text_fr = models.TextField(_("policy in French"), blank=True)

    class Meta:
        verbose_name = _("policy of a category")
        verbose_name_plural = _("policies of categories")
        ordering = ["category"]
        constraints = [
            models.CheckConstraint(condition=Q(category__in=Category.values), name="category_policy_known_category")
        ]

    def __str__(self) -> str:
        return str(self.get_category_display())

    @property
    def label(self) -> str:
        """The policy in the reader's language."""
        french = (get_language() or "").startswith("fr")
        return (self.text_fr if french else "") or self.text


class ValuePolicy(models.Model):
    """Where the four categories begin, and how the future is discounted: one row, edited by managers."""

    best_share = models.DecimalField(
        _("best share of customers"),
        max_digits=4,
        decimal_places=3,
        default=Decimal("0.20"),
        help_text=_("Customers of this best share by profit are the most profitable ones: 0.20 is one in five."),
    )
    fair_profit = CentsField(
        _("fairly profitable above"),
        default=Decimal(0),
        help_text=_("Profit that a fairly profitable customer exceeds."),
    )
    desirable_value = CentsField(
        _("desirable above"),
        default=Decimal(0),
        help_text=_("Lifetime value that makes a customer of little profit desirable."),
    )
    yearly_discount_rate = models.DecimalField(
        _("discount rate a year"),
        max_digits=4,
        decimal_places=3,
        default=Decimal("0.10"),
        help_text=_("How much less a euro is worth a year later: 0.10 is ten per cent."),
    )
    horizon_years = models.PositiveSmallIntegerField(
        _("horizon in years"),
        default=3,
        validators=[MinValueValidator(1), MaxValueValidator(20)],
        help_text=_("How far ahead future profit counts."),
    )

    class Meta:
        verbose_name = _("value policy")
        verbose_name_plural = _("value policy")
        constraints = [
            models.CheckConstraint(condition=Q(pk=1), name="value_policy_single_row"),
            models.CheckConstraint(
                condition=Q(best_share__gt=0, best_share__lte=1),
                name="value_policy_best_share_is_a_share",
                violation_error_message=_("The best share is more than 0 and at most 1."),
            ),
            models.CheckConstraint(
                condition=Q(yearly_discount_rate__gte=0, yearly_discount_rate__lt=1),
                name="value_policy_discount_rate_is_a_share",
                violation_error_message=_("The discount rate is at least 0 and less than 1."),
            ),
            models.CheckConstraint(
                condition=Q(horizon_years__gte=1, horizon_years__lte=20),
                name="value_policy_horizon_one_to_twenty_years",
                violation_error_message=_("The horizon is one to twenty years."),
            ),
        ]

    def __str__(self) -> str:
        return str(_("Value policy"))

    @classmethod
    def current(cls) -> "ValuePolicy":
        """The one policy (1 query); the defaults before anybody edited it."""
        return cls.objects.filter(pk=1).first() or cls(pk=1)
