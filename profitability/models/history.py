"""What each customer was worth month by month: kept when the rows of old runs are gone."""

from django.db import models
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from crm_site.lib.fields import CentsField
from customers.models import Customer, Run
from customers.models.scorecard import Category


class ValueSnapshot(models.Model):
    """The state of all ranked customers in one month, as its first recompute found it."""

    month = models.DateField(
        _("month"), unique=True, error_messages={"unique": _("There is already a snapshot of this month.")}
    )
    as_of = models.DateField(_("figures as of"))
    run = models.ForeignKey(Run, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("recompute"))
    customers = models.IntegerField(_("customers"), default=0)
    taken_at = models.DateTimeField(_("taken"), db_default=Now())

    class Meta:
        verbose_name = _("snapshot of values")
        verbose_name_plural = _("snapshots of values")
        ordering = ["-month"]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(month__day=1),
                name="value_snapshot_of_a_month",
                violation_error_message=_("Give the first day of the month."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m}"


class ValuePoint(models.Model):
    """One customer in one snapshot: a partition for each, written once, in the order of customers."""

    pk = models.CompositePrimaryKey("snapshot_id", "customer_id")
    snapshot = models.ForeignKey(
        ValueSnapshot, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    customer = models.ForeignKey(
        Customer, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="value_points"
    )
    lifetime_value = CentsField(_("lifetime value"), null=True)
    profit = CentsField(_("profit"), help_text=_("Since the first order."))
    category = models.SmallIntegerField(_("category"), choices=Category.choices, null=True)

    class Meta:
        verbose_name = _("value of a customer in a month")
        verbose_name_plural = _("values of customers by month")

    def __str__(self) -> str:
        return f"{self.customer_id} ({self.snapshot_id})"
