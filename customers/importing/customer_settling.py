"""What becomes of staged rows of customers and contact persons: matched, checked, compared and kept, by sets.

A row is about the customer that is known by the same key, if that is one whom the person who imports may see. An empty
cell leaves what is there as it is, and a row that changes nothing is skipped.
"""

import csv
import io
from collections.abc import Callable, Mapping
from typing import Any

from django.contrib.auth.models import AbstractUser
from django.db import connection

from customers.importing import customer_statements as sql
from customers.importing.fingerprints import print_of
from customers.importing.newcomers import inserted
from customers.importing.reading import Reading
from customers.importing.settling import KNOWN
from customers.importing.statements import REJECT, SHOWN
from customers.importing.subjects import KEY_FIELDS, Key, Kind, Mode, Wish, names_companies
from customers.models.customer import Customer, search_columns
from customers.models.imports import Import

AT_ONCE = 10_000
# Fields of a file by the columns that they are kept in; texts stand under their own name.
TEXTS = (
    "reference", "kind", "name", "given_name", "email", "phone", "street", "postal_code", "city", "country", "language",
    "preferred_channel", "best_time", "needs", "birth_date", "acquired_on", "acquisition_cost",
)  # fmt: skip
_SEARCHED = ("reference", "given_name", "name", "email", "phone", "city")
# What a row says of a customer that is here: a name that is shown whole, or a country in other words, changes nothing.
_NEW = {
    "name": "CASE WHEN import_row.name = trim(customer.given_name || ' ' || customer.name) THEN customer.name "
    "ELSE coalesce(import_row.name, customer.name) END",
    "country": "CASE WHEN import_row.country_written = customer.country THEN customer.country "
    "ELSE coalesce(import_row.country, customer.country) END",
    "member_of_id": "coalesce(import_member.id, customer.member_of_id)",
    "owner_id": "coalesce(import_row.owner, customer.owner_id)",
    "source_id": "coalesce(import_row.source, customer.source_id)",
    "custom": "customer.custom || coalesce(import_row.custom, '{}')",
}


