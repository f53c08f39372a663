"""The product family that each customer spends most on."""

from django.db import models
from django.utils.translation import gettext_lazy as _

from customers.models import Customer, ProductFamily


class MainFamily(models.Model):
    """What a customer buys above all, by net sales of goods since the first order; renewed once for each run.

    Customers who never bought anything of a family have no row.
    """

    customer = models.OneToOneField(
        Customer, models.DO_NOTHING, primary_key=True, db_constraint=False, related_name="main_family"
    )
    family = models.ForeignKey(ProductFamily, models.CASCADE, related_name="+", verbose_name=_("product family"))

    class Meta:
        verbose_name = _("main product family of a customer")
        verbose_name_plural = _("main product families of customers")

    def __str__(self) -> str:
        return f"{self.customer_id}: {self.family_id}"
