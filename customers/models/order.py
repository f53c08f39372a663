from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.core.validators import RegexValidator
from django.db import models
from django.db.models import F, Value
from django.db.models.functions import Cast, Round
from django.utils.translation import gettext_lazy as _

from crm_site.lib.addresses import reverse
from crm_site.lib.fields import CentsField
from crm_site.lib.names import BilingualName
from customers.models.customer import Customer
from customers.models.imports import Import


class ProductFamily(BilingualName):
    """A group of products that customers think of together."""

    class Meta:
        verbose_name = _("product family")
        verbose_name_plural = _("product families")
        ordering = ["name"]
        constraints = [
            models.UniqueConstraint(
                fields=["name"],
                name="product_family_name_unique",
                violation_error_message=_("There is already a product family of this name."),
            )
        ]


class Product(models.Model):
    """Something that an order line names: mostly goods, sometimes a charge that is no product at all."""

    class Kind(models.TextChoices):
        GOODS = "goods", _("Goods or service")
        DELIVERY = "delivery", _("Delivery charge")
        DISCOUNT = "discount", _("Discount")
        ADJUSTMENT = "adjustment", _("Manual adjustment")
        FEE = "fee", _("Fee")
        BAD_DEBT = "bad_debt", _("Bad debt")

    sku = models.CharField(
        _("code"),
        max_length=40,
        unique=True,
        error_messages={"unique": _("There is already a product with this code.")},
    )
    name = models.CharField(_("name"), max_length=200, blank=True)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind.choices, default=Kind.GOODS)
    family = models.ForeignKey(
        ProductFamily, models.SET_NULL, null=True, blank=True, related_name="products", verbose_name=_("family")
    )
    unit_cost = models.DecimalField(
        _("unit cost today"),
        max_digits=14,
        decimal_places=4,
        null=True,
        blank=True,
        help_text=_("Given to new order lines; empty when unknown."),
    )

    class Meta:
        verbose_name = _("product")
        verbose_name_plural = _("products")
        ordering = ["sku"]
        indexes = [models.Index(fields=["kind", "sku"], name="product_by_kind")]

    def __str__(self) -> str:
        return self.name or self.sku


class OrderQuerySet(models.QuerySet["Order"]):
    def visible_to(self, user: AbstractUser | AnonymousUser) -> "OrderQuerySet":
        """The orders of customers that this person may see; anonymous sales for whoever sees all customers."""
        if not user.has_perm("customers.view_order"):
            return self.none()
        if user.has_perm("customers.see_all_customers"):
            return self
        return self.filter(customer__in=Customer.objects.visible_to(user))

    def latest_first(self) -> "OrderQuerySet":
        return self.order_by("-ordered_on", "-id")

    def with_totals(self) -> "OrderQuerySet":
        """Each order with `gross`, `discount` and `cost` summed over its lines."""
        return self.annotate(
            gross=models.Sum("lines__gross"),
            discount=models.Sum("lines__discount"),
            units=models.Sum("lines__quantity"),
        )


class Order(models.Model):
    """A purchase or a return by one customer on one day; without a customer it is an anonymous sale.

    `contract` says that it begins or renews a subscription: customers with such orders are forecast by their renewals.
    """

    class Contract(models.TextChoices):
        START = "start", _("Begins a subscription")
        RENEWAL = "renewal", _("Renews a subscription")

    number = models.CharField(
        _("number"),
        max_length=60,
        unique=True,
        error_messages={"unique": _("There is already an order with this number.")},
    )
    customer = models.ForeignKey(
        Customer,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,  # order_by_customer leads to them
        related_name="orders",
        verbose_name=_("customer"),
    )
    ordered_on = models.DateField(_("day"), help_text=_("The company's calendar day of the order."))
    ordered_at = models.DateTimeField(_("exact time"), null=True, blank=True)
    currency = models.CharField(
        _("currency"),
        max_length=3,
        blank=True,
        validators=[RegexValidator(r"^[A-Z]{3}$", _("Give the three capital letters of the currency, such as EUR."))],
        help_text=_("Empty for the house currency."),
    )
    exchange_rate = models.DecimalField(
        _("exchange rate"),
        max_digits=16,
        decimal_places=8,
        default=1,
        help_text=_(
            "House currency for one unit of the order's currency; prices on the lines are in the house currency."
        ),
    )
    contract = models.CharField(
        _("subscription"),
        max_length=7,
        choices=Contract.choices,
        blank=True,
        db_default="",
        help_text=_("Whether the order begins or renews a subscription; empty for an order of any other kind."),
    )
    source = models.ForeignKey(
        Import, models.PROTECT, null=True, blank=True, related_name="orders", verbose_name=_("import")
    )
    # Rows of this order that its import had to reject: so many lines may still be added by importing them corrected.
    lines_left_out = models.PositiveIntegerField(default=0, db_default=0, editable=False)

    objects = OrderQuerySet.as_manager()

    class Meta:
        verbose_name = _("order")
        verbose_name_plural = _("orders")
        indexes = [
            models.Index(fields=["customer", "-ordered_on", "-id"], name="order_by_customer"),
            models.Index(fields=["-ordered_on", "-id"], name="order_by_day"),
            # Few companies have subscriptions; recomputes ask for those of whoever has.
            models.Index(
                fields=["customer", "ordered_on"],
                include=["contract"],
                name="order_of_contract",
                condition=~models.Q(contract=""),
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=models.Q(exchange_rate__gt=0),
                name="order_exchange_rate_positive",
                violation_error_message=_("The exchange rate must be greater than zero."),
            ),
            models.CheckConstraint(
                condition=models.Q(contract__in=["", "start", "renewal"]), name="order_contract_known"
            ),
        ]

    def __str__(self) -> str:
        return self.number

    def get_absolute_url(self) -> str:
        return reverse("order", args=[self.pk])


def _cents(expression: models.Expression | models.F) -> Cast:
    return Cast(Round(expression * Value(100, output_field=models.IntegerField())), CentsField())


class OrderLine(models.Model):
    """A product on an order, at the prices of the day, in the house currency. A negative quantity is a return.

    `gross` and `cost` are computed by the database to the cent, so that every sum over lines agrees with every other.
    """

    order = models.ForeignKey(Order, models.CASCADE, related_name="lines", verbose_name=_("order"))
    product = models.ForeignKey(Product, models.PROTECT, related_name="lines", verbose_name=_("product"))
    quantity = models.DecimalField(_("quantity"), max_digits=12, decimal_places=3)
    unit_price = models.DecimalField(_("unit price"), max_digits=16, decimal_places=6)
    discount = CentsField(_("discount"), default=0, help_text=_("Amount taken off the whole line."))
    unit_cost = models.DecimalField(
        _("unit cost"), max_digits=16, decimal_places=6, null=True, blank=True, help_text=_("Empty when unknown.")
    )
    gross = models.GeneratedField(
        expression=_cents(F("quantity") * F("unit_price")), output_field=CentsField(), db_persist=True
    )
    cost = models.GeneratedField(
        expression=_cents(F("quantity") * F("unit_cost")), output_field=CentsField(null=True), db_persist=True
    )

    class Meta:
        verbose_name = _("order line")
        verbose_name_plural = _("order lines")
        constraints = [
            models.CheckConstraint(
                condition=~models.Q(quantity=0),
                name="order_line_quantity_not_zero",
                violation_error_message=_("The quantity cannot be zero."),
            )
        ]

    def __str__(self) -> str:
        return f"{self.order_id}/{self.pk}"
