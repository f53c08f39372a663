from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import models
from django.db.models.functions import Now
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


CURRENT_HEAD = """
    SELECT id, as_of, reason, job_id, started_at, published_at, is_current, has_rows, stands_on_id,
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


class Scorecard(models.Model):
    """The computed figures of one customer in one run: a partition for each run, written once, never updated.

    Written by the apps above. Every customer that existed when the run began has a row.
    Empty means not computed, not zero.
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
    rank = models.IntegerField(_("rank"), null=True, help_text=_("Empty for prospects, who are not ranked."))
    cumulative_share = models.FloatField(
        _("cumulative share of profit"), null=True, help_text=_("Empty where total profit is not positive.")
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

    class Meta:
        verbose_name = _("scorecard")
        verbose_name_plural = _("scorecards")

    def __str__(self) -> str:
        return f"{self.customer_id} ({self.run_id})"
