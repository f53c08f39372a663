"""What the rows of a file of customers or contact persons become in the staging table."""

from collections import Counter
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from crm_site.lib.accounts.models import User
from customers import custom_fields
from customers.importing import entries
from customers.importing.cells import Convert, reference
from customers.importing.entries import Manner, phone_key, postal_key
from customers.importing.reading import Reading
from customers.importing.staging import Plan, Source, Terms, Values
from customers.importing.subjects import Key, Wish
from customers.models.customer import AcquisitionSource, search_columns

STAGING = """
DROP TABLE IF EXISTS pg_temp.import_row, pg_temp.import_cells, pg_temp.import_match, pg_temp.import_member,
    pg_temp.import_changed, pg_temp.import_search, pg_temp.import_reference CASCADE;
CREATE TEMPORARY TABLE import_row (
    line integer NOT NULL,
    reference text, kind text, name text, given_name text, email text, phone text, street text, postal_code text,
    city text, country text, country_written text, language text, birth_date date, preferred_channel text,
    best_time text, needs text, owner bigint, source bigint, member text, member_key text, acquired_on date,
    acquisition_cost numeric, custom jsonb, match text, sort_key text, search_text text,
    reason text, "column" text, value text
) ON COMMIT DROP
"""
_SEARCHED = ("reference", "given_name", "name", "email", "phone", "city")


def manner_of(reading: Reading, terms: Terms) -> Manner:
    return Manner(reading.mapping.dates, reading.mapping.decimal or "point", terms.zone, terms.now)


def customer_plan(reading: Reading, terms: Terms, wish: Wish) -> Plan:
    """Cells by column; by what the customer is recognised; what it is searched by (3 queries)."""
    manner = manner_of(reading, terms)
    own = custom_fields.fields()
    fields = {"country_written": "country", "member": "member_of"}
    convert = _converters(manner)
    plain = [Source(name, fields.get(name, name), each) for name, each in convert.items()]
    further = [Source(name, name, each) for name, each in entries.own_fields(own, manner).items()]
    plain = [source for source in plain if source.field in reading.columns]
    further = [source for source in further if source.field in reading.columns]
    names = tuple(source.name for source in plain)
    codes = [source.name.removeprefix(custom_fields.PREFIX) for source in further]
    # Columns of their own first, then what is computed from all.
    written = (*names, "custom", "match", "sort_key", "search_text", "member_key")
    finish = _Finish(names, codes, wish.key)
    return Plan(STAGING, (*plain, *further), written, finish)


def _converters(manner: Manner) -> dict[str, Convert]:
    line = entries.line
    return {
        "reference": partial(reference, longest=40, required=False),
        "kind": partial(entries.word, among="kind", fault="unknown_kind"),
        "name": partial(line, longest=160),
        "given_name": partial(line, longest=80),
        "email": entries.email,
        "phone": entries.phone,
        "street": partial(line, longest=200),
        "postal_code": partial(line, longest=16),
        "city": partial(line, longest=80),
        "country": entries.country,
        "country_written": partial(line, longest=60),
        "language": partial(entries.word, among="language", fault="unknown_language"),
        "birth_date": partial(entries.day, manner=manner, past=True),
        "preferred_channel": partial(entries.word, among="channel", fault="unknown_channel"),
        "best_time": partial(line, longest=80),
        "needs": entries.lines,
        "owner": partial(entries.looked_up, among=staff(), fault="unknown_owner"),
        "source": partial(entries.looked_up, among=_sources(), fault="unknown_source"),
        "member": partial(line, longest=160),
        "acquired_on": partial(entries.day, manner=manner, past=False),
        "acquisition_cost": partial(entries.amount, manner=manner, digits=10),
    }


def staff() -> dict[str, int | None]:
    """Members of staff by what they may be called in a file (1 query)."""
    return by_name((user.pk, (user.username, user.email, str(user))) for user in User.objects.all())


def _sources() -> dict[str, int | None]:
    return by_name((source.pk, (source.name, source.name_fr)) for source in AcquisitionSource.objects.all())


def by_name(records: Iterable[tuple[int, tuple[str, ...]]]) -> dict[str, int | None]:
    """Keys by names in whatever case; none where several records share a name."""
    found: dict[str, int | None] = {}
    times: Counter[str] = Counter()
    for pk, names in records:
        for name in {name.casefold() for name in names if name}:
            found[name] = pk
            times[name] += 1
    return {name: pk if times[name] == 1 else None for name, pk in found.items()}


class _Finish:
    """The columns of a row that are computed from others of it."""

    def __init__(self, names: tuple[str, ...], codes: list[str], key: str) -> None:
        self._count = len(names)
        self._codes = [f'"{code}": ' for code in codes]
        self._at = {name: place for place, name in enumerate(names)}
        self._match: Callable[[dict[str, Any]], str | None] = _MATCHES[key]

    def __call__(self, values: Values) -> Values:
        own, values = values[self._count :], values[: self._count]
        row = {name: values[place] or "" for name, place in self._at.items()}
        # Lists show a person by both names: then the given name stands in both columns.
        name, given = row.get("name", ""), row.get("given_name", "")
        if given and name.startswith(f"{given} "):
            row["name"] = values[self._at["name"]] = name[len(given) + 1 :]
        row["sort_key"], search_text = search_columns(*(row.get(each, "") for each in _SEARCHED))
        parts = [code + value for code, value in zip(self._codes, own, strict=True) if value is not None]
        custom = "{" + ", ".join(parts) + "}" if parts else None
        member = row.get("member")
        member_key = search_columns("", "", member, "", "", "")[0] if member else None
        return [*values, custom, self._match(row), row["sort_key"], search_text, member_key]


_MATCHES: dict[str, Callable[[dict[str, Any]], str | None]] = {
    Key.REFERENCE: lambda row: row["reference"] or None,
    Key.EMAIL: lambda row: row["email"].upper() or None,
    Key.PHONE: lambda row: phone_key(row["phone"]),
    Key.NAME: lambda row: f"{row['sort_key']}|{postal_key(row.get('postal_code', ''))}" if row["sort_key"] else None,
}
