"""Two people at one form: the second is told what the first changed, and loses nothing of what was typed.

A form remembers how far the trail of its object was when it was opened. When it has grown since, nothing is saved: the
form comes back with what was entered, with the present values of the fields that were left alone, and with who changed
what. Saving it again then overwrites on purpose only.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from django import forms
from django.db import connection
from django.db.models import Field, ForeignKey, ManyToManyField, Max, Model
from django.utils.translation import gettext as _

from crm_site.lib import formatting
from crm_site.lib.fields import CentsField
from crm_site.lib.trail.models import Change
from crm_site.lib.trail.registry import declaration_of
from crm_site.lib.trail.words import in_words, who

SEEN = "seen"


def position(thing: Model) -> int:
    """How far the trail of a row is: the key of its latest change (1 query)."""
    return Change.objects.of(thing).aggregate(latest=Max("id"))["latest"] or 0


class SeenField(forms.IntegerField):
    """How far the trail was when the form was opened; nothing that anybody enters."""

    widget = forms.HiddenInput

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False


class EditedTogether(forms.ModelForm):
    """A form that knows what was changed since it was opened; whoever saves it decides when to ask."""

    seen = SeenField(required=False)
    data: Any  # what was sent; a copy that can be written once others' changes are shown in it

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        if self.instance.pk is not None and not self.is_bound:
            self.initial[SEEN] = position(self.instance)

    def changed_by_another(self) -> None:
        """Say what others changed since the form was opened, and bring up to date what was left alone."""
        seen = self.cleaned_data.get(SEEN)
        latest = position(self.instance)
        fresh = type(self.instance)._base_manager.filter(pk=self.instance.pk).first()
        since = [] if seen is None else list(self._since(seen))
        if fresh is None or not since:
            self.add_error(
                None,
                _(
                    "Somebody else has changed this since you opened the form. Nothing was saved: note what you "
                    "entered, open it again and enter it there."
                ),
            )
            return
        self.add_error(
            None,
            _(
                "Somebody else has changed this since you opened the form, so nothing was saved. What you entered is "
                "still here, and the fields that you left alone are up to date: look at them and save again."
            ),
        )
        for change, line in zip(since, in_words(since), strict=True):
            words = {"who": who(change) or line.means, "when": formatting.moment(line.at)}
            told = ", ".join(map(str, line.fields)) or line.kind
            self.add_error(None, _("%(who)s, %(when)s: %(changes)s") % (words | {"changes": told}))
        self.data = self.data.copy()
        for name, former in self._former(since, fresh).items():
            self._settle(name, former, fresh, since)
        self.data[self.add_prefix(SEEN)] = str(latest)
        self.brought_up_to_date(fresh)

    def brought_up_to_date(self, fresh: Any) -> None:
        """Refresh what a form keeps besides; `data` can be written by now."""

    def _since(self, seen: int) -> Any:
        return Change.objects.of(self.instance).filter(id__gt=seen).select_related("user").order_by("id")

    def _former(self, since: list[Change], fresh: Model) -> dict[str, Any]:
        """What each field of this form that others changed was when the form was opened, as the trail keeps it."""
        found: dict[str, Any] = {}
        for change in reversed(since):
            for column, (before, after) in change.fields.items():
                name = self.field_name(column)
                if name not in self.fields:
                    continue
                if isinstance(self._field(name), ManyToManyField):
                    present = found.get(name, set(self.present(name, fresh)))
                    found[name] = (present - set(after)) | set(before)
                else:
                    found[name] = before
        return found

    def _settle(self, name: str, former: Any, fresh: Model, since: list[Change]) -> None:
        """Show the present value of a field that was left alone; say whose entry a typed one would overwrite."""
        if name not in self.cleaned_data:
            return
        if self.is_as_it_was(name, former):
            self._show(name, self.present(name, fresh))
        elif not self.is_as_it_was(name, self._latest(name, since, fresh)):
            self.add_error(name, _("Changed by somebody else as well: what stands here is yours."))

    def _latest(self, name: str, since: list[Change], fresh: Model) -> Any:
        if isinstance(self._field(name), ManyToManyField):
            return set(self.present(name, fresh))
        columns = [(column, values) for change in since for column, values in change.fields.items()]
        return [after for column, (_before, after) in columns if self.field_name(column) == name][-1]

    # --- How columns of the trail and fields of the form belong together: forms with fields of their own say more

    def _field(self, name: str) -> Any:
        fields = {each.name: each for each in (*self._meta.model._meta.fields, *self._meta.model._meta.many_to_many)}
        return fields.get(name)

    def field_name(self, column: str) -> str:
        """The form's field for a column."""
        for each in self._meta.model._meta.concrete_fields:
            if each.column == column:
                return str(each.name)
        return column

    def is_as_it_was(self, name: str, former: Any) -> bool:
        """Whether what was entered is what the trail says that the field was."""
        entered = self.cleaned_data[name]
        field = self._field(name)
        if isinstance(field, ManyToManyField):
            return {each.pk for each in entered} == set(former)
        return _comparable(field, entered) == _recorded(field, former)

    def present(self, name: str, fresh: Any) -> Any:
        """The present value of a field, as the form's field takes it."""
        if isinstance(self._field(name), ManyToManyField):
            return list(getattr(fresh, name).values_list("pk", flat=True))
        return getattr(fresh, name)

    def _show(self, name: str, value: Any) -> None:
        key, field = self.add_prefix(name), self.fields[name]
        prepared, widget = field.prepare_value(value), field.widget
        if isinstance(widget, forms.MultiWidget):
            for number, part in enumerate(widget.decompress(prepared) or ()):
                self.data[f"{key}_{number}"] = widget.widgets[number].format_value(part) or ""
        elif isinstance(prepared, list | tuple):
            self.data.setlist(key, list(map(str, prepared)))
        elif isinstance(prepared, bool):
            self.data.pop(key, None)
            if prepared:
                self.data[key] = "on"
        else:
            shown = widget.format_value(prepared)
            self.data[key] = (shown[0] if isinstance(shown, list) else shown) or ""


class GuardedForm(EditedTogether):
    """The same, asking by itself: within a transaction it holds the row, so that nobody comes between.

    What was sent without saying what was seen (a script, a form of old) is taken as it is.
    """

    def clean(self) -> dict[str, Any]:
        entered = super().clean() or self.cleaned_data
        seen = self.cleaned_data.get(SEEN)
        if self.instance.pk is not None and seen is not None and self.has_changed():
            if connection.in_atomic_block:
                rows = type(self.instance)._base_manager.select_for_update(of=("self",))
                rows.only("pk").filter(pk=self.instance.pk).first()
            if position(self.instance) != seen:
                self.changed_by_another()
        return entered


def guarded(form: type[forms.ModelForm], model: type[Model]) -> type[forms.ModelForm]:
    """The same form, guarded where the model is tracked."""
    if declaration_of(model) is None or issubclass(form, EditedTogether):
        return form
    return type(f"Guarded{form.__name__}", (GuardedForm, form), {})


def _comparable(field: Field[Any, Any] | None, entered: Any) -> Any:
    if entered in (None, "", []):
        return None
    if isinstance(field, ForeignKey):
        return entered.pk
    return entered


def _recorded(field: Field[Any, Any] | None, former: Any) -> Any:
    if former in (None, "", []) or field is None or isinstance(field, ForeignKey):
        return former or None
    return Decimal(former).scaleb(-2) if isinstance(field, CentsField) else field.to_python(former)
