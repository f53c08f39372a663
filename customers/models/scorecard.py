from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any, TypeVar

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import connection, models
from django.db.models import ExpressionWrapper, F, FloatField, IntegerField, OuterRef, QuerySet, Subquery, Value
from django.db.models.functions import Cast, Coalesce, Floor, Now
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm_site.lib.fields import CentsField
from crm_site.lib.jobs.models import Job
from customers.models.customer import Customer


class Stage(models.TextChoices):
    """Where a customer stands, derived from orders and last activity."""

    PROSPECT = "prospect", _("Prospect")
    CUSTOMER = "customer", _("Customer")
    FORMER = "former", _("Former customer")


class Category(models.IntegerChoices):
    """The four profit categories."""

    MOST_PROFITABLE = 1, _("Most profitable")
    FAIRLY_PROFITABLE = 2, _("Fairly profitable")
    DESIRABLE = 3, _("Low profit but desirable")
    UNDESIRABLE = 4, _("Unprofitable and undesirable")


Rows = TypeVar("Rows", bound=QuerySet[Any])

CURRENT_HEAD = """
    SELECT id, as_of, reason, job_id, started_at, published_at, is_current, has_rows, stands_on_id, scorecards_of_id,
           (totals #>> '{ranking,customers}')::int AS ranked,
           totals #>> '{lifetime_model,purchase_model}' AS purchase_model
    FROM customers_run WHERE is_current
"""


