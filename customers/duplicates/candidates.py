"""Which pairs of customers are worth comparing: those that share a block, found by the database in whole sets.

Comparing each with each would be 500 thousand million pairs for a million customers. A block holds those who share an
e-mail address, the last digits of a phone, a name and so on; one that is too large to tell anything (a switchboard's
number, a family name in a large town) is passed over.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection

from customers.duplicates.likeness import UNSAID

MOST_IN_A_BLOCK = 30

# Single letters in a row are one word, forms of companies and titles none: as `words_of_name` does it.
_JOINED = r"regexp_replace(sort_key, '\m([a-z])[^a-z0-9]+(?=[a-z]\M)', '\1', 'g')"
_WORDS = f"string_to_table(trim(regexp_replace({_JOINED}, '[^a-z0-9]+', ' ', 'g')), ' ')"
_UNSAID = ", ".join(f"'{word}'" for word in sorted(UNSAID))
_SORTED_NAME = f"(SELECT string_agg(word, ' ' ORDER BY word) FROM {_WORDS} AS word WHERE word NOT IN ({_UNSAID}))"
_CODE = "lower(regexp_replace(postal_code, '\\W', '', 'g'))"
_TOWN = "lower(trim(city))"
_DIGITS = "ltrim(regexp_replace(replace(phone, '(0)', ''), '\\D', '', 'g'), '0')"
_STREET = "lower(regexp_replace(street, '\\W', '', 'g'))"
_MAILBOX = "lower(split_part(split_part(email, '@', 1), '+', 1))"


@dataclass(frozen=True)
class Block:
    """A key in SQL that likely duplicates share, and which customers have one."""

    name: str
    key: str
    where: str


BLOCKS = (
    Block("email", f"CONCAT({_MAILBOX}, '@', lower(split_part(email, '@', 2)))", "email <> ''"),
    # Gmail's dots: the local part alone, without them.
    Block("gmail", f"replace({_MAILBOX}, '.', '')", "lower(email) ~ '@(gmail|googlemail)[.]com$'"),
    Block("phone", f"right({_DIGITS}, 8)", f"length({_DIGITS}) >= 8"),
    Block("name and postal code", f"CONCAT({_SORTED_NAME}, '|', {_CODE})", "postal_code <> ''"),
    Block("name and town", f"CONCAT({_SORTED_NAME}, '|', {_TOWN})", "city <> ''"),
    Block("beginning of name and postal code", f"CONCAT(left(sort_key, 4), '|', {_CODE})", "postal_code <> ''"),
    Block("street", f"CONCAT({_STREET}, '|', {_CODE})", "street <> '' AND postal_code <> ''"),
    Block("name and birth", "CONCAT(left(sort_key, 3), birth_date::text)", "birth_date IS NOT NULL"),
)

CREATE = """
DROP TABLE IF EXISTS pg_temp.duplicate_candidate;
CREATE TEMPORARY TABLE duplicate_candidate (first_id bigint, second_id bigint, PRIMARY KEY (first_id, second_id))
    ON COMMIT DROP
"""
# A customer and the household that it belongs to are no duplicates.
COLLECT = """
WITH keyed AS MATERIALIZED (
    SELECT id, member_of_id, hashtextextended({key}, 0) AS key FROM customers_customer WHERE {where}
), blocked AS MATERIALIZED (
    SELECT id, member_of_id, key FROM (SELECT *, count(*) OVER (PARTITION BY key) AS members FROM keyed) AS counted
    WHERE members BETWEEN 2 AND {most}
)
INSERT INTO duplicate_candidate
SELECT one.id, other.id FROM blocked AS one JOIN blocked AS other ON other.key = one.key AND one.id < other.id
WHERE one.member_of_id IS DISTINCT FROM other.id AND other.member_of_id IS DISTINCT FROM one.id
ON CONFLICT DO NOTHING
"""
FORGET_DECIDED = """
DELETE FROM duplicate_candidate AS candidate USING customers_duplicatepair AS pair
WHERE pair.state = 'different' AND pair.first_id = candidate.first_id AND pair.second_id = candidate.second_id
"""


def begin() -> None:
    """An empty list of candidates for this transaction."""
    _execute(CREATE)


def collect(block: Block) -> None:
    """Put the pairs of one kind of block on the list."""
    _execute(COLLECT.format(key=block.key, where=block.where, most=MOST_IN_A_BLOCK))


def forget_decided() -> int:
    """Take off the list what somebody has looked at and found different; how many pairs are left to compare."""
    _execute(FORGET_DECIDED)
    _execute("ANALYZE duplicate_candidate")
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM duplicate_candidate")
        return int(cursor.fetchone()[0])


def _execute(statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
