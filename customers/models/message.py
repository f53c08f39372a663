from django.conf import settings
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import models
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm_site.lib.addresses import reverse
from crm_site.lib.names import BilingualName
from customers.models.consent import Purpose
from customers.models.customer import Customer
from customers.models.moment import ContactMoment


class MessageTemplate(BilingualName):
    """A text that is sent often, in both languages, with places for the customer's data."""

    purpose = models.ForeignKey(Purpose, models.PROTECT, related_name="templates", verbose_name=_("purpose"))
    subject = models.CharField(_("subject"), max_length=200)
    subject_fr = models.CharField(_("subject in French"), max_length=200, blank=True)
    body = models.TextField(_("text"))
    body_fr = models.TextField(_("text in French"), blank=True)

    class Meta:
        verbose_name = _("message template")
        verbose_name_plural = _("message templates")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["name"],
                name="message_template_name_unique",
                violation_error_message=_("There is already a template of this name."),
            )
        ]


class MessageQuerySet(models.QuerySet["Message"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> "MessageQuerySet":
        """Messages to customers that one may see."""
        if not user.has_perm("customers.view_message"):
            return self.none()
        return self.filter(customer__in=Customer.objects.visible_to(user))


class Message(models.Model):
    """An e-mail to a customer: written in the business transaction, sent by a job, once."""

    class State(models.TextChoices):
        WAITING = "waiting", pgettext_lazy("message", "Waiting")
        SENT = "sent", pgettext_lazy("message", "Sent")
        REFUSED = "refused", pgettext_lazy("message", "Not sent")

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="messages", verbose_name=_("customer"))
    moment = models.OneToOneField(
        ContactMoment, models.CASCADE, null=True, blank=True, related_name="message", verbose_name=_("contact moment")
    )
    purpose = models.ForeignKey(Purpose, models.PROTECT, related_name="+", verbose_name=_("purpose"))
    to = models.EmailField(_("to"))
    subject = models.CharField(_("subject"), max_length=200)
    body = models.TextField(_("text"))
    message_id = models.CharField(max_length=255, unique=True, editable=False)
    state = models.CharField(_("state"), max_length=8, choices=State.choices, default=State.WAITING)
    refusal = models.CharField(_("why it was not sent"), max_length=40, blank=True)
    written_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("written by")
    )
    created_at = models.DateTimeField(_("written"), auto_now_add=True)
    sent_at = models.DateTimeField(_("sent"), null=True, blank=True)

    objects = MessageQuerySet.as_manager()

    class Meta:
        verbose_name = _("message")
        verbose_name_plural = _("messages")
        indexes = [models.Index(fields=["customer", "-sent_at"], name="message_pressure")]

    def __str__(self) -> str:
        return self.subject


class AttachmentQuerySet(models.QuerySet["Attachment"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> "AttachmentQuerySet":
        """Documents of customers that one may see."""
        if not user.has_perm("customers.view_attachment"):
            return self.none()
        return self.filter(customer__in=Customer.objects.visible_to(user))


class Attachment(models.Model):
    """A document on a customer's file: kept under a random name and only ever given out as a download."""

    customer = models.ForeignKey(Customer, models.CASCADE, related_name="attachments", verbose_name=_("customer"))
    moment = models.ForeignKey(
        ContactMoment,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="attachments",
        verbose_name=_("contact moment"),
    )
    file = models.FileField(_("file"), upload_to="attachments/%Y/%m/")
    name = models.CharField(_("name"), max_length=200)
    size = models.PositiveBigIntegerField(_("size"))
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        verbose_name=_("uploaded by"),
    )
    uploaded_at = models.DateTimeField(_("uploaded"), auto_now_add=True)

    objects = AttachmentQuerySet.as_manager()

    class Meta:
        verbose_name = _("document")
        verbose_name_plural = _("documents")
        ordering = ["-uploaded_at", "-id"]

    def __str__(self) -> str:
        return self.name

    def get_absolute_url(self) -> str:
        return reverse("document", args=[self.pk])
