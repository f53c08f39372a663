"""The form of what managers decide about value: where categories begin, and how the future counts."""

from decimal import Decimal
from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.lib.trail.together import GuardedForm
from profitability.models import ValuePolicy

HUNDRED = Decimal(100)


class PercentField(forms.DecimalField):
    """A share, entered and shown in per cent with one decimal at most."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            max_value=1,
            min_value=0,
            decimal_places=3,
            widget=forms.NumberInput(attrs={"step": "0.1", "min": "0", "max": "100", "inputmode": "decimal"}),
            error_messages={
                "max_decimal_places": gettext_lazy("Give one decimal at most."),
                "max_value": gettext_lazy("Give no more than 100."),
                "min_value": gettext_lazy("Give no less than 0."),
            },
            **options,
        )

    def to_python(self, value: Any) -> Decimal | None:  # type: ignore[override]
        entered = super().to_python(value)
        return None if entered is None else entered / HUNDRED

    def prepare_value(self, value: Any) -> Any:
        """What is stored becomes per cent; what was typed stays as it was typed."""
        return (value * HUNDRED).normalize() + 0 if isinstance(value, Decimal) else value

    def widget_attrs(self, widget: forms.Widget) -> Any:
        return {}


class ValuePolicyForm(GuardedForm):
    """Horizon, discount rate, and where the categories begin."""

    yearly_discount_rate = PercentField(
        label=gettext_lazy("Discount rate a year, in %"),
        help_text=gettext_lazy("How much less an amount is worth a year later."),
    )
    best_share = PercentField(
        label=gettext_lazy("Best share of customers, in %"),
        help_text=gettext_lazy("Customers of this best share by profit are the most profitable ones."),
    )

    class Meta:
        model = ValuePolicy
        fields = ["horizon_years", "yearly_discount_rate", "best_share", "fair_profit", "desirable_value"]

    def __init__(self, *args: Any, currency: str, **options: Any) -> None:
        super().__init__(*args, **options)
        for name in ("fair_profit", "desirable_value"):
            field = self.fields[name]
            field.label = _("%(field)s (in %(currency)s)") % {"field": field.label, "currency": currency}
