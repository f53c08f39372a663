"""Forms of contact moments: noted at once in a customer's file, and corrected later."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any, cast

from django import forms
from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.lib.trail.together import SEEN, GuardedForm
from customers.models import Channel, ContactMoment, Customer
from customers.moments.actions import FollowUp, note_touchpoint
from customers.moments.durations import said_duration

MOST_PERSONS = 200
FOLLOW_UP = ("follow_up", "follow_up_on")
FIRST_OF_QUICK = ("summary", "minutes")


@dataclass(frozen=True, slots=True)
class Quick:
    """A kind of contact moment that is noted by two keystrokes."""

    code: str
    label: str | Promise
    icon: str
    keys: str
    direction: str
    channel: str = ""  # empty: a note, of no channel


QUICK = (
    Quick("call", gettext_lazy("Call"), "phone", "l c", ContactMoment.Direction.OUTBOUND, Channel.PHONE),
    Quick("visit", gettext_lazy("Visit"), "map-pin", "l v", ContactMoment.Direction.OUTBOUND, Channel.VISIT),
    Quick("email", gettext_lazy("E-mail"), "mail", "l e", ContactMoment.Direction.OUTBOUND, Channel.EMAIL),
    Quick("note", gettext_lazy("Note"), "pencil", "l n", ContactMoment.Direction.OBSERVED),
)


class MomentForm(GuardedForm):
    """A contact moment as somebody notes it down, and what is to follow."""

    follow_up_on = forms.DateField(
        label=gettext_lazy("Follow up on"),
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("Plans a task of yours for this day."),
    )
    follow_up = forms.CharField(label=gettext_lazy("What to do then"), required=False, max_length=200)

    class Meta:
        model = ContactMoment
        fields = [
            *("touchpoint", "direction", "occurred_at", "minutes", "person", "summary", "result", "sentiment"),
            "needs_reply",
        ]
        widgets = {
            "occurred_at": forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
            "summary": forms.Textarea(attrs={"rows": 3}),
        }

    def __init__(
        self,
        *args: Any,
        customer: Customer,
        user: AbstractUser | AnonymousUser,
        now: dt.datetime,
        may_plan: bool,
        quick: Quick | None = None,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        self.customer, self.now, self.quick = customer, now, quick
        self.heard: int | None = None  # minutes that the summary began with
        self.note = quick is not None and not quick.channel
        self.initial.setdefault("occurred_at", timezone.localtime(now).replace(second=0, microsecond=0))
        if not may_plan or self.instance.pk:
            for name in FOLLOW_UP:
                del self.fields[name]
        if self.note:
            for name in ("touchpoint", "direction"):
                del self.fields[name]
        self._begin_with_words()
        self._offer_persons(user)

    def _begin_with_words(self) -> None:
        """What is typed straight after the two keys is the summary, which may begin with the duration."""
        if self.quick is not None:
            self.order_fields(FIRST_OF_QUICK)
            if not self.note:
                self.fields["summary"].help_text = _("Begin with “12 min” or “1 h 15” to note the duration as well.")
        begins = "summary" if self.quick is not None or self.instance.pk else "touchpoint"
        self.fields[begins].widget.attrs["autofocus"] = True

    def _offer_persons(self, user: AbstractUser | AnonymousUser) -> None:
        """The members or contact persons of a household or company whom the reader sees; persons have none."""
        if self.customer.kind == Customer.Kind.PERSON and not self.instance.person_id:
            del self.fields["person"]
            return
        seen = Customer.objects.visible_to(user).filter(member_of=self.customer)
        members = seen.order_by("sort_key", "pk").values_list("pk", flat=True)[:MOST_PERSONS]
        offered = {*members, self.instance.person_id}
        persons = cast(forms.ModelChoiceField, self.fields["person"])
        persons.queryset = Customer.objects.filter(pk__in=offered).order_by("sort_key", "pk")

    def clean_occurred_at(self) -> dt.datetime:
        occurred_at = self.cleaned_data["occurred_at"]
        if occurred_at > self.now + dt.timedelta(minutes=5):
            raise forms.ValidationError(_("A contact moment is noted after it happened; give a time that has passed."))
        return occurred_at

    def clean_follow_up_on(self) -> dt.date | None:
        day = self.cleaned_data["follow_up_on"]
        if day and day < timezone.localdate(self.now):
            raise forms.ValidationError(_("A follow-up is planned for today or later."))
        return day

    def clean(self) -> dict[str, Any]:
        entered = super().clean()
        self._hear_duration(entered)
        if entered.get("follow_up") and not entered.get("follow_up_on") and "follow_up_on" not in self.errors:
            self.add_error("follow_up_on", _("Say by which day."))
        return entered

    def _hear_duration(self, entered: dict[str, Any]) -> None:
        """Minutes that were said in front of the words of a call, where the field of minutes was left empty."""
        if self.quick is None or self.note or entered.get("minutes") is not None or "minutes" in self.errors:
            return
        said = said_duration(entered.get("summary", ""))
        if said is not None:
            self.heard = said.minutes
            entered |= {"minutes": said.minutes, "summary": said.text}

    def entries(self) -> dict[str, Any]:
        """The fields of the contact moment; a note has no channel, but a touchpoint of its own."""
        entered = {name: value for name, value in self.cleaned_data.items() if name not in (SEEN, *FOLLOW_UP)}
        if self.note:
            entered |= {"touchpoint": note_touchpoint(), "direction": ContactMoment.Direction.OBSERVED}
        return entered

    def planned(self) -> FollowUp | None:
        """What is to follow, if anything is."""
        day = self.cleaned_data.get("follow_up_on")
        title = self.cleaned_data.get("follow_up") or _("Follow up with %(customer)s") % {"customer": self.customer}
        return FollowUp(title[:200], day) if day else None
