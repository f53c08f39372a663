"""The wish to get the management report each month."""

from django import forms
from django.conf import settings
from django.utils.translation import gettext_lazy as _


class ReportWishForm(forms.Form):
    """Whether, and in which language."""

    monthly = forms.BooleanField(
        label=_("Send me the management report each month"),
        required=False,
        help_text=_("By e-mail, as a PDF, on the first days of each month. Take the tick away to end it."),
    )
    language = forms.ChoiceField(label=_("Language"), choices=settings.LANGUAGES)
