"""What each run made of each cost pool, month by month: the reconciliation below that of the month as a whole."""

from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from crm_site.lib.fields import CentsField
from crm_site.lib.names import BilingualName
from customers.models import Run
from profitability.models.costing import CostPool


class RunPool(BilingualName):
    """A cost pool as it was when the run used it."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="pools", verbose_name=_("recompute"))
    pool = models.ForeignKey(
        CostPool, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("cost pool")
    )
    position = models.PositiveSmallIntegerField(_("position"))

    class Meta:
        verbose_name = _("cost pool of a recompute")
        verbose_name_plural = _("cost pools of recomputes")
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["run", "position"], name="run_pool_once_per_position")]


class RunPoolMonth(models.Model):
    """Where the amount of one cost pool went in one month of a run, to the cent.

    What customers and anonymous sales were charged for an activity that takes of several cost pools is shared out among
    these in proportion, so that the pools of a month add up to the month.
    """

    pool = models.ForeignKey(RunPool, models.CASCADE, related_name="months", verbose_name=_("cost pool"))
    month = models.DateField(_("month"))
    entered = CentsField(_("costs entered"))
    charged = CentsField(_("charged to customers"))
    charged_anonymous = CentsField(_("charged to anonymous sales"))
    unused_capacity = CentsField(_("unused capacity"))
    overload = CentsField(
        _("overload"), help_text=_("Charged for minutes beyond practical capacity: more than was entered.")
    )
    company_level = CentsField(_("kept at company level"))
    rounding_difference = CentsField(_("rounding difference"))
    # Minutes, where time-driven activities draw on the pool.
    capacity = models.FloatField(_("practical capacity (minutes)"), null=True)
    used = models.FloatField(_("minutes used"), null=True)

    class Meta:
        verbose_name = _("month of a cost pool of a recompute")
        verbose_name_plural = _("months of cost pools of recomputes")
        ordering = ["month", "pool"]
        constraints = [
            models.UniqueConstraint(fields=["pool", "month"], name="run_pool_once_a_month"),
            models.CheckConstraint(
                condition=Q(
                    entered=F("charged")
                    + F("charged_anonymous")
                    + F("unused_capacity")
                    - F("overload")
                    + F("company_level")
                    + F("rounding_difference")
                ),
                name="run_pool_month_reconciles",
                violation_error_message=_(
                    "Every cent that was entered must be charged, unused or kept at company level."
                ),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pool_id} {self.month:%Y-%m}"
