from typing import Any

from django.conf import settings
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.contrib.postgres.indexes import GinIndex
from django.contrib.postgres.search import SearchQuery, SearchVector, SearchVectorField
from django.db import models
from django.db.models.functions import Upper
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from crm_site.lib.addresses import reverse
from crm_site.lib.names import BilingualName
from crm_site.lib.text import normalise, prefix_query, tokens
from customers.models.channel import Channel


class AcquisitionSource(BilingualName):
    """Where customers come from: an advertisement, a fair, a referral."""

    class Meta:
        verbose_name = _("acquisition source")
        verbose_name_plural = _("acquisition sources")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["name"],
                name="acquisition_source_name_unique",
                violation_error_message=_("There is already an acquisition source of this name."),
            )
        ]


class Tag(models.Model):
    """A word that staff put on customers to find them again."""

    name = models.CharField(
        _("name"), max_length=40, unique=True, error_messages={"unique": _("There is already a tag of this name.")}
    )

    class Meta:
        verbose_name = _("tag")
        verbose_name_plural = _("tags")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class CustomerQuerySet(models.QuerySet["Customer"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> "CustomerQuerySet":
        """The customers that this person may see: all, the team's or one's own, and those who are nobody's yet."""
        if not user.has_perm("customers.view_customer"):
            return self.none()
        if user.has_perm("customers.see_all_customers"):
            return self
        seen = models.Q(owner=user) | models.Q(owner=None, team=None)
        team = getattr(user, "team_id", None)
        if team and user.has_perm("customers.see_team_customers"):
            colleagues = get_user_model().objects.filter(team=team)
            seen |= models.Q(team=team) | models.Q(owner__in=colleagues)
        return self.filter(seen)

    def matching(self, text: str) -> "CustomerQuerySet":
        """Customers of whom each word of the text begins a word of the name, reference, e-mail, phone or town.

        Accents and case do not matter. A text without letters or digits finds nobody.
        """
        query = prefix_query(text)
        if not query:
            return self.none()
        return self.filter(search_vector=SearchQuery(query, config="simple", search_type="raw"))


class Customer(models.Model):
    """The unit whose value is measured: a person, a household or a company.

    Members and contact persons refer to their household or company by `member_of`; value rolls up to it.
    What is computed about a customer (stage, profit, lifetime value...) stands in `Scorecard`, never here.
    """

    class Kind(models.TextChoices):
        PERSON = "person", _("Person")
        HOUSEHOLD = "household", _("Household")
        COMPANY = "company", pgettext_lazy("kind of customer", "Company")

    reference = models.CharField(
        _("reference"),
        max_length=40,
        unique=True,
        error_messages={"unique": _("There is already a customer with this reference.")},
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.PERSON)
    name = models.CharField(
        _("name"), max_length=160, help_text=_("Family name of a person, or name of the household or company.")
    )
    given_name = models.CharField(_("given name"), max_length=80, blank=True)
    email = models.EmailField(_("e-mail address"), blank=True)
    phone = models.CharField(_("phone"), max_length=32, blank=True)
    street = models.CharField(_("street"), max_length=200, blank=True)
    postal_code = models.CharField(_("postal code"), max_length=16, blank=True)
    city = models.CharField(_("town"), max_length=80, blank=True)
    country = models.CharField(_("country"), max_length=60, blank=True)
    language = models.CharField(_("language"), max_length=2, choices=settings.LANGUAGES, blank=True)
    # Indexes of these relations stand below: most customers are nobody's member, and lists ask for owners in order.
    member_of = models.ForeignKey(
        "self",
        models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        related_name="members",
        verbose_name=_("member of"),
    )
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        related_name="customers",
        verbose_name=_("owner"),
        help_text=_("The member of staff who looks after this customer."),
    )
    source = models.ForeignKey(
        AcquisitionSource,
        models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        verbose_name=_("acquisition source"),
    )
    team = models.ForeignKey(
        "accounts.Team",
        models.SET_NULL,
        null=True,
        blank=True,
        db_index=False,
        related_name="customers",
        verbose_name=_("team"),
    )
    tags = models.ManyToManyField(Tag, blank=True, related_name="customers", verbose_name=_("tags"))
    birth_date = models.DateField(_("date of birth"), null=True, blank=True)
    preferred_channel = models.CharField(
        _("preferred channel"), max_length=10, choices=Channel.choices, blank=True, db_default=""
    )
    best_time = models.CharField(_("best time to call"), max_length=80, blank=True, db_default="")
    needs = models.TextField(_("needs and preferences"), blank=True, db_default="")
    custom = models.JSONField(_("further fields"), default=dict, db_default={}, blank=True)
    acquisition_cost = models.DecimalField(
        _("acquisition cost"),
        max_digits=12,
        decimal_places=2,
        null=True,
        blank=True,
        help_text=_("What it cost to win this customer, in the house currency; empty when unknown."),
    )
    acquired_on = models.DateField(_("acquired on"), null=True, blank=True)
    is_synthetic = models.BooleanField(
        _("invented"), default=False, help_text=_("The identity was invented for a demonstration.")
    )
    source_import = models.ForeignKey(
        "customers.Import", models.SET_NULL, null=True, blank=True, related_name="customers", editable=False
    )
    created_at = models.DateTimeField(_("created"), default=timezone.now, editable=False)

    # Names as people sort and search them, kept by save() and by imports.
    sort_key = models.CharField(max_length=260, editable=False)
    search_text = models.TextField(editable=False)
    search_vector = models.GeneratedField(
        expression=SearchVector("search_text", config="simple"), output_field=SearchVectorField(), db_persist=True
    )

    objects = CustomerQuerySet.as_manager()

    class Meta:
        verbose_name = _("customer")
        verbose_name_plural = _("customers")
        permissions = [
            ("see_all_customers", _("Sees the customers of everybody")),
            ("see_team_customers", _("Sees the customers of the own team")),
            ("import_orders", _("Can import orders")),
            ("import_customers", _("Can import customers and contact moments")),
            ("export_customer", _("Can export customers")),
            ("merge_customer", _("Can merge customers")),
            ("change_many_customers", _("Can change many customers at once")),
        ]
        indexes = [
            models.Index(fields=["sort_key", "id"], name="customer_by_name"),
            models.Index(fields=["created_at", "id"], name="customer_by_creation"),
            models.Index(fields=["kind", "sort_key", "id"], name="customer_by_kind"),
            models.Index(fields=["country", "sort_key", "id"], name="customer_by_country"),
            GinIndex(fields=["search_vector"], name="customer_search"),
            GinIndex(
                fields=["custom"],
                name="customer_custom",
                opclasses=["jsonb_path_ops"],
                condition=~models.Q(custom={}),
            ),
            # Incoming e-mail asks for a sender's address in whatever case it was entered.
            models.Index(Upper("email"), name="customer_by_email_any_case"),
            # The advanced filter asks for towns and postal codes in whatever case, whole or by their beginning.
            models.Index(Upper("city"), name="customer_by_town"),
            models.Index(Upper("postal_code"), name="customer_by_postal_code"),
            models.Index(fields=["owner", "sort_key", "id"], name="customer_by_owner"),
            models.Index(fields=["team", "sort_key", "id"], name="customer_by_team"),
            models.Index(
                fields=["member_of"], name="customer_by_member_of", condition=models.Q(member_of__isnull=False)
            ),
            models.Index(fields=["source"], name="customer_by_source", condition=models.Q(source__isnull=False)),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(acquisition_cost__isnull=True) | models.Q(acquisition_cost__gte=0),
                name="customer_acquisition_cost_not_negative",
                violation_error_message=_("The acquisition cost cannot be negative."),
            ),
            models.CheckConstraint(
                condition=models.Q(member_of__isnull=True) | ~models.Q(member_of=models.F("id")),
                name="customer_not_member_of_itself",
                violation_error_message=_("A customer cannot be a member of itself."),
            ),
        ]

    def __str__(self) -> str:
        return self.full_name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.fill_search_columns()
        if (update_fields := kwargs.get("update_fields")) is not None:
            kwargs["update_fields"] = {*update_fields, "sort_key", "search_text"}
        super().save(*args, **kwargs)

    def get_absolute_url(self) -> str:
        return reverse("customer", args=[self.pk])

    @property
    def full_name(self) -> str:
        return called(self.given_name, self.name)

    def fill_search_columns(self) -> None:
        """Derive what is sorted and searched; bulk writers call this for each customer that they build."""
        self.sort_key, self.search_text = search_columns(
            self.reference, self.given_name, self.name, self.email, self.phone, self.city
        )


def called(given_name: str, name: str) -> str:
    """What a customer is called, in full."""
    return f"{given_name} {name}".strip()


def search_columns(reference: str, given_name: str, name: str, email: str, phone: str, city: str) -> tuple[str, str]:
    """What a customer is sorted by and searched in."""
    # A phone number once more without gaps: people type it either way.
    digits = "".join(filter(str.isdigit, phone))
    # Bare words: the database's parser would take an e-mail address or a signed number for one word.
    words = tokens(" ".join((reference, given_name, name, email, phone, digits, city)))
    return normalise(f"{name} {given_name}").strip(), " ".join(words)
