"""What a period of a run comes to for each customer: computed when somebody first asks, kept as long as the run."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm_site.lib.fields import CentsField
from crm_site.lib.jobs.models import Job
from customers.models import Customer, Run
from customers.models.scorecard import Category


class PeriodRanking(models.Model):
    """The ranking of some months of one run, and its sums by group; without months, that of all of them.

    Rankings of all months keep no rows of their own: those are the scorecards of the run.
    """

    run = models.ForeignKey(Run, models.CASCADE, related_name="rankings", verbose_name=_("recompute"))
    since = models.DateField(_("first month"), null=True)
    until = models.DateField(_("last month"), null=True)
    job = models.ForeignKey(Job, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("job"))
    computed_at = models.DateTimeField(_("computed"), null=True)
    totals = models.JSONField(_("totals"), default=dict)

    class Meta:
        verbose_name = _("ranking of a period")
        verbose_name_plural = _("rankings of periods")
        ordering = ["-run", "-until", "-since"]
        constraints = [
            models.UniqueConstraint(
                fields=["run", "since", "until"], name="period_ranking_once_a_run", nulls_distinct=False
            ),
            models.CheckConstraint(
                condition=models.Q(since__isnull=True, until__isnull=True)
                | models.Q(since__day=1, until__day=1, since__lte=models.F("until")),
                name="period_ranking_of_whole_months",
                violation_error_message=_("Give the first days of the first and the last month, or neither."),
            ),
        ]

    def __str__(self) -> str:
        return (
            f"{self.since:%Y-%m} – {self.until:%Y-%m} ({self.run_id})" if self.since and self.until else str(self.run)
        )


class PeriodFigure(models.Model):
    """One customer in one period, with the fields of a scorecard: a partition for each ranking."""

    pk = models.CompositePrimaryKey("ranking_id", "customer_id")
    ranking = models.ForeignKey(PeriodRanking, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    customer = models.ForeignKey(
        Customer, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="period_figures"
    )
    orders = models.IntegerField(_("orders"))
    net_revenue = CentsField(_("net revenue"))
    gross_margin = CentsField(_("gross margin"))
    cost_to_serve = CentsField(_("cost to serve"))
    direct_costs = CentsField(_("direct costs"))
    profit = CentsField(_("profit"))
    rank = models.IntegerField(_("rank"))
    cumulative = CentsField(_("cumulative profit"))
    cumulative_share = models.FloatField(_("cumulative share of profit"), null=True)
    category = models.SmallIntegerField(_("category"), choices=Category.choices)
    lifetime_value = CentsField(_("lifetime value"), null=True, help_text=_("As of the run, not of the period."))

    class Meta:
        verbose_name = _("figures of a period")
        verbose_name_plural = _("figures of periods")

    def __str__(self) -> str:
        return f"{self.customer_id} ({self.ranking_id})"
