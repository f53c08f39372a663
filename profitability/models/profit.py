from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.models import Run


class ProfitChange(models.Model):
    """Whose profit changed from one run to the next: found while the rows of the earlier run are there.

    Where another costing was in force it is kept for good, so that its effect can still be told years later; otherwise
    it goes with the rows of its run.
    """

    run = models.OneToOneField(Run, models.CASCADE, related_name="+", verbose_name=_("recompute"))
    previous = models.ForeignKey(Run, models.CASCADE, related_name="+", verbose_name=_("previous recompute"))
    another_costing = models.BooleanField(_("another costing"), default=False)
    totals = models.JSONField(_("totals"), default=dict)
    computed_at = models.DateTimeField(_("computed"), auto_now_add=True)

    class Meta:
        verbose_name = _("change of profits")
        verbose_name_plural = _("changes of profits")
        ordering = ["-run"]

    def __str__(self) -> str:
        return f"{self.previous_id} → {self.run_id}"
