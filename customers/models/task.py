import secrets
from datetime import date, datetime

from django.conf import settings
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm_site.lib.addresses import reverse
from customers.models.customer import Customer


class TaskQuerySet(models.QuerySet["Task"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> "TaskQuerySet":
        """One's own tasks, and those about customers that one may see."""
        if not user.has_perm("customers.view_task"):
            return self.none()
        seen = models.Q(customer__in=Customer.objects.visible_to(user))
        if user.has_perms(("customers.view_customer", "customers.see_all_customers")):
            # Asking whether a task's customer is among all of them would read them all.
            seen = models.Q(customer__isnull=False)
        return self.filter(models.Q(owner=user) | seen)

    def open(self) -> "TaskQuerySet":
        return self.filter(done_at__isnull=True)

    def overdue(self, on: date) -> "TaskQuerySet":
        """Open tasks that should have been done before this day."""
        return self.open().filter(due_on__lt=on)

    def waiting_for(self, user: AbstractUser | AnonymousUser, on: date, at: datetime) -> "TaskQuerySet":
        """What somebody has to do by the end of this day, and what they asked to be reminded of by now."""
        return self.open().filter(models.Q(due_on__lte=on) | models.Q(remind_at__lte=at), owner=user.pk)

    def most_urgent_first(self) -> "TaskQuerySet":
        return self.order_by("due_on", "-priority", "id")


class Task(models.Model):
    """Something that a member of staff has to do, mostly for a customer."""

    class Priority(models.IntegerChoices):
        LOW = 1, pgettext_lazy("priority", "Low")
        NORMAL = 2, pgettext_lazy("priority", "Normal")
        HIGH = 3, pgettext_lazy("priority", "High")

    class Recurrence(models.TextChoices):
        NEVER = "", pgettext_lazy("recurrence", "Once")
        DAILY = "daily", pgettext_lazy("recurrence", "Every day")
        WEEKLY = "weekly", pgettext_lazy("recurrence", "Every week")
        MONTHLY = "monthly", pgettext_lazy("recurrence", "Every month")
        QUARTERLY = "quarterly", pgettext_lazy("recurrence", "Every quarter")
        YEARLY = "yearly", pgettext_lazy("recurrence", "Every year")

    title = models.CharField(_("title"), max_length=200)
    customer = models.ForeignKey(
        Customer, models.CASCADE, null=True, blank=True, related_name="tasks", verbose_name=_("customer")
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="tasks", verbose_name=_("responsible")
    )
    due_on = models.DateField(_("due"))
    due_time = models.TimeField(_("time"), null=True, blank=True)
    priority = models.PositiveSmallIntegerField(_("priority"), choices=Priority.choices, default=Priority.NORMAL)
    recurrence = models.CharField(_("repeats"), max_length=10, choices=Recurrence.choices, blank=True, default="")
    remind_at = models.DateTimeField(_("reminder"), null=True, blank=True)
    reminded_at = models.DateTimeField(null=True, blank=True, editable=False)
    note = models.TextField(_("note"), blank=True)
    done_at = models.DateTimeField(_("done"), null=True, blank=True, editable=False)
    # The task that made this one when it was done: a repeated task is followed once, however often it is completed.
    follows = models.OneToOneField("self", models.SET_NULL, null=True, blank=True, editable=False, related_name="next")
    # The day of the month that a repetition aims at; February moves the due day, not the aim.
    aims_at_day = models.PositiveSmallIntegerField(null=True, blank=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", editable=False
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    objects = TaskQuerySet.as_manager()

    class Meta:
        verbose_name = _("task")
        verbose_name_plural = _("tasks")
        indexes = [
            models.Index(
                fields=["owner", "due_on", "id"], name="task_open_by_owner", condition=models.Q(done_at__isnull=True)
            ),
            models.Index(fields=["customer", "due_on", "id"], name="task_by_customer"),
            models.Index(
                fields=["remind_at"],
                name="task_to_remind",
                condition=models.Q(done_at__isnull=True, reminded_at__isnull=True, remind_at__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    def get_absolute_url(self) -> str:
        return reverse("task", args=[self.pk])


def new_nonce() -> str:
    """What makes an address impossible to guess: 192 bits of chance."""
    return secrets.token_urlsafe(24)


class CalendarFeed(models.Model):
    """Somebody's tasks as a calendar at a secret address; a new nonce ends the address that was given out before."""

    owner = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="calendar_feed", verbose_name=_("owner")
    )
    nonce = models.CharField(max_length=32, unique=True, default=new_nonce, editable=False)
    renewed_at = models.DateTimeField(_("renewed"), auto_now=True)

    class Meta:
        verbose_name = _("calendar of tasks")
        verbose_name_plural = _("calendars of tasks")

    def __str__(self) -> str:
        return str(self.owner)
