"""The forms of an import: the file, what its columns hold, and what is done with its rows."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from customers import custom_fields
from customers.importing.mappings import COLUMNS as NAMED_COLUMNS
from customers.importing.mappings import Mapping, Subject, parse_mapping, position
from customers.importing.problems import ImportProblem
from customers.importing.subjects import label, subject_of
from customers.models import Import

LARGEST_UPLOAD_MB = 200
COLUMNS = "columns"
EXAMPLE = "customer=…,date=…,quantity=…,unit_price=…"
# Columns beyond these are left out: a form has its bounds.
MOST_COLUMNS = 400
DATES = [
    ("", gettext_lazy("Told by the file")),
    ("dmy", gettext_lazy("Day first: 31/12/2026")),
    ("mdy", gettext_lazy("Month first: 12/31/2026")),
    ("iso", gettext_lazy("Year first: 2026-12-31")),
]
DECIMALS = [
    ("", gettext_lazy("Told by the file")),
    ("point", gettext_lazy("After a point: 1,234.50")),
    ("comma", gettext_lazy("After a comma: 1 234,50")),
]


class ImportForm(forms.Form):
    """A file, and what has to be known to read it."""

    kind = forms.ChoiceField(label=gettext_lazy("The file holds"), choices=Import.Kind.choices)
    file = forms.FileField(
        label=gettext_lazy("File"),
        help_text=gettext_lazy(
            "A workbook (XLSX), or a CSV file, which may be packed with gzip (.gz). Its first line names the columns; "
            "only CDNOW files of orders have none."
        ),
        error_messages={
            "required": gettext_lazy("Choose a file."),
            "empty": gettext_lazy("The file is empty. Export it again."),
        },
    )
    mapping = forms.ChoiceField(
        label=gettext_lazy("Columns"),
        required=False,
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
            "sku, product, quantity, unit_price or amount, discount, unit_cost, currency, exchange_rate, country, "
            "subscription (start or renewal)."
        ),
    )
    dates = forms.ChoiceField(label=gettext_lazy("Dates"), required=False, choices=DATES)
    decimal = forms.ChoiceField(label=gettext_lazy("Decimals"), required=False, choices=DECIMALS)
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

    def __init__(self, *args: Any, kinds: list[str], **options: Any) -> None:
        super().__init__(*args, **options)
        offered = [choice for choice in Import.Kind.choices if choice[0] in kinds]
        self.fields["kind"].choices = offered  # type: ignore[attr-defined]

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
        if cleaned.get("kind") != Import.Kind.ORDERS:
            return cleaned
        named = cleaned.get("mapping") == COLUMNS
        if named and not cleaned.get("columns"):
            self.add_error("columns", _("Name the columns of the file."))
            return cleaned
        parts = [cleaned["columns"] if named else cleaned.get("mapping") or "auto"]
        parts += [f"{name}={cleaned[name]}" for name in ("dates", "decimal", "encoding") if cleaned.get(name)]
        try:
            parse_mapping(",".join(parts))
        except ImportProblem as problem:
            self.add_error("columns", problem.sentence)
        return cleaned | {"mapping": ",".join(parts)}

    def refuse(self, problem: ImportProblem) -> None:
        """Say beside the file why it cannot be imported."""
        self.add_error("file", problem.sentence)
        if problem.code == "unsure" and len(self.fields["kind"].choices) > 1:  # type: ignore[attr-defined]
            self.add_error("kind", _("If the file holds something else than orders, say so here."))


class ColumnsForm(forms.Form):
    """What each column of a waiting file holds, and what is to be done with its rows."""

    mode = forms.ChoiceField(label=gettext_lazy("New and known customers"), choices=Import.Mode.choices)
    key = forms.ChoiceField(
        label=gettext_lazy("Customers are recognised by"),
        choices=Import.Key.choices,
        help_text=gettext_lazy("A row is about the customer who is here already with the same."),
    )
    dates = forms.ChoiceField(label=gettext_lazy("Dates"), required=False, choices=DATES)
    decimal = forms.ChoiceField(label=gettext_lazy("Decimals"), required=False, choices=DECIMALS)

    def __init__(self, data: Any, *, source: Import) -> None:
        self.source = source
        further = custom_fields.fields()
        self.subject = subject_of(source.kind, further)
        of_moments = source.kind == Import.Kind.MOMENTS
        labels = [(name, str(label(name, of_moments=of_moments, further=further))) for name in self.subject.fields]
        self.labels = dict(labels)
        suggested = self._suggested(source, self.subject)
        super().__init__(data, initial={"mode": source.mode, "key": source.key, **suggested})
        offered = [("", pgettext_lazy("column of a file", "Leave out")), *labels]
        for place, name in enumerate(source.header[:MOST_COLUMNS]):
            self.fields[f"column_{place}"] = forms.ChoiceField(label=name, required=False, choices=offered)
        if of_moments:
            del self.fields["mode"], self.fields["key"]

    @staticmethod
    def _suggested(source: Import, subject: Subject) -> dict[str, str]:
        mapping = parse_mapping(source.mapping, subject, whole=False)
        columns = mapping.layout.columns if mapping.layout else {}
        places = {position(name, source.header): field for field, name in columns.items()}
        return {f"column_{place}": field for place, field in places.items()} | {
            "dates": mapping.dates,
            "decimal": mapping.decimal,
        }

    def columns(self) -> list[forms.BoundField]:
        """The fields that stand for columns, in the order of the file."""
        return [self[name] for name in self.fields if name.startswith("column_")]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        chosen: dict[str, str] = {}
        for name, field in list(cleaned.items()):
            if name.startswith("column_") and field:
                if field in chosen:
                    self.add_error(
                        name, _("Two columns are named as %(field)s. Leave one out.") % {"field": self.labels[field]}
                    )
                chosen[field] = f"#{int(name.removeprefix('column_')) + 1}"
        told = parse_mapping(self.source.mapping, self.subject, whole=False)
        mapping = Mapping(
            layout=replace(NAMED_COLUMNS, columns=chosen) if chosen else None,
            dates=cleaned.get("dates", ""),
            decimal=cleaned.get("decimal", ""),
            delimiter=told.delimiter,
            encoding=told.encoding,
        )
        if not chosen:
            self.add_error(None, _("Say of at least one column what it holds."))
        return cleaned | {"mapping": str(mapping)}

    def refuse(self, problem: ImportProblem) -> None:
        """Say above the columns why nothing can be done with them like this."""
        self.add_error(None, problem.sentence)
