"""Forms and filters of segments."""

from __future__ import annotations

from typing import Any, cast

from django import forms
from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.lib.accounts.models import User, people_to_choose
from crm_site.lib.filters import ChoiceFilter, FilterForm, SearchField
from crm_site.lib.formatting import number
from crm_site.lib.trail.together import GuardedForm
from customers.models import Channel, Segment
from customers.models.segment import SegmentQuerySet
from customers.saved_view_forms import LONGEST_QUERY
from customers.segment_actions import MOST_MEMBERS, filters_of, names_a_segment


class SegmentFilters(FilterForm):
    """What narrows the list of segments."""

    q = SearchField(label=gettext_lazy("Search"), placeholder=gettext_lazy("Part of the name"))
    kind = ChoiceFilter(label=gettext_lazy("Kind"))

    lookups = {"kind": "kind"}

    def __init__(self, data: Any) -> None:
        super().__init__(data)
        self.fields["kind"].offer(Segment.Kind.choices)  # type: ignore[attr-defined]

    def filter_q(self, segments: SegmentQuerySet, text: str) -> SegmentQuerySet:
        return segments.filter(Q(name__icontains=text) | Q(name_fr__icontains=text))


class SegmentForm(GuardedForm):
    """The name of a segment and its relational policy: who looks after it, in which channels, how often at most."""

    channels = forms.MultipleChoiceField(
        label=gettext_lazy("Channels"),
        choices=Channel.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=gettext_lazy("In which channels these customers are to be spoken with."),
    )
    shared = forms.BooleanField(label=gettext_lazy("Share with my team"), required=False)

    class Meta:
        model = Segment
        fields = ["name", "name_fr", "owner", "channels", "messages", "days", "policy", "policy_fr"]
        widgets = {name: forms.Textarea(attrs={"rows": 4}) for name in ("policy", "policy_fr")}

    def __init__(self, *args: Any, user: User, **options: Any) -> None:
        super().__init__(*args, **options)
        self.user = user
        self.initial.setdefault("shared", self.instance.team_id is not None)
        owners = cast(forms.ModelChoiceField, self.fields["owner"])
        owners.queryset = people_to_choose(present=self.instance.owner_id)
        if user.team_id is None:
            del self.fields["shared"]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if "shared" in self.fields:
            self.instance.team = self.user.team if given.get("shared") else None
        if (given.get("messages") is None) != (given.get("days") is None):
            self.add_error("days", _("Give both the messages and the days of the limit, or neither."))
        return given


class NewSegmentForm(SegmentForm):
    """The same with the filters that come from the customer list, and what becomes of them."""

    filters = forms.CharField(max_length=LONGEST_QUERY, required=False, widget=forms.HiddenInput)

    class Meta(SegmentForm.Meta):
        fields = ["name", "name_fr", "kind", "owner", "channels", "messages", "days", "policy", "policy_fr"]
        widgets = SegmentForm.Meta.widgets | {"kind": forms.RadioSelect}  # type: ignore[assignment]

    def clean(self) -> dict[str, Any]:
        given = super().clean()
        query = filters_of(given.get("filters", ""))
        if not query:
            self.add_error(None, _("Filter the list of customers first: a segment is what its filters find."))
        elif given.get("kind") == Segment.Kind.DYNAMIC and names_a_segment(query):
            self.add_error("kind", _("These filters name a segment: make a fixed one, or leave that filter out."))
        self.instance.query = query
        return given

    def too_many(self) -> None:
        """Say that a fixed list cannot hold what matches."""
        self.add_error(
            "kind",
            _("More than %(limit)s customers match: narrow the filters, or make a dynamic segment.")
            % {"limit": number(MOST_MEMBERS)},
        )
