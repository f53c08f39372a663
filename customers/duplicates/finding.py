"""The search for likely duplicates: through all customers in the background, and around one who is being entered."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Any

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.contrib.postgres.search import SearchQuery
from django.db import connection, transaction
from django.db.models import Q
from psycopg2.extras import execute_values

from crm_site.lib.text import tokens
from customers.duplicates import candidates
from customers.duplicates.likeness import (
    LONGEST_COUNTRY_CODE,
    SHORTEST_PHONE,
    WORTH_A_LOOK,
    WORTH_A_WARNING,
    Identity,
    Likeness,
    likeness,
    phone_digits,
)
from customers.importing.staging import Watch
from customers.models import Customer

COMPARED = tuple(field.name for field in fields(Identity))
CHUNK = 2_000
MOST_AROUND = 500
MOST_SHOWN = 5
# Codes that may stand before a number that was entered without one.
COUNTRY_CODES = ("33", "32", "41", "352", "377", "49", "44", "39", "34", "31", "351", "1")

READ = """
SELECT candidate.first_id, candidate.second_id, {columns} FROM duplicate_candidate AS candidate
JOIN customers_customer AS one ON one.id = candidate.first_id
JOIN customers_customer AS other ON other.id = candidate.second_id
ORDER BY candidate.first_id
"""
FOUND = """
DROP TABLE IF EXISTS pg_temp.duplicate_found;
CREATE TEMPORARY TABLE duplicate_found (first_id bigint, second_id bigint, score smallint, reasons jsonb)
    ON COMMIT DROP
"""
# Customers may have gone meanwhile; what somebody has decided stays.
KEEP = """
INSERT INTO customers_duplicatepair (first_id, second_id, score, reasons, state, found_at)
SELECT first_id, second_id, score, reasons, 'open', now() FROM duplicate_found AS found
WHERE EXISTS (SELECT FROM customers_customer WHERE id = found.first_id)
  AND EXISTS (SELECT FROM customers_customer WHERE id = found.second_id)
ON CONFLICT (first_id, second_id) DO UPDATE SET score = excluded.score, reasons = excluded.reasons
WHERE customers_duplicatepair.state = 'open' AND (customers_duplicatepair.score, customers_duplicatepair.reasons)
  IS DISTINCT FROM (excluded.score, excluded.reasons)
"""
DROP_OUTDATED = """
DELETE FROM customers_duplicatepair AS pair WHERE state = 'open' AND NOT EXISTS (
    SELECT FROM duplicate_found AS found WHERE found.first_id = pair.first_id AND found.second_id = pair.second_id
)
"""


@dataclass(frozen=True)
class Likely:
    """A customer who looks like one that is being entered."""

    customer: Customer
    likeness: Likeness


# --- Through all customers


@transaction.atomic
def find_duplicates(*, watch: Watch) -> dict[str, int]:
    """Compare all customers that share something and keep the pairs that look like one; safe to repeat.

    Pairs that somebody found different stay so, pairs that are no longer alike go. The pairs pass by in chunks.
    """
    candidates.begin()
    for done, block in enumerate(candidates.BLOCKS):
        watch.check_stop()
        watch.progress(done, len(candidates.BLOCKS), "block")
        candidates.collect(block)
    pairs = candidates.forget_decided()
    found = _score_all(pairs, watch)
    watch.hold()
    with connection.cursor() as cursor:
        cursor.execute(KEEP)
        cursor.execute(DROP_OUTDATED)
        # Otherwise left for the commit, when a customer who has just gone would be noticed too late.
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
    return {"compared": pairs, "found": found}


def _score_all(pairs: int, watch: Watch) -> int:
    """Compare the candidates and note those worth a look; how many those are."""
    found = done = 0
    with connection.cursor() as cursor:
        cursor.execute(FOUND)
        for chunk in _chunks():
            watch.check_stop()
            rows = list(_worth_a_look(chunk))
            execute_values(cursor.cursor, "INSERT INTO duplicate_found VALUES %s", rows, page_size=CHUNK)
            found += len(rows)
            done += len(chunk)
            watch.progress(done, pairs, "compare")
        cursor.execute("ANALYZE duplicate_found")
    return found


def _chunks() -> Iterator[Sequence[Any]]:
    columns = ", ".join(f"{side}.{name}" for side in ("one", "other") for name in COMPARED)
    with connection.chunked_cursor() as cursor:
        cursor.execute(READ.format(columns=columns))
        while chunk := cursor.fetchmany(CHUNK):
            yield chunk


def _worth_a_look(chunk: Sequence[Any]) -> Iterator[tuple[int, int, int, str]]:
    width = len(COMPARED)
    for first, second, *values in chunk:
        like = likeness(Identity(*values[:width]), Identity(*values[width:]))
        if like.score >= WORTH_A_LOOK:
            yield first, second, like.score, json.dumps(like.reasons)


# --- Around one who is being entered


def identity_of(customer: Customer) -> Identity:
    """What is compared of a customer."""
    return Identity(*(getattr(customer, name) for name in COMPARED))


def likely_duplicates(entered: Customer, user: AbstractUser | AnonymousUser) -> list[Likely]:
    """The customers that this person may see and who look like the one entered, most alike first (1 query)."""
    around = Customer.objects.visible_to(user).filter(_around(entered)).exclude(pk=entered.pk)
    identity = identity_of(entered)
    compared = [Likely(customer, likeness(identity, identity_of(customer))) for customer in around[:MOST_AROUND]]
    likely = [each for each in compared if each.likeness.score >= WORTH_A_WARNING]
    return sorted(likely, key=lambda each: (-each.likeness.score, each.customer.pk))[:MOST_SHOWN]


def _around(entered: Customer) -> Q:
    """Who might be the same, as far as an index tells: by e-mail, phone, or names that begin alike in one town."""
    around = Q(pk__in=())
    if entered.email:
        around |= Q(email__iexact=entered.email)
    searches = [_phone_query(entered.phone), _name_query(entered)]
    for search in filter(None, searches):
        around |= Q(search_vector=SearchQuery(search, config="simple", search_type="raw"))
    return around


def _phone_query(phone: str) -> str:
    """The number in each form that the search index may know it by."""
    digits = phone_digits(phone)
    if len(digits) < SHORTEST_PHONE:
        return ""
    shorter = [digits[cut:] for cut in range(LONGEST_COUNTRY_CODE + 1) if len(digits) - cut >= SHORTEST_PHONE]
    longer = [code + digits for code in COUNTRY_CODES]
    forms = [*shorter, *longer]
    return " | ".join([*forms, *(f"0{form}" for form in shorter), *(f"00{form}" for form in longer)])


def _name_query(entered: Customer) -> str:
    """The first letters of each word of the name (three of the longest, two of the others), and the town."""
    longest, *others = sorted(tokens(f"{entered.name} {entered.given_name}"), key=len, reverse=True) or [""]
    town = tokens(entered.city)
    if not (longest and town):
        return ""
    return " & ".join(f"{start}:*" for start in [longest[:3], *(word[:2] for word in others), *town])
