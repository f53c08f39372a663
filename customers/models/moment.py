from django.conf import settings
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm_site.lib.names import BilingualName
from customers.models.channel import Channel
from customers.models.customer import Customer
from customers.models.imports import Import


class Touchpoint(BilingualName):
    """A configurable kind of contact moment, at its place along the customer journey."""

    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices)
    position = models.PositiveSmallIntegerField(_("place in the journey"), default=0)
    standard_minutes = models.DecimalField(
        _("standard minutes"),
        max_digits=7,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("Used for a contact moment whose duration was not noted."),
    )

    class Meta:
        verbose_name = _("touchpoint")
        verbose_name_plural = _("touchpoints")
        ordering = ["position", "name"]
        constraints = [
            models.UniqueConstraint(
                fields=["name"],
                name="touchpoint_name_unique",
                violation_error_message=_("There is already a touchpoint of this name."),
            ),
            models.CheckConstraint(
                condition=models.Q(standard_minutes__isnull=True) | models.Q(standard_minutes__gte=0),
                name="touchpoint_minutes_not_negative",
                violation_error_message=_("Minutes cannot be negative."),
            ),
        ]


class ContactMomentQuerySet(models.QuerySet["ContactMoment"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> "ContactMomentQuerySet":
        """The contact moments of customers that this person may see."""
        if not user.has_perm("customers.view_contactmoment"):
            return self.none()
        if user.has_perm("customers.see_all_customers"):
            return self
        return self.filter(customer__in=Customer.objects.visible_to(user))

    def latest_first(self) -> "ContactMomentQuerySet":
        return self.order_by("-occurred_at", "-id")


class ContactMoment(models.Model):
    """One occasion on which a customer met the brand or the product, in any channel."""

    class Direction(models.TextChoices):
        INBOUND = "inbound", pgettext_lazy("contact moment", "From the customer")
        OUTBOUND = "outbound", pgettext_lazy("contact moment", "From us")
        OBSERVED = "observed", pgettext_lazy("contact moment", "Observed")

    class Result(models.TextChoices):
        REACHED = "reached", _("Reached")
        NOT_REACHED = "not_reached", _("Not reached")
        FOLLOW_UP = "follow_up", _("To be followed up")
        SETTLED = "settled", _("Settled")

    class Sentiment(models.IntegerChoices):
        UNHAPPY = -1, _("Unhappy")
        NEUTRAL = 0, _("Neutral")
        HAPPY = 1, _("Happy")

    # By customer, employee and person an index below leads to them.
    customer = models.ForeignKey(
        Customer, models.CASCADE, db_index=False, related_name="moments", verbose_name=_("customer")
    )
    touchpoint = models.ForeignKey(Touchpoint, models.PROTECT, related_name="moments", verbose_name=_("touchpoint"))
    direction = models.CharField(_("direction"), max_length=8, choices=Direction.choices, default=Direction.INBOUND)
    occurred_at = models.DateTimeField(_("when"))
    minutes = models.DecimalField(_("minutes"), max_digits=7, decimal_places=2, null=True, blank=True)
    employee = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        related_name="contact_moments",
        verbose_name=_("member of staff"),
    )
    person = models.ForeignKey(
        Customer,
        models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        related_name="+",
        verbose_name=_("person"),
        help_text=_("The member or contact person of the household or company who was spoken with."),
    )
    summary = models.TextField(_("summary"), blank=True)
    result = models.CharField(_("result"), max_length=12, choices=Result.choices, blank=True, db_default="")
    sentiment = models.SmallIntegerField(_("sentiment"), choices=Sentiment.choices, null=True, blank=True)
    needs_reply = models.BooleanField(_("needs a reply"), default=False, db_default=False)
    # Message-ID of an e-mail: replies find their thread by it, and no e-mail is taken in twice.
    message_id = models.CharField(max_length=255, blank=True, editable=False, db_default="")
    # By what a row of a file is known again: its number there, or a fingerprint; no row is taken in twice.
    import_key = models.CharField(max_length=120, blank=True, editable=False, db_default="")
    source = models.ForeignKey(
        Import, models.PROTECT, null=True, blank=True, related_name="moments", verbose_name=_("import")
    )

    objects = ContactMomentQuerySet.as_manager()

    class Meta:
        verbose_name = _("contact moment")
        verbose_name_plural = _("contact moments")
        indexes = [
            models.Index(fields=["customer", "-occurred_at", "-id"], name="moment_by_customer"),
            models.Index(fields=["-occurred_at", "-id"], name="moment_by_time"),
            models.Index(fields=["employee"], name="moment_by_employee", condition=models.Q(employee__isnull=False)),
            models.Index(fields=["person"], name="moment_by_person", condition=models.Q(person__isnull=False)),
            models.Index(
                fields=["customer", "-occurred_at"], name="moment_awaiting_reply", condition=models.Q(needs_reply=True)
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(minutes__isnull=True) | models.Q(minutes__gte=0),
                name="moment_minutes_not_negative",
                violation_error_message=_("Minutes cannot be negative."),
            ),
            models.UniqueConstraint(
                fields=["message_id"],
                condition=~models.Q(message_id=""),
                name="moment_message_once",
                violation_error_message=_("This e-mail was already taken in."),
            ),
            models.UniqueConstraint(
                fields=["import_key"],
                condition=~models.Q(import_key=""),
                name="moment_imported_once",
                violation_error_message=_("This contact moment was already imported."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.touchpoint_id} {self.occurred_at:%Y-%m-%d %H:%M}"
