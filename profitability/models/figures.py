"""The published figures of each run below its scorecards: written once by a recompute, never updated."""

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Exists, F, OuterRef, Q
from django.utils.translation import gettext_lazy as _

from crm_site.lib.fields import CentsField
from crm_site.lib.names import BilingualName
from customers.models import Customer, Run
from profitability.models.activity import Activity

# Sales without a customer stand under this number, so that they have their months and costs like a customer.
ANONYMOUS = 0


class ReadAnew(models.Model):
    """A customer whose records a run of what changed has read: their months are its own.

    Those of everybody else are the months of the full run that it stands on; see `CustomerMonthQuerySet.in_run`.
    """

    pk = models.CompositePrimaryKey("run_id", "customer_id")
    run = models.ForeignKey(Run, models.CASCADE, db_index=False, related_name="+")
    customer_id = models.BigIntegerField(help_text=_("0 for sales without a customer; the customer may be gone."))

    class Meta:
        verbose_name = _("customer read anew")
        verbose_name_plural = _("customers read anew")

    def __str__(self) -> str:
        return f"{self.customer_id} ({self.run_id})"


class CustomerMonthQuerySet(models.QuerySet["CustomerMonth"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> "CustomerMonthQuerySet":
        """The months of customers that this person may see."""
        return self if user.has_perm("profitability.view_profitability") else self.none()

    def in_run(self, run: Run) -> "CustomerMonthQuerySet":
        """The months as a run found them: its own, and the full run's of customers who have not changed since."""
        if run.stands_on_id is None:
            return self.filter(run=run)
        anew = ReadAnew.objects.filter(run=run.pk, customer_id=OuterRef("customer_id"))
        return self.filter(Q(run=run) | Q(run=run.stands_on_id) & ~Exists(anew))

    def of(self, run: Run, customer_id: int) -> "CustomerMonthQuerySet":
        """The months of one customer (or of `ANONYMOUS` sales) in one run, oldest first."""
        return self.in_run(run).filter(customer_id=customer_id).order_by("month")


def months_in_sql(run: Run) -> str:
    """The same for statements over sets: a subquery with the columns of `CustomerMonth`, to be given a name."""
    table, anew = CustomerMonth._meta.db_table, ReadAnew._meta.db_table
    own = f"SELECT * FROM {table} WHERE run_id = {run.pk:d}"
    if run.stands_on_id is None:
        return f"({own})"
    return (
        f"({own} UNION ALL SELECT * FROM {table} b WHERE run_id = {run.stands_on_id:d} AND NOT EXISTS "
        f"(SELECT FROM {anew} a WHERE a.run_id = {run.pk:d} AND a.customer_id = b.customer_id))"
    )


class CustomerMonth(models.Model):
    """What one customer bought, returned and caused in one month, as one run found it: a partition for each run.

    A run of what changed has only the months of customers who changed; what it shares, `in_run` tells.
    One row for each customer and month, written in the order of customers, so that an index of ranges finds them.
    What activities cost follows from `quantities` and the rates of the run (see `ActivityRate`). Returns, discounts and
    costs are positive amounts; `other` holds fees, adjustments and bad debts with their sign.
    """

    pk = models.CompositePrimaryKey("run_id", "customer_id", "month")
    run = models.ForeignKey(Run, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+")
    customer = models.ForeignKey(
        Customer, models.DO_NOTHING, db_constraint=False, db_index=False, related_name="months"
    )
    gross = CentsField(_("gross sales"))
    discounts = CentsField(_("discounts"))
    returns = CentsField(_("returns"))
    other = CentsField(_("fees and adjustments"))
    cost_of_goods = CentsField(_("cost of goods"))
    direct_costs = CentsField(_("direct costs"))
    quantities = ArrayField(
        models.FloatField(), verbose_name=_("quantities of drivers"), help_text=_("In the order of the run's drivers.")
    )
    month = models.DateField(_("month"))
    orders = models.IntegerField(_("orders"))
    order_days = models.IntegerField(_("days with an order"))

    objects = CustomerMonthQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer month")
        verbose_name_plural = _("customer months")

    def __str__(self) -> str:
        return f"{self.customer_id} {self.month:%Y-%m} ({self.run_id})"


class RunActivity(BilingualName):
    """An activity as it was when the run used it."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="activities", verbose_name=_("recompute"))
    activity = models.ForeignKey(
        Activity, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("activity")
    )
    position = models.PositiveSmallIntegerField(_("position"))
    method = models.CharField(_("method"), max_length=11, choices=Activity.Method.choices)
    drivers = ArrayField(models.CharField(max_length=60), verbose_name=_("drivers"))

    class Meta:
        verbose_name = _("activity of a recompute")
        verbose_name_plural = _("activities of recomputes")
        ordering = ["position"]
        constraints = [models.UniqueConstraint(fields=["run", "position"], name="run_activity_once_per_position")]


class ActivityRate(models.Model):
    """What one activity cost in one month of a run, and what each unit of its drivers is charged.

    The charge to a customer is Σ coefficient × quantity in cents, rounded half to even, once for each month.
    """

    activity = models.ForeignKey(RunActivity, models.CASCADE, related_name="rates", verbose_name=_("activity"))
    month = models.DateField(_("month"))
    cost = CentsField(_("cost"))
    quantity = models.FloatField(_("quantity"), help_text=_("Driver units; minutes where the activity is time-driven."))
    rate = models.FloatField(_("rate"), help_text=_("House currency for one driver unit, or for one minute."))
    coefficients = ArrayField(
        models.FloatField(), verbose_name=_("cents a unit"), help_text=_("In the order of the run's drivers.")
    )
    charged = CentsField(_("charged to customers"))
    charged_anonymous = CentsField(_("charged to anonymous sales"))
    rounding_difference = CentsField(_("rounding difference"))

    class Meta:
        verbose_name = _("rate of an activity")
        verbose_name_plural = _("rates of activities")
        ordering = ["month", "activity"]
        constraints = [
            models.UniqueConstraint(fields=["activity", "month"], name="activity_rate_once_a_month"),
            models.CheckConstraint(
                condition=Q(cost=F("charged") + F("charged_anonymous") + F("rounding_difference")),
                name="activity_rate_reconciles",
                violation_error_message=_("What is charged and the rounding difference must add up to the cost."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.activity_id} {self.month:%Y-%m}"


class RunMonth(models.Model):
    """One month of a run: profit and loss of all customers, and where the month's costs went, to the cent."""

    run = models.ForeignKey(Run, models.CASCADE, related_name="months", verbose_name=_("recompute"))
    month = models.DateField(_("month"))
    orders = models.IntegerField(_("orders"))
    net_revenue = CentsField(_("net revenue"))
    gross_margin = CentsField(_("gross margin"))
    cost_to_serve = CentsField(_("cost to serve"))
    direct_costs = CentsField(_("direct costs"))
    profit = CentsField(_("profit"))
    anonymous_net_revenue = CentsField(_("net revenue of anonymous sales"))
    anonymous_gross_margin = CentsField(_("gross margin of anonymous sales"))
    anonymous_cost_to_serve = CentsField(_("cost to serve of anonymous sales"))
    entered = CentsField(_("costs entered"))
    unused_capacity = CentsField(_("unused capacity"))
    overload = CentsField(
        _("overload"), help_text=_("Charged for minutes beyond practical capacity: more than was entered.")
    )
    company_level = CentsField(_("kept at company level"))
    rounding_difference = CentsField(_("rounding difference"))

    class Meta:
        verbose_name = _("month of a recompute")
        verbose_name_plural = _("months of recomputes")
        ordering = ["month"]
        constraints = [
            models.UniqueConstraint(fields=["run", "month"], name="run_month_once"),
            models.CheckConstraint(
                condition=Q(
                    entered=F("cost_to_serve")
                    + F("anonymous_cost_to_serve")
                    + F("unused_capacity")
                    - F("overload")
                    + F("company_level")
                    + F("rounding_difference")
                ),
                name="run_month_reconciles",
                violation_error_message=_(
                    "Every cent that was entered must be charged, unused or kept at company level."
                ),
            ),
            models.CheckConstraint(
                condition=Q(profit=F("gross_margin") - F("cost_to_serve") - F("direct_costs")),
                name="run_month_profit_adds_up",
                violation_error_message=_("Profit must be gross margin less cost to serve and direct costs."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.month:%Y-%m} ({self.run_id})"
