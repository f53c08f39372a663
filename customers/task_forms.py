"""Forms and filters of tasks."""

from __future__ import annotations

import datetime as dt
from typing import Any, cast

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy, pgettext_lazy

from crm_site.lib.accounts.models import User, people_to_choose
from crm_site.lib.filters import ChoiceFilter, FilterForm, SearchField
from crm_site.lib.trail.together import SEEN, GuardedForm
from customers.choosing import CustomerField, choosable, customer_of
from customers.models import Task
from customers.models.task import TaskQuerySet

DUE = {
    "overdue": gettext_lazy("Overdue"),
    "today": gettext_lazy("By today"),
    "week": gettext_lazy("In the next seven days"),
}


class TaskFilters(FilterForm):
    """What narrows the list of tasks; those that are done are left out until somebody asks for them."""

    q = SearchField(label=gettext_lazy("Search"), placeholder=gettext_lazy("Words of the title"))
    whose = ChoiceFilter(label=gettext_lazy("Whose"))
    due = ChoiceFilter(label=gettext_lazy("Due"))
    state = ChoiceFilter(label=gettext_lazy("State"))
    priority = ChoiceFilter(label=gettext_lazy("Priority"))
    customer = forms.IntegerField(
        label=gettext_lazy("Customer"), required=False, min_value=1, max_value=2**63 - 1, widget=forms.HiddenInput
    )

    lookups = {"q": "title__icontains", "priority": "priority", "customer": "customer"}

    def __init__(self, data: Any, *, user: User, today: dt.date) -> None:
        super().__init__(data)
        self.user, self.today = user, today
        offered = {
            "whose": [("mine", gettext_lazy("Mine")), ("team", gettext_lazy("My team's"))],
            "due": list(DUE.items()),
            "priority": Task.Priority.choices,
        }
        for name, values in offered.items():
            self.fields[name].offer(values)  # type: ignore[attr-defined]
        states = [
            ("", pgettext_lazy("tasks", "Open")),
            ("done", pgettext_lazy("tasks", "Done")),
            ("all", pgettext_lazy("tasks", "Open and done")),
        ]
        cast(ChoiceFilter, self.fields["state"]).choices = states

    def apply(self, queryset: Any) -> Any:
        """The rows that pass every filter in force, open ones unless the state says otherwise."""
        rows: Any = super().apply(queryset)
        return rows if "state" in self.in_force() else rows.open()

    def filter_whose(self, tasks: TaskQuerySet, whose: str) -> TaskQuerySet:
        mine = Q(owner=self.user)
        if whose == "team" and self.user.team_id:
            return tasks.filter(mine | Q(owner__team=self.user.team_id))
        return tasks.filter(mine)

    def filter_due(self, tasks: TaskQuerySet, due: str) -> TaskQuerySet:
        if due == "overdue":
            return tasks.filter(due_on__lt=self.today)
        return tasks.filter(due_on__lte=self.today + dt.timedelta(days=7 if due == "week" else 0))

    def filter_state(self, tasks: TaskQuerySet, state: str) -> TaskQuerySet:
        return tasks.filter(done_at__isnull=False) if state == "done" else tasks


class TaskForm(GuardedForm):
    """A task as somebody plans it."""

    customer = CustomerField(required=False)

    class Meta:
        model = Task
        fields = ["title", "customer", "owner", "due_on", "due_time", "priority", "recurrence", "remind_at", "note"]
        widgets = {
            "due_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d"),
            "due_time": forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
            "remind_at": forms.DateTimeInput(attrs={"type": "datetime-local"}, format="%Y-%m-%dT%H:%M"),
            "note": forms.Textarea(attrs={"rows": 3}),
        }
        help_texts = {
            "remind_at": gettext_lazy("You get one e-mail at this time, and the task stands on the page Today."),
        }

    def __init__(self, *args: Any, user: User, **options: Any) -> None:
        super().__init__(*args, **options)
        cast(CustomerField, self.fields["customer"]).offer(choosable(user), present=self.instance.customer_id)
        owners = cast(forms.ModelChoiceField, self.fields["owner"])
        owners.queryset = people_to_choose(present=self.instance.owner_id)
        if self.instance.customer:
            self.initial["customer"] = self.instance.customer
        elif asked := self.initial.get("customer"):
            self.initial["customer"] = customer_of(choosable(user), asked)

    def entries(self) -> dict[str, Any]:
        """What was entered, for the action that writes it."""
        return {name: value for name, value in self.cleaned_data.items() if name != SEEN}


class QuickTaskForm(forms.ModelForm):
    """A task in a customer's file, in one line."""

    class Meta:
        model = Task
        fields = ["title", "due_on"]
        widgets = {"due_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}
