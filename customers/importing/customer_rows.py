"""What the rows of a file of customers or contact persons become in the staging table."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from functools import partial

from crm_site.lib.accounts.models import User
from customers import custom_fields
from customers.importing import entries
from customers.importing.cells import Convert, reference
from customers.importing.entries import Manner, phone_key, postal_key
from customers.importing.reading import Reading
from customers.importing.staging import Plan, Source, Terms, Values
from customers.importing.subjects import KEY_FIELDS, Key, Wish
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
    reason text, "column" text, value text, further jsonb, unread text[]
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
    return Plan(STAGING, (*plain, *further), written, finish, compared=("match", "reference", "member"))


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
        # Behind the columns that the file has stands an empty one for those that it lacks.
        self._count = len(names)
        self._codes = [f'"{code}": ' for code in codes]
        places = defaultdict(lambda: self._count, zip(names, range(self._count), strict=True))
        self._searched = [places[name] for name in _SEARCHED]
        self._name, self._member, self._postal_code = places["name"], places["member"], places["postal_code"]
        self._key, self._keyed = key, places[KEY_FIELDS[key]]

    def __call__(self, values: Values) -> Values:
        custom = self._custom(values[self._count :]) if self._codes else None
        values[self._count :] = [None]
        reference, given, name, email, phone, city = (values[place] or "" for place in self._searched)
        # Lists show a person by both names: then the given name stands in both columns.
        if given and name.startswith(f"{given} "):
            values[self._name] = name = name[len(given) + 1 :]
        sort_key, search_text = search_columns(reference, given, name, email, phone, city)
        match, member = self._match(values, sort_key), values[self._member]
        member_key = search_columns("", "", member, "", "", "")[0] if member else None
        values[self._count :] = (custom, match, sort_key, search_text, member_key)
        return values

    def _custom(self, own: Values) -> str | None:
        """The company's own fields as JSON."""
        parts = [code + value for code, value in zip(self._codes, own, strict=True) if value is not None]
        return "{" + ", ".join(parts) + "}" if parts else None

    def _match(self, values: Values, sort_key: str) -> str | None:
        """By what the customer of a row is recognised."""
        if self._key == Key.NAME:
            return f"{sort_key}|{postal_key(values[self._postal_code] or '')}" if sort_key else None
        told = values[self._keyed]
        if not told or self._key == Key.REFERENCE:
            return told
        return told.upper() if self._key == Key.EMAIL else phone_key(told)
