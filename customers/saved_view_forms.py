"""Forms of saved views."""

from __future__ import annotations

from typing import Any

from django import forms
from django.urls import NoReverseMatch, resolve, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.lib.accounts.models import User
from crm_site.lib.views import ListPage
from customers.models import SavedView

LONGEST_QUERY = 8000


class SavedViewForm(forms.ModelForm):
    """The name of a view, who sees it and whether it stands beside the title of its list."""

    shared = forms.BooleanField(label=gettext_lazy("Share with my team"), required=False)

    class Meta:
        model = SavedView
        fields = ["name", "is_pinned"]
        labels = {"is_pinned": gettext_lazy("Pin beside the title of the list")}

    def __init__(self, *args: Any, user: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self.initial.setdefault("shared", self.instance.team_id is not None)
        if user.team_id is None:
            del self.fields["shared"]

    @property
    def wants_sharing(self) -> bool:
        return bool(self.cleaned_data.get("shared"))

    def name_taken(self) -> None:
        """Say that the owner has a view of this name."""
        self.add_error("name", _("You already have a view of this name."))


class NewSavedViewForm(SavedViewForm):
    """The same for a list as it stands, which comes with the form."""

    list_name = forms.CharField(max_length=40, widget=forms.HiddenInput)
    query = forms.CharField(max_length=LONGEST_QUERY, required=False, widget=forms.HiddenInput)

    class Meta(SavedViewForm.Meta):
        fields = ["name"]

    def clean_list_name(self) -> str:
        name = self.cleaned_data["list_name"]
        if not is_list(name):
            raise forms.ValidationError(_("This list does not exist."))
        return name


def is_list(url_name: str) -> bool:
    """Whether an address of this name shows a list."""
    try:
        view = resolve(reverse(url_name)).func
    except NoReverseMatch:
        return False
    return issubclass(getattr(view, "view_class", object), ListPage)
