"""Forms of the costing workshop. Each says what its reader saw, so that nobody overwrites what another one changed."""

from __future__ import annotations

import json
from collections.abc import Mapping
from decimal import Decimal
from typing import Any, cast

from django import forms
from django.db.models import Sum, prefetch_related_objects
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.lib.trail.together import EditedTogether
from profitability.costing_actions import ChangedMeanwhile, stood_in
from profitability.drivers import driver_choices
from profitability.models import Activity, ActivityShare, Costing, CostPool

HUNDRED = Decimal(100)
LARGEST_UPLOAD = 5 << 20


class StoodValues(forms.Field):
    """What stood in the rows when the form was opened, carried along as JSON."""

    widget = forms.HiddenInput

    def prepare_value(self, value: Any) -> str:
        return value if isinstance(value, str) else json.dumps(value)

    def clean(self, value: Any) -> dict[str, str]:
        """Whatever is not as it was sent counts as having seen nothing, so that it is refused as changed."""
        try:
            found = json.loads(value or "{}")
        except ValueError:
            return {}
        return {str(name): str(text) for name, text in found.items()} if isinstance(found, dict) else {}

    def has_changed(self, initial: Any, data: Any) -> bool:
        return False


class DraftForm(EditedTogether):
    """A part of a draft; `costing` is the draft. Actions compare what stood in it with what stands there now."""

    stood = StoodValues(required=False)

    def __init__(self, *args: Any, costing: Costing, **options: Any) -> None:
        super().__init__(*args, **options)
        self.costing = costing
        if self.instance.pk:
            self.initial["stood"] = stood_in(self.instance)
        elif hasattr(self.instance, "costing_id"):
            self.instance.costing = costing

    def _get_validation_exclusions(self) -> set[str]:
        """The costing is not asked for, and yet a name must be the only one within it."""
        return super()._get_validation_exclusions() - {"costing"}  # type: ignore[misc]

    def values(self) -> dict[str, Any]:
        """What is written, by field of the model."""
        return {name: self.cleaned_data[name] for name in self._meta.fields or () if name in self.cleaned_data}

    def refused(self, conflict: ChangedMeanwhile) -> None:
        """Say what somebody else wrote meanwhile; sending the form once more then writes over it knowingly."""
        shares = {name: text for name, text in conflict.present.items() if name in self.fields and "share_" in name}
        if len(shares) < len(conflict.present):
            self.changed_by_another()
        else:
            self.add_error(
                None,
                _("Somebody else has changed shares meanwhile, so nothing was saved. Look at them and save again."),
            )
            self.data = self.data.copy()
        for name, text in shares.items():
            self.add_error(name, _("It now says: %(value)s") % {"value": text or _("empty")})
        self.data["stood"] = json.dumps(stood_in(type(self.instance)._default_manager.get(pk=self.instance.pk)))


class CostingForm(DraftForm):
    """The name of a version, and the assumed cost of goods."""

    class Meta:
        model = Costing
        fields = ["name", "default_cost_ratio"]


class PoolForm(DraftForm):
    """A cost pool; its amounts are entered in the grid."""

    class Meta:
        model = CostPool
        fields = ["name", "name_fr", "practical_capacity_minutes", "company_level"]


