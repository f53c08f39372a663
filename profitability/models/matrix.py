"""The customer × product matrix of a run, kept as long as the run's own rows."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm_site.lib.jobs.models import Job
from customers.models import Run


class ProductMatrix(models.Model):
    """What groups of customers earn on each family of products and on the best-selling products, in one run.

    Computed when somebody first asks, or after a recompute; some hundred cells for each way of grouping, however many
    customers there are.
    """

    run = models.OneToOneField(Run, models.CASCADE, related_name="matrix", verbose_name=_("recompute"))
    job = models.ForeignKey(Job, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("job"))
    computed_at = models.DateTimeField(_("computed"), null=True)
    totals = models.JSONField(_("totals"), default=dict)

    class Meta:
        verbose_name = _("customer × product matrix")
        verbose_name_plural = _("customer × product matrices")
        ordering = ["-run"]

    def __str__(self) -> str:
        return str(self.run_id)
