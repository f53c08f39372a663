"""Forms of merging, and the form of a new customer that warns of likely duplicates."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.duplicates.choices import Choice
from customers.duplicates.finding import Likely, likely_duplicates
from customers.forms import CustomerForm
from customers.models import Customer


class MergeForm(forms.Form):
    """Which of two customers is kept, and from which of both each field comes."""

    def __init__(
        self, data: Any, *, both: Sequence[Customer], made: Sequence[Choice], versions: dict[int, str]
    ) -> None:
        super().__init__(data)
        offered = [(str(customer.pk), str(customer)) for customer in both]
        self.made = made
        self.fields["kept"] = forms.ChoiceField(choices=offered)
        for choice in made:
            self.fields[choice.name] = forms.ChoiceField(choices=offered)
        for pk, version in versions.items():
            self.fields[f"version:{pk}"] = forms.CharField(initial=version, max_length=32)

    def kept_id(self) -> int:
        return int(self.cleaned_data["kept"])

    def chosen(self) -> dict[str, int]:
        return {choice.name: int(self.cleaned_data[choice.name]) for choice in self.made}

    def seen(self) -> dict[int, str]:
        """The fingerprints of both as the page showed them."""
        versions = [name for name in self.fields if name.startswith("version:")]
        return {int(name.partition(":")[2]): self.cleaned_data[name] for name in versions}


class NewCustomerForm(CustomerForm):
    """A new customer; when somebody alike is here already, it is added only after a second look."""

    create_anyway = forms.BooleanField(
        required=False,
        widget=forms.HiddenInput,
        label=gettext_lazy("This is somebody else: add the customer anyway"),
    )

    def __init__(self, *args: Any, user: AbstractUser | AnonymousUser, **options: Any) -> None:
        super().__init__(*args, user=user, **options)
        self.user = user
        self.likely: list[Likely] = []
        self.order_fields(["create_anyway"])  # right below the warning that it answers

    def _post_clean(self) -> None:
        """Once the entries stand in the instance, look around: what is alike is told by all of them together."""
        super()._post_clean()  # type: ignore[misc]
        if self.errors:
            return
        self.likely = likely_duplicates(self.instance, self.user)
        if not self.likely:
            return
        self.fields["create_anyway"].widget = forms.CheckboxInput(attrs={"autofocus": True})
        if not self.cleaned_data.get("create_anyway"):
            self.add_error("create_anyway", _("Look at the customers above, or tick this to add a new one."))