class ActivityForm(DraftForm):
    """An activity with what it takes, by one of the two methods; what belongs to the other method is left out."""

    method = forms.ChoiceField(
        label=gettext_lazy("Method"), choices=Activity.Method.choices, widget=forms.RadioSelect, initial="traditional"
    )
    driver = forms.ChoiceField(
        label=gettext_lazy("Driver"),
        required=False,
        help_text=gettext_lazy("What a traditional activity is shared out by."),
    )

    class Meta:
        model = Activity
        fields = ["name", "name_fr", "method", "driver", "resource", "equation", "estimated_percent"]
        widgets = {"equation": forms.Textarea(attrs={"rows": 2, "spellcheck": "false", "autocapitalize": "off"})}

    def __init__(self, *args: Any, **options: Any) -> None:
        if options["instance"].pk:
            prefetch_related_objects([options["instance"]], "shares")
        super().__init__(*args, **options)
        self.pools = list(self.costing.pools.all())
        resource = cast(forms.ModelChoiceField, self.fields["resource"])
        resource.queryset = self.costing.pools.filter(practical_capacity_minutes__isnull=False)
        offered = [(pool.pk, str(pool)) for pool in self.pools if pool.practical_capacity_minutes is not None]
        resource.choices = [("", resource.empty_label), *offered]  # as the field would ask for them
        resource.help_text = _("Only cost pools with a practical capacity have minutes to use.")
        drivers = driver_choices()
        if self.instance.driver and self.instance.driver not in dict(drivers):
            drivers.append((self.instance.driver, self.instance.driver))
        cast(forms.ChoiceField, self.fields["driver"]).choices = [("", "—"), *drivers]
        present = {share.pool_id: share.percent for share in self.instance.shares.all()} if self.instance.pk else {}
        for pool in self.pools:
            self.fields[f"share_{pool.pk}"] = forms.DecimalField(
                label=pool.label,
                required=False,
                min_value=0,
                max_value=100,
                max_digits=7,
                decimal_places=4,
                initial=f"{present[pool.pk].normalize():f}" if pool.pk in present else None,
            )

    @property
    def share_fields(self) -> list[forms.BoundField]:
        return [self[f"share_{pool.pk}"] for pool in self.pools]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if cleaned.get("method") == Activity.Method.TIME_DRIVEN:
            cleaned |= {"driver": ""} | {field.name: None for field in self.share_fields}
            self._require("resource", "equation")
        else:
            cleaned |= {"resource": None, "equation": "", "estimated_percent": None}
            self._require("driver")
            self._check_shares(cleaned)
        return cleaned

    def _require(self, *names: str) -> None:
        for name in names:
            if not self.cleaned_data.get(name) and name not in self.errors:
                self.add_error(name, _("This field is required."))

    def _check_shares(self, cleaned: Mapping[str, Any]) -> None:
        """Some share, and no more than the others leave (1 query)."""
        others = ActivityShare.objects.filter(activity__costing=self.costing).exclude(activity=self.instance.pk)
        taken = dict(others.values("pool").annotate(total=Sum("percent")).values_list("pool", "total"))
        for pool in self.pools:
            left = HUNDRED - taken.get(pool.pk, Decimal())
            if (cleaned.get(f"share_{pool.pk}") or 0) > left:
                words = _("The other activities leave %(left)s %% of this cost pool.") % {
                    "left": f"{left.normalize():f}"
                }
                self.add_error(f"share_{pool.pk}", words)
        if self.pools and not any(cleaned.get(field.name) or field.errors for field in self.share_fields):
            self.add_error(None, _("Say which share of which cost pool the activity takes."))

    def shares(self) -> dict[int, Decimal]:
        """Per cent by cost pool, where there is any."""
        given = {pool.pk: self.cleaned_data.get(f"share_{pool.pk}") for pool in self.pools}
        return {pool: percent for pool, percent in given.items() if percent}


class AmountFileForm(forms.Form):
    """A file of amounts."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy(
            "CSV or XLSX with a header line: cost pool, month, amount and, if it is known, capacity."
        ),
        error_messages={
            "required": gettext_lazy("Choose a file."),
            "empty": gettext_lazy("The file is empty. Export it again."),
        },
    )

    def clean_file(self) -> Any:
        upload = self.cleaned_data["file"]
        if (upload.size or 0) > LARGEST_UPLOAD:
            said = _("The file is larger than %(limit)s MB. Split it into several files.")
            raise forms.ValidationError(said % {"limit": LARGEST_UPLOAD >> 20})
        return upload
