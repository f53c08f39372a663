"""What-if: scenarios that somebody made, with the result that they came to. No record is ever changed by one."""

from django.conf import settings
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import models
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from crm_site.lib.jobs.models import Job
from customers.models import Run
from profitability.permissions import SEE_VALUE


class ScenarioQuerySet(models.QuerySet["Scenario"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> "ScenarioQuerySet":
        """One's own scenarios and those shared with one or one's team, for whoever may see what customers earn."""
        if not user.is_authenticated or not user.has_perm(SEE_VALUE):
            return self.none()
        mine = models.Q(owner=user) | models.Q(for_all=True)
        team = getattr(user, "team_id", None)
        return self.filter(mine | models.Q(team=team) if team else mine)


class Scenario(models.Model):
    """A what-if: levers with the reactions that are assumed, and what they made of the figures of one run."""

    name = models.CharField(_("name"), max_length=120)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="scenarios", verbose_name=_("owner")
    )
    team = models.ForeignKey(
        "accounts.Team", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("shared with team")
    )
    for_all = models.BooleanField(_("shared with everybody who may see what customers earn"), default=False)
    levers = models.JSONField(_("levers"), default=list, blank=True)
    run = models.ForeignKey(
        Run, models.SET_NULL, null=True, blank=True, related_name="scenarios", verbose_name=_("recompute")
    )
    job = models.ForeignKey(Job, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("job"))
    result = models.JSONField(_("result"), default=dict, blank=True)
    computed_at = models.DateTimeField(_("computed"), null=True, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    changed_at = models.DateTimeField(_("changed"), auto_now=True)

    objects = ScenarioQuerySet.as_manager()

    class Meta:
        verbose_name = _("scenario")
        verbose_name_plural = _("scenarios")
        ordering = ["-changed_at", "-id"]
        indexes = [models.Index(fields=["owner", "-changed_at"], name="scenario_by_owner")]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("scenario", args=[self.pk])
