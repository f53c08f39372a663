"""Customers as a portfolio of shares: the months of each group, and what was found in them."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm_site.lib.jobs.models import Job
from customers.models import Run


class RunPortfolio(models.Model):
    """The sums of one run that its portfolio is worked out from: made when first asked for, kept as long as the run.

    `history` holds profit and cost of each group by month, `customers` what is told of single customers, and
    `concentration` how much hangs on the best of them.
    """

    run = models.OneToOneField(Run, models.CASCADE, related_name="portfolio", verbose_name=_("recompute"))
    job = models.ForeignKey(Job, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("job"))
    computed_at = models.DateTimeField(_("computed"), null=True)
    history = models.JSONField(_("history of groups"), default=dict)
    customers = models.JSONField(_("single customers"), default=dict)
    concentration = models.JSONField(_("concentration"), default=dict)

    class Meta:
        verbose_name = _("portfolio of a recompute")
        verbose_name_plural = _("portfolios of recomputes")
        ordering = ["-run"]

    def __str__(self) -> str:
        return str(self.run)


class PortfolioAnalysis(models.Model):
    """Return, risk, correlations and mixes of some groups, as somebody asked for them."""

    portfolio = models.ForeignKey(
        RunPortfolio, models.CASCADE, related_name="analyses", verbose_name=_("portfolio of a recompute")
    )
    question = models.CharField(_("question"), max_length=120, help_text=_("The filters of the page, as one text."))
    totals = models.JSONField(_("totals"), default=dict)

    class Meta:
        verbose_name = _("analysis of a portfolio")
        verbose_name_plural = _("analyses of portfolios")
        ordering = ["-portfolio", "question"]
        constraints = [
            models.UniqueConstraint(fields=["portfolio", "question"], name="portfolio_analysis_once_a_question")
        ]

    def __str__(self) -> str:
        return f"{self.question} ({self.portfolio_id})"