class CustomerSettling:
    """The staged rows of one file on their way into the tables; `cursor` is inside the transaction of the import."""

    def __init__(self, cursor: Any, reading: Reading, wish: Wish, user: AbstractUser | None) -> None:
        self._cursor = cursor
        self._reading = reading
        self._wish = wish
        self._key = KEY_FIELDS[wish.key]
        # Whatever of these cannot be read, nothing can be said of whom the row is about.
        self._found_by = ("name", "given_name", "postal_code") if wish.key == Key.NAME else (self._key,)
        self._visible, self._seen = visible_part(user)
        kept = {"member_of": "member_of_id", "owner": "owner_id", "source": "source_id"}
        fields = [kept.get(field, field) for field in reading.columns if not field.startswith("custom_")]
        own = any(field.startswith("custom_") for field in reading.columns)
        self.columns = [*fields, *(["custom"] if own else [])]

    def check(self, *, lock: bool) -> None:
        """Mark rows that cannot be kept, and rows that change nothing."""
        self._reject("no_key", self._key, "match IS NULL", self._found_by)
        self._run(sql.SKIP_REPEATED, told=", ".join(f"import_row.{column}" for column in self._told()))
        self._run(sql.REJECT_REPEATED, self._named(self._key), by="match", shown=f"import_row.{self._key}")
        self._match(lock=lock)
        if self._wish.mode != Mode.UPDATE:
            self._check_new()
        self._check_references()
        self._check_members()
        self._compare()

    def _told(self) -> list[str]:
        """The columns of the staging table that this file fills."""
        staged = {"member_of_id": "member", "owner_id": "owner", "source_id": "source"}
        return [staged.get(column, column) for column in self.columns]

    def _match(self, *, lock: bool) -> None:
        expression, condition = sql.MATCHES[self._wish.key]
        among = "customer.kind = 'person'" if self._wish.kind == Kind.PERSONS else "true"
        self._run(sql.MATCH, expression=expression, condition=condition, among=among, visible=self._visible)
        if lock:
            self._run(sql.LOCK)
        self._reject("not_found", self._key, sql.IS_HIDDEN, self._found_by)
        self._reject("ambiguous_key", self._key, sql.IS_AMBIGUOUS, self._found_by)
        if self._wish.mode == Mode.UPDATE:
            self._reject("not_found", self._key, f"match IS NOT NULL AND {sql.IS_NEW}", self._found_by)
        if self._wish.mode == Mode.CREATE:
            self._run(sql.SKIP_KNOWN)

    def _check_new(self) -> None:
        self._reject("missing_value", "name", f"name IS NULL AND {sql.IS_NEW}", self._found_by)
        if self._wish.kind == Kind.PERSONS:
            self._reject("missing_value", "member_of", f"member IS NULL AND {sql.IS_NEW}", self._found_by)

    def _check_references(self) -> None:
        """A reference may belong to somebody else, unless the row is about whoever has it."""
        found_by_it = self._key == "reference" and self._wish.kind != Kind.PERSONS
        if "reference" in self._reading.columns and not found_by_it:
            self._reject("reference_taken", "reference", sql.IS_TAKEN, self._found_by)
            if self._key != "reference":
                self._run(sql.REJECT_REPEATED, self._named("reference"), by="reference", shown="import_row.reference")

    def _check_members(self) -> None:
        """Runs for files without such a column too: the table that it makes is joined later."""
        groups = "kind <> 'person'" if "kind" in self._reading.columns else "false"
        self._run(sql.MEMBERS, groups=groups, visible=self._visible)
        if "member_of" not in self._reading.columns:
            return
        self._reject("member_ambiguous", "member_of", sql.MEMBER_AMBIGUOUS)
        for condition in (sql.MEMBER_UNKNOWN, sql.MEMBER_OF_ITSELF, sql.NAMES_ITSELF):
            self._reject("member_not_found", "member_of", condition, self._found_by)
        while self._reject("member_not_found", "member_of", sql.MEMBER_REJECTED):
            pass

    def _compare(self) -> None:
        new = {column: _NEW.get(column, f"coalesce(import_row.{column}, customer.{column})") for column in self.columns}
        old = [f"customer.{column}" for column in self.columns]
        before = [f"'{column}', customer.{column}" for column in (*self.columns, "sort_key", "search_text")]
        different = f"ROW({', '.join(new.values())}) IS DISTINCT FROM ROW({', '.join(old)})"
        listed = ", ".join(f'{expression} AS "{column}"' for column, expression in new.items())
        self._run(sql.CHANGED, new=listed, before=", ".join(before), different=different)

    def updated(self) -> int:
        """How many rows change customers that are here."""
        self._cursor.execute("SELECT count(*) FROM import_changed")
        return int(self._cursor.fetchone()[0])

    # --- Keeping

    def keep(self, source: Import, watch: Callable[[], None]) -> None:
        """Change the customers that are here, add the new ones, and note the way back."""
        self._change()
        watch()
        self._add(source)
        self._run(sql.JOIN_PENDING)
        watch()
        self._run(sql.NOTE_CHANGES, {"source": source.pk}, print=print_of("customer"))

    def _change(self) -> None:
        self._run(sql.SEARCH)
        told = [f"changed.{name}" if name in self.columns else f"customer.{name}" for name in _SEARCHED]
        with connection.chunked_cursor() as customers:
            customers.execute(sql.READ_SEARCHED.format(searched=", ".join(told)))
            while rows := customers.fetchmany(AT_ONCE):
                text = io.StringIO()
                csv.writer(text).writerows([pk, *search_columns(*texts)] for pk, *texts in rows)
                text.seek(0)
                self._cursor.copy_expert(sql.COPY_SEARCH, text)
        self._run(sql.CHANGE, settings=", ".join(f"{column} = changed.{column}" for column in self.columns))

    def _add(self, source: Import) -> None:
        # Every row has one where customers are recognised by it: nothing has to be looked for.
        needed = "false" if self._key == "reference" else "true"
        self._run(sql.REFERENCES, needed=needed, is_new=sql.IS_NEW)
        given = {
            "reference": "coalesce(import_row.reference, import_reference.reference)",
            "kind": self._kind_of_new(),
            "member_of_id": "import_member.id",
            "owner_id": "import_row.owner",
            "source_id": "import_row.source",
            "custom": "coalesce(import_row.custom, '{}')",
            "sort_key": "import_row.sort_key",
            "search_text": "concat_ws(' ', lower(import_reference.reference), import_row.search_text)",
        }
        texts = [column for column in self.columns if column in TEXTS]
        nullable = {"birth_date", "acquired_on", "acquisition_cost"}
        for column in texts:
            given.setdefault(
                column, f"import_row.{column}" if column in nullable else f"coalesce(import_row.{column}, '')"
            )
        columns, values, parameters = inserted(Customer(source_import=source), given)
        self._run(sql.ADD, parameters, columns=columns, contents=values, is_new=sql.IS_NEW)

    def _kind_of_new(self) -> str:
        """What new customers are where the file does not say: companies where it calls their names so."""
        if self._wish.kind == Kind.PERSONS:
            return "'person'"
        usual = "company" if names_companies(self._reading.column_name("name")) else "person"
        return f"coalesce(import_row.kind, '{usual}')"

    # --- Running statements

    def _named(self, field: str) -> dict[str, str]:
        return {"column": self._reading.column_name(field)}

    def _reject(self, reason: str, field: str, condition: str, reads: tuple[str, ...] = ()) -> int:
        shown = {"member_of": "member", "source": "source", "owner": "owner"}.get(field, field)
        values = {"reason": reason, **self._named(field), "reads": [field, *reads]}
        return self._run(REJECT, values, condition=condition, shown=SHOWN.format(value=f"import_row.{shown}"))

    def _run(self, statement: str, values: Mapping[str, Any] | None = None, **parts: str) -> int:
        """Run a statement; `parts` are pieces of SQL from this package, `values` are sent as parameters."""
        text = statement.format(**parts) if parts else statement
        self._cursor.execute(text, {"known": KNOWN, **self._seen, **(values or {})})
        return int(self._cursor.rowcount)


def visible_part(user: AbstractUser | None) -> tuple[str, dict[str, Any]]:
    """The condition that tells which customers this person may see, with its parameters; the command line sees all."""
    if user is None:
        return "true", {}
    visible = Customer.objects.visible_to(user)
    if not visible.query.where:
        return "true", {}
    text, values = visible.order_by().values("pk").query.sql_with_params()
    names = {f"seen_{place}": value for place, value in enumerate(values)}
    return f"customer.id IN ({text % tuple(f'%({name})s' for name in names)})", names
