"""What becomes of staged contact moments: given to their customers, checked, and kept once, by sets."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from django.contrib.auth.models import AbstractUser

from customers.importing import moment_statements as sql
from customers.importing.customer_settling import visible_part
from customers.importing.fingerprints import MOMENT_COLUMNS, print_of
from customers.importing.newcomers import inserted
from customers.importing.reading import Reading
from customers.importing.settling import KNOWN
from customers.importing.statements import REJECT, SHOWN
from customers.importing.subjects import FINDS_CUSTOMER
from customers.models.imports import Import
from customers.models.moment import ContactMoment

_GIVEN = {
    "customer_id": "moment.customer",
    "touchpoint_id": "import_row.touchpoint",
    "direction": f"coalesce(import_row.direction, '{ContactMoment.Direction.INBOUND}')",
    "occurred_at": "import_row.occurred_at",
    "minutes": "import_row.minutes",
    "employee_id": "import_row.employee",
    "person_id": "moment.person_id",
    "summary": "coalesce(import_row.summary, '')",
    "result": "coalesce(import_row.result, '')",
    "sentiment": "import_row.sentiment",
    "import_key": "moment.import_key",
}


class MomentSettling:
    """The staged rows of one file on their way into the tables; `cursor` is inside the transaction of the import."""

    def __init__(self, cursor: Any, reading: Reading, user: AbstractUser | None) -> None:
        self._cursor = cursor
        self._reading = reading
        self._finders = [name for name in FINDS_CUSTOMER if name in reading.columns]
        self._visible, self._seen = visible_part(user)

    def check(self, *, lock: bool) -> None:
        """Mark rows that cannot be kept, and rows that are here already."""
        first = self._finders[0]
        self._reject("missing_value", first, "match IS NULL", "match", self._finders)
        self._reject("missing_value", "touchpoint", "touchpoint IS NULL", "touchpoint")
        self._run(sql.MATCH)
        for name in self._finders:
            for expression, condition in sql.FINDS[name]:
                self._run(sql.FIND, {"by": name}, expression=expression, condition=condition, visible=self._visible)
        self._run(sql.INDEX_MATCH)
        for name in self._finders:
            for reason, condition in (("customer_not_found", sql.IS_UNKNOWN), ("ambiguous_key", sql.IS_AMBIGUOUS)):
                found_so = f"match_by = '{name}' AND {condition}"
                self._reject(reason, name, found_so, "match_written", self._finders)
        if "person" in self._reading.columns:
            self._reject("person_not_found", "person", sql.PERSON_UNKNOWN, "person", self._finders)
        self._run(sql.MOMENTS)
        self._run(sql.SKIP_KNOWN)

    def updated(self) -> int:
        """Contact moments are history: none is changed."""
        return 0

    def keep(self, source: Import, watch: Callable[[], None]) -> None:
        """Add the moments, and note the way back."""
        columns, values, parameters = inserted(ContactMoment(source=source), _GIVEN)
        self._run(sql.ADD, parameters, columns=columns, contents=values)
        watch()
        self._run(sql.NOTE_CHANGES, {"source": source.pk}, print=print_of("moment", MOMENT_COLUMNS))

    def _reject(self, reason: str, field: str, condition: str, shown: str, reads: Iterable[str] = ()) -> int:
        values = {"reason": reason, "column": self._reading.column_name(field), "reads": [field, *reads]}
        return self._run(REJECT, values, condition=condition, shown=SHOWN.format(value=f"import_row.{shown}"))

    def _run(self, statement: str, values: Mapping[str, Any] | None = None, **parts: str) -> int:
        text = statement.format(**parts) if parts else statement
        self._cursor.execute(text, {"known": KNOWN, **self._seen, **(values or {})})
        return int(self._cursor.rowcount)