class RunQuerySet(models.QuerySet["Run"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> "RunQuerySet":
        """The runs that this person may see."""
        return self if user.has_perm("customers.view_run") else self.none()

    def current(self) -> "Run | None":
        """The run whose figures readers see (1 query); none before the first was published.

        A page asks once and reads all its figures from that run, so that they belong together.
        """
        return self.filter(is_current=True).first()

    def current_head(self) -> "Run | None":
        """The same without its totals, which are long; `ranked` tells how many customers it ranks, and `purchase_model`
        by which model it forecast (1 query).

        As text, since nearly every page asks this and Django takes longer to write it than the database to answer.
        """
        return next(iter(self.raw(CURRENT_HEAD)), None)


class Run(models.Model):
    """One computation of the figures of all customers, published at once by making it the current one."""

    class Reason(models.TextChoices):
        ASKED = "asked", pgettext_lazy("reason of a recompute", "Asked for")
        NIGHTLY = "nightly", pgettext_lazy("reason of a recompute", "Every night")
        IMPORT = "import", pgettext_lazy("reason of a recompute", "After an import")
        CHANGES = "changes", pgettext_lazy("reason of a recompute", "After changes")

    as_of = models.DateField(_("figures as of"))
    reason = models.CharField(_("reason"), max_length=10, choices=Reason.choices)
    job = models.ForeignKey(Job, models.SET_NULL, null=True, blank=True, related_name="runs", verbose_name=_("job"))
    started_at = models.DateTimeField(_("started"), db_default=Now())
    published_at = models.DateTimeField(_("published"), null=True, blank=True)
    is_current = models.BooleanField(_("current"), default=False)
    has_rows = models.BooleanField(
        _("rows kept"), default=False, help_text=_("Old runs keep their totals; their rows per customer are dropped.")
    )
    # A run of what changed shares what did not change with the full run that it starts from.
    stands_on = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("starts from")
    )
    scorecards_of = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("shares scorecards with")
    )
    totals = models.JSONField(_("totals"), default=dict, blank=True)

    objects = RunQuerySet.as_manager()

    class Meta:
        verbose_name = _("recompute")
        verbose_name_plural = _("recomputes")
        ordering = ["-id"]
        permissions = [("request_run", _("Can start a recompute"))]
        constraints = [
            models.UniqueConstraint(
                fields=["is_current"], condition=models.Q(is_current=True), name="run_single_current"
            ),
            models.CheckConstraint(
                condition=models.Q(is_current=False) | models.Q(published_at__isnull=False),
                name="run_current_is_published",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.pk} ({self.as_of})"

    @property
    def parts(self) -> list[int]:
        """The partitions that its scorecards stand in: `Scorecard.run_id` is one of these.

        Those that a full run shares with later ones stand under its number. What a later run found otherwise stands
        under that run's number, and what the full run had said instead is moved under the negative of its own.
        """
        shared = self.scorecards_of_id
        return [self.pk, -self.pk] if shared is None else [shared, self.pk]

    def parts_shared_with(self, other: "Run") -> list[int]:
        """The partitions whose scorecards both runs found: of these customers nothing changed from one to the other."""
        return [part for part in self.parts if part in other.parts]

    def parts_not_of(self, other: "Run") -> list[int]:
        """The partitions that the other run does not read."""
        return [part for part in self.parts if part not in other.parts]

    def place_of(self, rank: int) -> float:
        """The first place with this rank or a higher one (1 query, or none where no scorecards are shared).

        Ranks from 10 on are places from `place_of(10)` on; ranks up to 10 are places below `place_of(11)`.
        """
        if self.scorecards_of_id is None:
            return rank
        with connection.cursor() as cursor:
            cursor.execute(FIRST_PLACE, {"run": self.pk, "rank": rank})
            return float(cursor.fetchone()[0])

    def with_ranks(self, rows: Rows) -> Rows:
        """Rows that have a `place` in this run, with their `rank` (no query of its own)."""
        place = Cast(Floor(F("place")), IntegerField())
        if self.scorecards_of_id is None:
            return rows.annotate(rank=place)
        return rows.annotate(rank=place + Coalesce(Subquery(self._step("moved")), 0))

    def with_cumulative(self, rows: Rows) -> Rows:
        """Rows that have a `place` and a `cumulative_profit`, with what all up to them make: `cumulative`."""
        so_far: Any = F("cumulative_profit")
        if self.scorecards_of_id is not None:
            so_far = ExpressionWrapper(so_far + Coalesce(Subquery(self._step("cents")), 0), CentsField())
        return rows.annotate(cumulative=so_far)

    def with_shares(self, rows: Rows) -> Rows:
        """The same with their `cumulative_share` of its profit too; empty where that is not positive."""
        total = int(Decimal(self.totals.get("ranking", {}).get("profit", 0)).scaleb(2))
        share: Any = Value(None, FloatField())
        if total > 0:
            share = Cast(F("cumulative"), FloatField()) / Value(float(total))
        return self.with_cumulative(rows).annotate(cumulative_share=share)

    def _step(self, name: str) -> Any:
        """What the last step up to the row's place says."""
        steps = RankStep.objects.filter(run=self.pk, place__lte=OuterRef("place")).order_by("-place")
        return steps.annotate(moved=F("rank") - Cast(Floor("place"), IntegerField())).values(name)[:1]


# Steps are in the order of places and of ranks alike; where several have one rank, customers were taken away.
FIRST_PLACE = """
    SELECT least(
        %(rank)s - coalesce((
            SELECT rank - floor(place) FROM customers_rankstep WHERE run_id = %(run)s AND rank < %(rank)s
            ORDER BY rank DESC, place DESC LIMIT 1
        ), 0),
        (SELECT place FROM customers_rankstep WHERE run_id = %(run)s AND rank >= %(rank)s ORDER BY rank, place LIMIT 1)
    )
"""


class RankStep(models.Model):
    """Where ranks of a run part from those of the full run whose scorecards it shares: from a place to the next step.

    A step is a customer who came or went. `rank` is how many customers stand up to the place, and `cents` how much more
    they make than those who stood up to there in the full run.
    """

    pk = models.CompositePrimaryKey("run_id", "place")
    run = models.ForeignKey(Run, models.CASCADE, db_index=False, related_name="+")
    place = models.FloatField()
    rank = models.IntegerField()
    cents = models.BigIntegerField()

    class Meta:
        verbose_name = _("step of the ranking")
        verbose_name_plural = _("steps of the ranking")
        indexes = [models.Index(fields=["run", "rank", "place"], name="rankstep_by_rank")]

    def __str__(self) -> str:
        return f"{self.place} ({self.run_id})"


# In the order of these figures an index holds each category by itself, or each stage.
ORDERED_WITHIN: Mapping[str, Sequence[str]] = {"profit": ("category", "stage"), "lifetime_value": ("category",)}


class ScorecardQuerySet(models.QuerySet["Scorecard"]):
    def in_run(self, run: Run) -> "ScorecardQuerySet":
        """The scorecards as a run found them: its own, and those that it shares."""
        return self.filter(run_id__in=run.parts)

    def along(self, figure: str, conditions: Mapping[str, Any]) -> "ScorecardQuerySet":
        """Those among which an index of this figure leads, by the one of these conditions that it begins with."""
        first = [name for name in ORDERED_WITHIN.get(figure, ()) if name in conditions][:1]
        return self.filter(**{name: conditions[name] for name in first})

    def ranked_in(self, run: Run) -> "ScorecardQuerySet":
        """Those of a run's ranking, with their `rank`."""
        return run.with_ranks(self.in_run(run).filter(place__isnull=False))


class Scorecard(models.Model):
    """The computed figures of one customer: a partition for each run, of which later ones share what they found alike.

    Written by the apps above. Every customer that existed when a run began has one row in it, which `in_run` finds.
    Rows never change. Empty means not computed, not zero.
    """

    pk = models.CompositePrimaryKey("run_id", "customer_id")
    run = models.ForeignKey(Run, models.DO_NOTHING, db_constraint=False, related_name="+")
    customer = models.ForeignKey(Customer, models.DO_NOTHING, db_constraint=False, related_name="scorecards")
    stage = models.CharField(_("stage"), max_length=8, choices=Stage.choices)
    first_order_on = models.DateField(_("first order"), null=True)
    last_order_on = models.DateField(_("last order"), null=True)
    orders = models.IntegerField(_("orders"))
    net_revenue = CentsField(_("net revenue"))
    gross_margin = CentsField(_("gross margin"))
    cost_to_serve = CentsField(_("cost to serve"))
    direct_costs = CentsField(_("direct costs"))
    profit = CentsField(_("profit"))
    place = models.FloatField(
        _("place"),
        null=True,
        help_text=_(
            "The rank in a full run; whom a later run ranks anew stands between two of these. Empty for prospects, who "
            "are not ranked."
        ),
    )
    cumulative_profit = CentsField(
        _("cumulative profit"),
        null=True,
        help_text=_("Of all up to the customer's place in the full run; empty for prospects."),
    )
    category = models.SmallIntegerField(
        _("category"), choices=Category.choices, null=True, help_text=_("Empty for prospects.")
    )
    lifetime_value = CentsField(_("lifetime value"), null=True)
    lifetime_value_low = CentsField(_("lifetime value, low"), null=True)
    lifetime_value_high = CentsField(_("lifetime value, high"), null=True)
    lifetime_value_note = models.CharField(_("how it was reached"), max_length=30, blank=True)
    expected_orders = models.FloatField(_("expected orders"), null=True)
    order_margin = CentsField(
        _("expected margin of an order"), null=True, help_text=_("Before the cost of serving it.")
    )
    probability_alive = models.FloatField(_("probability active"), null=True)
    churn_risk = models.FloatField(
        _("churn risk"),
        null=True,
        help_text=_("Probability of no order within the time after which customers count as former ones."),
    )
    rfm = models.SmallIntegerField(
        _("RFM"),
        null=True,
        help_text=_("Recency, frequency and value, a digit from 1 to 5 each: 555 is the best. Empty for prospects."),
    )

    rank: int | None  # told by `ScorecardQuerySet.ranked_in`

    objects = ScorecardQuerySet.as_manager()

    class Meta:
        verbose_name = _("scorecard")
        verbose_name_plural = _("scorecards")

    def __str__(self) -> str:
        return f"{self.customer_id} ({self.run_id})"
