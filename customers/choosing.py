"""A customer as forms ask for one: by name or reference, with those who match offered while it is typed.

A select could hold a million entries. What stands in the field is "name (reference)", which says who is meant and is
understood as it stands; without scripts, a reference or a whole name that only one customer has will do.
"""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.lib.text import tokens
from customers.models import Customer
from customers.models.customer import CustomerQuerySet
from customers.reports import found_customers

OFFERED = 8  # as many as are read at a glance
GROUPS = "groups"


def labelled(customer: Customer) -> str:
    """A customer as the field shows one."""
    return f"{customer.full_name} ({customer.reference})"


def offered(visible: CustomerQuerySet, text: str) -> list[Customer]:
    """Customers whom a text may mean, also one that was chosen before (3 queries, none for an empty text)."""
    return found_customers(visible, text, OFFERED) if tokens(text) else []


class CustomerInput(forms.TextInput):
    """A field that asks the server whom a text may mean."""

    class Media:
        js = ("js/choosing.js",)

    def __init__(self, *, kinds: str = "") -> None:
        super().__init__(attrs={"autocomplete": "off", "spellcheck": "false", "maxlength": "300"})
        self.kinds = kinds

    def get_context(self, name: str, value: Any, attrs: Any) -> dict[str, Any]:
        context: dict[str, Any] = super().get_context(name, value, attrs)
        query = f"?kinds={self.kinds}" if self.kinds else ""
        context["widget"]["attrs"]["data-choices"] = reverse("customer-choices") + query
        return context


class CustomerField(forms.ModelChoiceField):
    """One of the customers that somebody may see."""

    default_error_messages = {
        "invalid_choice": gettext_lazy("You see no customer with this name or reference."),
        "several": gettext_lazy("Several customers may be meant: %(customers)s. Choose one of them."),
    }

    def __init__(self, *, kinds: str = "", **options: Any) -> None:
        described = {
            "label": gettext_lazy("Customer"),
            "help_text": gettext_lazy("Type the beginning of a name, a town or a reference, and choose."),
        }
        super().__init__(
            Customer.objects.none(),
            to_field_name="reference",
            widget=CustomerInput(kinds=kinds),
            **(described | options),
        )

    def offer(self, visible: CustomerQuerySet, *, present: int | None = None) -> None:
        """Those among whom one may choose, and the one that stands there already."""
        self.queryset = visible if present is None else visible | Customer.objects.filter(pk=present)

    @property
    def _customers(self) -> CustomerQuerySet:
        return cast(CustomerQuerySet, self.queryset)

    def prepare_value(self, value: Any) -> Any:
        return labelled(value) if isinstance(value, Customer) else value

    def to_python(self, value: Any) -> Customer | None:
        text = str(value or "").replace("\x00", "").strip()[:300]
        if not text:
            return None
        meant = self._customers.filter(reference__in=references_in(text)).order_by("pk")[:2]
        found = list(meant) or self._named(text)
        if len(found) > 1:
            told = ", ".join(map(labelled, found))
            raise forms.ValidationError(self.error_messages["several"], "several", {"customers": told})
        if not found:
            raise forms.ValidationError(self.error_messages["invalid_choice"], "invalid_choice")
        return found[0]

    def _named(self, text: str) -> list[Customer]:
        """The one of this whole name, in whatever order its words stand; otherwise those who may be meant."""
        found = offered(self._customers, text)
        whole = [customer for customer in found if sorted(tokens(customer.full_name)) == sorted(tokens(text))]
        if len(whole) == 1:
            return whole
        # One whose name only begins so may be somebody else than is meant: that is asked, never assumed.
        if len(found) == 1:
            told = {"customer": labelled(found[0])}
            raise forms.ValidationError(_("Do you mean %(customer)s? Choose it, or type the reference."), "one", told)
        return whole or found


def references_in(text: str) -> list[str]:
    """What may be the reference: the whole text, or what stands in parentheses at its end."""
    if not text.endswith(")"):
        return [text]
    starts = [place + 2 for place in range(len(text)) if text.startswith(" (", place)]
    return [text, *(text[start:-1] for start in starts)]


def customer_of(visible: CustomerQuerySet, reference: str) -> Customer | str:
    """The customer that an address names by reference; what it said when there is none to see (1 query)."""
    return visible.filter(reference=reference).first() or reference


def choosable(user: AbstractUser | AnonymousUser, *, kinds: str = "") -> CustomerQuerySet:
    """Whom somebody may choose: customers of every kind, or households and companies alone."""
    visible = Customer.objects.visible_to(user)
    return visible.exclude(kind=Customer.Kind.PERSON) if kinds == GROUPS else visible
