from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm_site.lib.fields import CentsField
from crm_site.lib.names import in_readers_language
from crm_site.lib.written import Blank, written
from customers.models.channel import Channel
from customers.models.customer import Customer
from customers.models.scorecard import Run


def shared_with(user: AbstractUser | AnonymousUser) -> models.Q:
    """What is one's own or shared with one's team."""
    mine = models.Q(owner_id=user.pk)
    team = getattr(user, "team_id", None)
    return mine | models.Q(team_id=team) if team else mine


class _Somebody:
    """Whoever is signed in: filled into statements that are written once for all of them."""

    is_authenticated = True
    pk = Blank("user")
    team_id = Blank("team")


SOMEBODY: Any = _Somebody()


class SavedViewQuerySet(models.QuerySet["SavedView"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> "SavedViewQuerySet":
        """One's own views and those shared with one's team."""
        return self.filter(shared_with(user)) if user.is_authenticated else self.none()

    def of_list(self, user: AbstractUser | AnonymousUser, list_name: str, limit: int) -> "list[SavedView]":
        """Those that this person may see of one list, pinned ones first (1 query, which every list asks)."""
        if not user.is_authenticated:
            return []

        def views() -> "SavedViewQuerySet":
            return self.visible_to(SOMEBODY).filter(list_name=Blank("list")).order_by("-is_pinned", "name")[:limit]

        asked = written(("views of a list", limit), views)
        return asked.read(user=user.pk, team=getattr(user, "team_id", None), list=list_name)


class SavedView(models.Model):
    """A list as somebody left it: its filters, order and columns, under a name; private or shared with a team."""

    name = models.CharField(_("name"), max_length=80)
    list_name = models.CharField(max_length=40, editable=False)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_views", verbose_name=_("owner")
    )
    team = models.ForeignKey(
        "accounts.Team", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("shared with team")
    )
    query = models.TextField(_("filters and order"), blank=True, help_text=_("As in the address of the list."))
    is_pinned = models.BooleanField(_("pinned"), default=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = SavedViewQuerySet.as_manager()

    class Meta:
        verbose_name = _("saved view")
        verbose_name_plural = _("saved views")
        ordering = ["-is_pinned", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["owner", "list_name", "name"],
                name="saved_view_name_unique",
                violation_error_message=_("You already have a view of this name."),
            )
        ]

    def __str__(self) -> str:
        return self.name


class SegmentQuerySet(models.QuerySet["Segment"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> "SegmentQuerySet":
        """One's own segments and those shared with one's team; whoever sees all customers sees all segments."""
        if not user.has_perm("customers.view_segment"):
            return self.none()
        return self if user.has_perm("customers.see_all_customers") else self.filter(shared_with(user))

    def offered_to(self, user: AbstractUser | AnonymousUser, limit: int) -> "list[Segment]":
        """Those that this person may see, with name, kind and filter alone, as lists offer them (1 query or none)."""
        visible = self.visible_to(user)

        def offered() -> "SegmentQuerySet":
            return visible.only("name", "name_fr", "kind", "query").order_by("name")[:limit]

        # Whoever sees all of them asks the same.
        return list(offered()) if visible.query.where else written(("segments offered", limit), offered).read()


class Segment(models.Model):
    """Customers that are treated alike: a saved filter that is asked anew each time, or a fixed list of members.

    Its relational policy says who looks after it, in which channels and how often it may be contacted.
    """

    class Kind(models.TextChoices):
        DYNAMIC = "dynamic", _("Dynamic: whoever matches")
        STATIC = "static", _("Fixed: these customers")

    name = models.CharField(
        _("name"), max_length=80, unique=True, error_messages={"unique": _("There is already a segment of this name.")}
    )
    name_fr = models.CharField(_("name in French"), max_length=80, blank=True)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind.choices, default=Kind.DYNAMIC)
    query = models.TextField(_("filters"), blank=True, help_text=_("As in the address of the customer list."))
    members = models.ManyToManyField(Customer, blank=True, related_name="segments", verbose_name=_("members"))
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, related_name="segments", verbose_name=_("looked after by")
    )
    team = models.ForeignKey(
        "accounts.Team", models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("shared with team")
    )
    channels = ArrayField(
        models.CharField(max_length=10, choices=Channel.choices), default=list, blank=True, verbose_name=_("channels")
    )
    messages = models.PositiveSmallIntegerField(_("messages at most"), null=True, blank=True)
    days = models.PositiveSmallIntegerField(_("in days"), null=True, blank=True)
    policy = models.TextField(_("relational policy"), blank=True)
    policy_fr = models.TextField(_("relational policy in French"), blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = SegmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        ordering = ["name"]
        constraints = [
            models.CheckConstraint(
                # Said of both: a comparison with nothing is unknown, and a check lets the unknown by.
                condition=models.Q(messages__isnull=True, days__isnull=True)
                | models.Q(messages__isnull=False, days__isnull=False, days__gte=1),
                name="segment_limit_is_whole",
                violation_error_message=_("Give both the messages and the days of the limit, or neither."),
            )
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        """The name in the reader's language."""
        return in_readers_language(self.name, self.name_fr)

    @property
    def policy_told(self) -> str:
        """The relational policy in the reader's language."""
        return in_readers_language(self.policy, self.policy_fr)


class SegmentFigures(models.Model):
    """What a segment was at one run: kept, so that changes can be told."""

    segment = models.ForeignKey(Segment, models.CASCADE, related_name="figures", verbose_name=_("segment"))
    run = models.ForeignKey(Run, models.CASCADE, related_name="+", verbose_name=_("recompute"))
    customers = models.PositiveIntegerField(_("customers"))
    net_revenue = CentsField(_("net revenue"))
    profit = CentsField(_("profit"))
    lifetime_value = CentsField(_("lifetime value"), null=True)

    class Meta:
        verbose_name = _("figures of a segment")
        verbose_name_plural = _("figures of segments")
        ordering = ["segment", "-run"]
        constraints = [models.UniqueConstraint(fields=["segment", "run"], name="segment_figures_once_a_run")]

    def __str__(self) -> str:
        return f"{self.segment_id} ({self.run_id})"
