"""What the rows of a file of contact moments become in the staging table."""

from collections.abc import Callable, Iterator
from functools import partial

from customers.importing import entries
from customers.importing.cells import Convert, reference
from customers.importing.customer_rows import by_name, manner_of, staff
from customers.importing.entries import phone_key
from customers.importing.names import name_key
from customers.importing.reading import Reading
from customers.importing.staging import Plan, Source, Terms, Values
from customers.importing.subjects import FINDS_CUSTOMER
from customers.models.moment import Touchpoint

STAGING = """
DROP TABLE IF EXISTS pg_temp.import_row, pg_temp.import_cells, pg_temp.import_match, pg_temp.import_moment CASCADE;
CREATE TEMPORARY TABLE import_row (
    line integer NOT NULL,
    match text, match_by text, match_written text, touchpoint bigint, occurred_at timestamptz, direction text,
    minutes numeric, employee bigint, person text, summary text, result text, sentiment smallint, external_id text,
    reason text, "column" text, value text, further jsonb, unread text[]
) ON COMMIT DROP
"""


_MATCHES: dict[str, Callable[[str], str | None]] = {
    "email": str.upper,
    "phone": phone_key,
    "name": name_key,
}


def moment_plan(reading: Reading, terms: Terms) -> Plan:
    """Cells by column; by which of its cells the customer is found: the first that is filled in (2 queries)."""
    convert = _converters(manner_of(reading, terms))
    sources = tuple(Source(name, name, each) for name, each in convert.items() if name in reading.columns)
    finders = [name for name in FINDS_CUSTOMER if name in reading.columns]
    others = tuple(source.name for source in sources if source.name not in FINDS_CUSTOMER)

    def finish(values: Values) -> Values:
        return [*values[len(finders) :], *next(_found(finders, values), (None, None, None))]

    written = (*others, "match", "match_by", "match_written")
    return Plan(STAGING, sources, written, finish, compared=("match", "match_by", "person"))


def _found(finders: list[str], values: Values) -> Iterator[tuple[str, str, str]]:
    for name, value in zip(finders, values, strict=False):
        if value is not None:
            match = _MATCHES.get(name, str)(value)
            if match:
                yield match, name, value


def _converters(manner: entries.Manner) -> dict[str, Convert]:
    word, line = entries.word, entries.line
    touchpoints = by_name((point.pk, (point.name, point.name_fr)) for point in Touchpoint.objects.all())
    return {
        "customer": partial(reference, longest=40, required=False),
        "email": entries.email,
        "phone": entries.phone,
        "name": partial(line, longest=241),
        "touchpoint": partial(entries.looked_up, among=touchpoints, fault="unknown_touchpoint"),
        "occurred_at": partial(entries.occurred_at, manner=manner),
        "direction": partial(word, among="direction", fault="unknown_direction"),
        "minutes": partial(entries.amount, manner=manner, digits=5),
        "employee": partial(entries.looked_up, among=staff(), fault="unknown_owner"),
        "person": partial(line, longest=40),
        "summary": entries.lines,
        "result": partial(word, among="result", fault="unknown_result"),
        "sentiment": partial(word, among="sentiment", fault="unknown_sentiment"),
        "external_id": partial(line, longest=100),
    }
