from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.models import Run


class EquityBridge(models.Model):
    """Why customer equity changed from one run to the next, kept because the earlier run's rows are soon dropped."""

    run = models.OneToOneField(Run, models.CASCADE, related_name="equity_bridge", verbose_name=_("recompute"))
    previous = models.ForeignKey(Run, models.CASCADE, related_name="+", verbose_name=_("previous recompute"))
    totals = models.JSONField(_("totals"), default=dict)
    computed_at = models.DateTimeField(_("computed"), auto_now_add=True)

    class Meta:
        verbose_name = _("change of customer equity")
        verbose_name_plural = _("changes of customer equity")
        ordering = ["-run"]

    def __str__(self) -> str:
        return f"{self.previous_id} → {self.run_id}"
