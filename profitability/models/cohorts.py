"""How customers won in the same month, or by the same source, fared since."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from crm_site.lib.jobs.models import Job
from customers.models import Run


class RunCohorts(models.Model):
    """The cohorts of one run, added up: computed when somebody first asks, kept as long as the run."""

    run = models.OneToOneField(Run, models.CASCADE, related_name="cohorts", verbose_name=_("recompute"))
    job = models.ForeignKey(Job, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("job"))
    computed_at = models.DateTimeField(_("computed"), null=True)
    totals = models.JSONField(_("totals"), default=dict)

    class Meta:
        verbose_name = _("cohorts of a recompute")
        verbose_name_plural = _("cohorts of recomputes")
        ordering = ["-run"]

    def __str__(self) -> str:
        return str(self.run)
