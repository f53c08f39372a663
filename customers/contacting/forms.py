"""Forms of consent, messages and documents."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.contacting.documents import LARGEST
from customers.contacting.templates import places_in
from customers.models import Channel, Consent, Message, MessageTemplate


class ConsentForm(forms.ModelForm):
    """What a customer has just said, or said some time ago."""

    given = forms.TypedChoiceField(
        label=gettext_lazy("The customer said"),
        choices=[("yes", gettext_lazy("Yes, that is welcome")), ("no", gettext_lazy("No, not any more"))],
        coerce=lambda answer: answer == "yes",
        empty_value=None,
        widget=forms.RadioSelect,
    )

    class Meta:
        model = Consent
        fields = ["purpose", "channel", "given", "at", "source", "text_version"]
        widgets = {"at": forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M")}
        help_texts = {"text_version": gettext_lazy("Which wording the customer agreed to, if there are several.")}

    def __init__(self, *args: Any, now: dt.datetime, **options: Any) -> None:
        super().__init__(*args, **options)
        self.now = now
        self.initial.setdefault("channel", Channel.EMAIL.value)
        self.initial.setdefault("at", timezone.localtime(now).replace(second=0, microsecond=0))

    def clean_at(self) -> dt.datetime:
        at = self.cleaned_data["at"]
        if at > self.now + dt.timedelta(minutes=5):
            raise forms.ValidationError(_("A consent is noted after it was given; give a time that has passed."))
        return at


class TemplateChoice(forms.Form):
    """Which template a message begins with."""

    template = forms.ModelChoiceField(
        MessageTemplate.objects.select_related("purpose"),
        label=gettext_lazy("Template"),
    )


class MessageForm(forms.ModelForm):
    """A message as it will be sent: the places of its template are filled already."""

    key = forms.RegexField(r"^[0-9a-f]{32}$", widget=forms.HiddenInput)

    class Meta:
        model = Message
        fields = ["subject", "body"]
        widgets = {"body": forms.Textarea(attrs={"rows": 14})}

    def clean(self) -> dict[str, Any]:
        entered = super().clean() or {}
        for name in ("subject", "body"):
            places = places_in(entered.get(name, ""))
            if places:
                self.add_error(name, _("Fill or remove these places: %(places)s") % {"places": ", ".join(places)})
        return entered

    def refuse(self, reason: str) -> None:
        """Say why the customer may not be contacted now; the text stays in the form."""
        self.add_error(None, _("This message cannot be sent: %(reason)s.") % {"reason": reason})


class DocumentForm(forms.Form):
    """A file for a customer's file."""

    file = forms.FileField(label=gettext_lazy("File"), max_length=255)

    def clean_file(self) -> UploadedFile:
        file = self.cleaned_data["file"]
        if file.size > LARGEST:
            raise forms.ValidationError(
                _("A document may have %(size)s MB at most."), params={"size": LARGEST // 1024 // 1024}
            )
        return file
