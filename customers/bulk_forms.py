"""What is asked before many customers are changed at once."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.lib.accounts.models import Team, people_to_choose
from customers.bulk import ASSIGN, DIFFERENT, TAG, TASK, Change, SelectionChanged, tag_named
from customers.models import Tag, Task

NOBODY = "none"


class BulkForm(forms.Form):
    """The base of these forms: which customers and what is done travel with the answers."""

    action = forms.CharField(widget=forms.HiddenInput)
    selection = forms.CharField(widget=forms.HiddenInput)

    def change(self) -> Change:
        """What was asked for."""
        raise NotImplementedError

    def selection_changed(self, problem: SelectionChanged) -> None:
        """Say that the customers are no longer those that were picked."""
        self.add_error(None, _(DIFFERENT) % {"expected": problem.expected, "found": problem.found})


class AssignForm(BulkForm):
    """Who looks after the customers from now on."""

    owner = forms.ChoiceField(label=gettext_lazy("Owner"), required=False)
    team = forms.ChoiceField(label=gettext_lazy("Team"), required=False)

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        people = people_to_choose()
        present = [("", _("Leave as it is")), (NOBODY, _("Nobody"))]
        self.fields["owner"].choices = present + [  # type: ignore[attr-defined]
            (str(person.pk), person.get_full_name() or person.username) for person in people
        ]
        teams = [("", _("Leave as it is")), (NOBODY, _("No team"))]
        self.fields["team"].choices = teams + [(str(team.pk), team.name) for team in Team.objects.all()]  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        if not self.errors and not (given["owner"] or given["team"]):
            raise forms.ValidationError(_("Choose an owner or a team."))
        return given

    def change(self) -> Change:
        given = {f"{name}_id": self.cleaned_data[name] for name in ("owner", "team")}
        return Change(ASSIGN, {name: None if key == NOBODY else int(key) for name, key in given.items() if key})


class TagForm(BulkForm):
    """Which word is put on the customers."""

    tag = forms.CharField(
        label=gettext_lazy("Tag"),
        max_length=Tag._meta.get_field("name").max_length,
        help_text=gettext_lazy("A new one is made when there is no tag of this name."),
    )

    def change(self) -> Change:
        return Change(TAG, {"tag": tag_named(self.cleaned_data["tag"]).pk})


class TaskForm(BulkForm):
    """What each owner has to do for the customer."""

    title = forms.CharField(label=gettext_lazy("Title"), max_length=200)
    due_on = forms.DateField(
        label=gettext_lazy("Due"),
        input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
    )
    priority = forms.TypedChoiceField(
        label=gettext_lazy("Priority"),
        coerce=int,
        choices=Task.Priority.choices,
        initial=Task.Priority.NORMAL,
    )
    note = forms.CharField(label=gettext_lazy("Note"), required=False, widget=forms.Textarea(attrs={"rows": 3}))

    def change(self) -> Change:
        given = self.cleaned_data
        due_on: dt.date = given["due_on"]
        values = {name: given[name] for name in ("title", "note", "priority")}
        return Change(TASK, values | {"due_on": due_on.isoformat()})


FORMS: dict[str, type[BulkForm]] = {ASSIGN: AssignForm, TAG: TagForm, TASK: TaskForm}
