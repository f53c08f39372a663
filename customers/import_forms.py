"""The form by which a file of orders is uploaded."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from customers.importing.mappings import parse_mapping
from customers.importing.problems import ImportProblem

LARGEST_UPLOAD_MB = 200
COLUMNS = "columns"
EXAMPLE = "customer=…,date=…,quantity=…,unit_price=…"


class ImportForm(forms.Form):
    """A file, and what has to be known to read it."""

    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy("A CSV file with a header line, or a CDNOW file; it may be packed with gzip (.gz)."),
        error_messages={
            "required": gettext_lazy("Choose a file."),
            "empty": gettext_lazy("The file is empty. Export it again."),
        },
    )
    mapping = forms.ChoiceField(
        label=gettext_lazy("Columns"),
        choices=[
            ("auto", gettext_lazy("Told by the names in the header")),
            ("cdnow", gettext_lazy("CDNOW: customer, day, number of CDs, amount")),
            ("online-retail", gettext_lazy("Online Retail (UCI)")),
            (COLUMNS, gettext_lazy("Named below")),
        ],
    )
    columns = forms.CharField(
        label=gettext_lazy("Names of the columns"),
        required=False,
        max_length=2000,
        widget=forms.TextInput(
            attrs={"placeholder": "customer=…,date=…,quantity=…,unit_price=…", "spellcheck": "false"}
        ),
        help_text=gettext_lazy(
            "Only when they cannot be told: which column holds what. Fields: order, customer, customer_name, date, "
            "sku, product, quantity, unit_price or amount, discount, unit_cost, currency, exchange_rate, country."
        ),
    )
    dates = forms.ChoiceField(
        label=gettext_lazy("Dates"),
        required=False,
        choices=[
            ("", gettext_lazy("Told by the file")),
            ("dmy", gettext_lazy("Day first: 31/12/2026")),
            ("mdy", gettext_lazy("Month first: 12/31/2026")),
            ("iso", gettext_lazy("Year first: 2026-12-31")),
        ],
    )
    decimal = forms.ChoiceField(
        label=gettext_lazy("Decimals"),
        required=False,
        choices=[
            ("", gettext_lazy("Told by the file")),
            ("point", gettext_lazy("After a point: 1,234.50")),
            ("comma", gettext_lazy("After a comma: 1 234,50")),
        ],
    )
    encoding = forms.ChoiceField(
        label=gettext_lazy("Encoding"),
        required=False,
        choices=[
            ("", gettext_lazy("Told by the file")),
            ("utf-8", "UTF-8"),
            ("cp1252", gettext_lazy("Windows, Western Europe")),
            ("iso8859-15", "ISO 8859-15"),
            ("mac-roman", "Mac Roman"),
            ("cp850", gettext_lazy("DOS, Western Europe")),
            ("cp1250", gettext_lazy("Windows, Central Europe")),
        ],
    )

    def clean_file(self) -> UploadedFile:
        upload: UploadedFile = self.cleaned_data["file"]
        if (upload.size or 0) > LARGEST_UPLOAD_MB << 20:
            raise forms.ValidationError(
                _("The file is larger than %(limit)s MB. Pack it with gzip, or split it into several files.")
                % {"limit": LARGEST_UPLOAD_MB}
            )
        return upload

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        named = cleaned.get("mapping") == COLUMNS
        if named and not cleaned.get("columns"):
            self.add_error("columns", _("Name the columns of the file."))
            return cleaned
        parts = [cleaned["columns"] if named else cleaned.get("mapping", "auto")]
        parts += [f"{name}={cleaned[name]}" for name in ("dates", "decimal", "encoding") if cleaned.get(name)]
        try:
            parse_mapping(",".join(parts))
        except ImportProblem as problem:
            self.add_error("columns", problem.sentence)
        return cleaned | {"mapping": ",".join(parts)}

    def refuse(self, problem: ImportProblem) -> None:
        """Say beside the file why it cannot be imported."""
        self.add_error("file", problem.sentence)
