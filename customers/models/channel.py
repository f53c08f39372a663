from django.db import models
from django.utils.translation import gettext_lazy as _


class Channel(models.TextChoices):
    """The channels in which a customer meets the company."""

    PHONE = "phone", _("Phone")
    EMAIL = "email", _("E-mail")
    LETTER = "letter", _("Letter")
    FAX = "fax", _("Fax")
    SHOP = "shop", _("Shop")
    VISIT = "visit", _("Visit")
    WEBSITE = "website", _("Website")
    APP = "app", _("Mobile app")
    CHAT = "chat", _("Chat")
    SOCIAL = "social", _("Social network")
    EVENT = "event", _("Event")
    DELIVERY = "delivery", _("Delivery")
    INVOICE = "invoice", _("Invoice")
    SERVICE = "service", _("Service in use")
    ADVERT = "advert", _("Advertisement")
