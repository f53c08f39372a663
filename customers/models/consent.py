from django.conf import settings
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import models
from django.utils.translation import gettext_lazy as _

from crm_site.lib.names import BilingualName
from customers.models.channel import Channel
from customers.models.customer import Customer


class Purpose(BilingualName):
    """What a customer may be contacted for: the newsletter, offers, surveys."""

    needs_consent = models.BooleanField(
        _("needs consent"), default=True, help_text=_("Off for messages about the customer's own orders and questions.")
    )

    class Meta:
        verbose_name = _("purpose of contact")
        verbose_name_plural = _("purposes of contact")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["name"],
                name="purpose_name_unique",
                violation_error_message=_("There is already a purpose of this name."),
            )
        ]


class ConsentQuerySet(models.QuerySet["Consent"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> "ConsentQuerySet":
        """What customers that one may see have said."""
        if not user.has_perm("customers.view_consent"):
            return self.none()
        return self.filter(customer__in=Customer.objects.visible_to(user))

    def latest_first(self) -> "ConsentQuerySet":
        return self.order_by("-at", "-id")

    def latest_of_each(self) -> "ConsentQuerySet":
        """Only the word that counts, for each customer, purpose and channel."""
        keys = ("customer_id", "purpose_id", "channel")
        return self.order_by(*keys, "-at", "-id").distinct(*keys)


class Consent(models.Model):
    """A customer said yes or no to one purpose in one channel: never changed, only followed by the next one.

    The latest row for a customer, channel and purpose is what counts; without a row there is no consent. The database
    refuses to change or delete a row on its own.
    """

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="consents", verbose_name=_("customer"))
    channel = models.CharField(_("channel"), max_length=10, choices=Channel.choices)
    purpose = models.ForeignKey(Purpose, models.PROTECT, related_name="consents", verbose_name=_("purpose"))
    given = models.BooleanField(_("given"))
    at = models.DateTimeField(_("date"))
    source = models.CharField(_("source"), max_length=120, help_text=_("Where it was said: a form, a call, a link."))
    text_version = models.CharField(_("version of the text"), max_length=60, blank=True)
    recorded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("recorded by"),
    )

    objects = ConsentQuerySet.as_manager()

    class Meta:
        verbose_name = _("consent")
        verbose_name_plural = _("consents")
        ordering = ["-at", "-id"]
        indexes = [models.Index(fields=["customer", "purpose", "channel", "-at", "-id"], name="consent_latest")]

    def __str__(self) -> str:
        return f"{self.channel} {self.given}"


class ContactLimit(models.Model):
    """The most messages that a customer may receive in a period, in one channel or in all together."""

    channel = models.CharField(
        _("channel"),
        max_length=10,
        choices=Channel.choices,
        blank=True,
        help_text=_("Empty for all channels together."),
    )
    messages = models.PositiveSmallIntegerField(
        _("at most"), help_text=_("Messages that need consent, and calls, visits and letters that staff noted.")
    )
    days = models.PositiveSmallIntegerField(_("in days"))

    class Meta:
        verbose_name = _("limit of contact pressure")
        verbose_name_plural = _("limits of contact pressure")
        ordering = ["channel", "days"]
        constraints = [
            models.UniqueConstraint(
                fields=["channel", "days"],
                name="contact_limit_once",
                violation_error_message=_("There is already a limit for this channel and period."),
            ),
            models.CheckConstraint(
                condition=models.Q(days__gte=1),
                name="contact_limit_has_a_period",
                violation_error_message=_("A period has at least one day."),
            ),
        ]

    def __str__(self) -> str:
        return f"{self.messages} / {self.days}"
