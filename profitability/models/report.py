"""Who gets the management report each month, and each report that was sent."""

from django.conf import settings
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


class ReportSubscription(models.Model):
    """Somebody's wish to get the management report each month; the row is there as long as the wish is."""

    user = models.OneToOneField(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="report_subscription", verbose_name=_("person")
    )
    language = models.CharField(_("language"), max_length=5, choices=settings.LANGUAGES)
    created_at = models.DateTimeField(_("since"), auto_now_add=True)

    class Meta:
        verbose_name = _("subscription to the management report")
        verbose_name_plural = _("subscriptions to the management report")

    def __str__(self) -> str:
        return str(self.user)


class ReportMailQuerySet(models.QuerySet["ReportMail"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> "ReportMailQuerySet":
        """One's own."""
        return self.filter(user=user) if user.is_authenticated else self.none()


class ReportMail(models.Model):
    """The e-mail with one month's report to one person: asked for once, sent by a job, once."""

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("message", "Waiting")
        SENT = "sent", pgettext_lazy("message", "Sent")
        REFUSED = "refused", pgettext_lazy("message", "Not sent")

    class Refusal(models.TextChoices):
        NOT_WANTED = "not_wanted", _("the person does not want it any more")
        NOT_ALLOWED = "not_allowed", _("the person may not see the figures any more")
        NO_ADDRESS = "no_address", _("no e-mail address is known")
        ADDRESS_REFUSED = "address_refused", _("the mail server refused the address")
        NOT_DELIVERED = "not_delivered", _("the mail server did not accept the message, also when tried again")

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="report_mails", verbose_name=_("person")
    )
    month = models.DateField(_("month"), help_text=_("The first day of the month in which it is sent."))
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.WAITING)
    refusal = models.CharField(_("why it was not sent"), max_length=15, choices=Refusal.choices, blank=True)
    created_at = models.DateTimeField(_("asked for"), auto_now_add=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)

    objects = ReportMailQuerySet.as_manager()

    class Meta:
        verbose_name = _("monthly management report")
        verbose_name_plural = _("monthly management reports")
        ordering = ["-month", "user"]
        constraints = [
            models.UniqueConstraint(
                fields=["user", "month"],
                name="report_mail_once_a_month",
                violation_error_message=_("This person has a report of this month already."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.user} {self.month:%Y-%m}"
