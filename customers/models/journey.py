from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.models.moment import Touchpoint


class JourneyStep(models.Model):
    """One touchpoint in one of the usual periods, counted over all customers before anybody asks.

    Counted anew after each recompute; all steps of a period are replaced at once.
    """

    period = models.CharField(_("period"), max_length=10, blank=True)  # as the journey page names it
    since = models.DateField(_("first day"))
    until = models.DateField(_("last day"))
    place = models.PositiveSmallIntegerField(_("place in the journey"))
    touchpoint = models.ForeignKey(Touchpoint, models.CASCADE, related_name="+", verbose_name=_("touchpoint"))
    following = models.ForeignKey(
        Touchpoint, models.CASCADE, null=True, related_name="+", verbose_name=_("next touchpoint")
    )
    moments = models.BigIntegerField(_("contact moments"))
    minutes = models.DecimalField(_("minutes"), max_digits=16, decimal_places=2, null=True)
    customers = models.IntegerField(_("customers reached"))
    went_on = models.IntegerField(_("customers who reached the next"))
    moods = models.IntegerField(_("moods noted"))
    happy = models.IntegerField(_("of these, happy"))
    # Month, moments and minutes of each month: see `journey_reports.Met`.
    months = models.JSONField(_("by month"), default=list, blank=True)
    counted_at = models.DateTimeField(_("counted"))

    class Meta:
        verbose_name = _("step of the customer journey")
        verbose_name_plural = _("steps of the customer journey")
        ordering = ["period", "place"]
        constraints = [models.UniqueConstraint(fields=["period", "touchpoint"], name="journey_step_once_a_period")]

    def __str__(self) -> str:
        return f"{self.touchpoint_id} {self.since}–{self.until}"
