"""The form for figures of another day than today."""

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.lib.formatting import day


class FiguresDayForm(forms.Form):
    """As of which day a recompute works: not before the first order, and not after today."""

    as_of = forms.DateField(
        label=gettext_lazy("Figures as of"),
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy(
            "Orders and contacts after this day are left out; customers are judged as they stood on it."
        ),
    )

    def __init__(self, *args: Any, first: dt.date, today: dt.date, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.first, self.today = first, today
        self.fields["as_of"].widget.attrs |= {"min": first.isoformat(), "max": today.isoformat()}

    def clean_as_of(self) -> dt.date:
        chosen: dt.date = self.cleaned_data["as_of"]
        if not self.first <= chosen <= self.today:
            raise forms.ValidationError(
                _("Choose a day from %(first)s, that of the first order, to %(today)s, today.")
                % {"first": day(self.first), "today": day(self.today)}
            )
        return chosen
