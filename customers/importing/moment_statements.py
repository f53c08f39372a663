"""The SQL of an import of contact moments: staged rows in `import_row`, their customers in `import_match`."""

from customers.importing.names import words_in_sql

# Names stand in `sort_key` without accents and case, the family name first: so many words of it as the given name has
# go to the front, as people write them.
_WORDS, _GIVEN = words_in_sql("customer.sort_key"), words_in_sql("customer.given_name")
_GIVEN_FIRST = f"""(
    SELECT array_to_string(words[1 + cardinality(words) - given:] || words[:cardinality(words) - given], ' ')
    FROM (SELECT {_WORDS} AS words, cardinality({_GIVEN}) AS given) AS customer_name
)"""

# How a customer is found by each field, and which customers that leaves out; what comes first is tried first.
FINDS = {
    "customer": (("customer.reference", "true"),),
    "email": (("upper(customer.email)", "customer.email <> ''"),),
    "phone": ((r"right(ltrim(regexp_replace(customer.phone, '\D', '', 'g'), '0'), 9)", "customer.phone <> ''"),),
    "name": ((_GIVEN_FIRST, "true"), (f"array_to_string({_WORDS}, ' ')", "true")),
}

MATCH = """
CREATE TEMPORARY TABLE import_match (match_by text, match text, id bigint, found bigint) ON COMMIT DROP
"""
FIND = """
INSERT INTO import_match
SELECT %(by)s, {expression}, min(customer.id), count(*)
FROM customers_customer AS customer
WHERE {condition} AND {visible}
  AND {expression} IN (
    SELECT match FROM import_row WHERE match_by = %(by)s
    EXCEPT SELECT match FROM import_match WHERE match_by = %(by)s
)
GROUP BY 2
"""
INDEX_MATCH = "CREATE UNIQUE INDEX ON import_match (match, match_by); ANALYZE import_match"

_SAME = "import_match.match = import_row.match AND import_match.match_by = import_row.match_by"
IS_UNKNOWN = f"NOT EXISTS (SELECT FROM import_match WHERE {_SAME})"
IS_AMBIGUOUS = f"EXISTS (SELECT FROM import_match WHERE {_SAME} AND found > 1)"

# The person spoken with is a member of the customer, or the customer in person.
PERSON_UNKNOWN = f"""person IS NOT NULL AND NOT {IS_UNKNOWN} AND NOT EXISTS (
    SELECT FROM customers_customer AS human
    JOIN import_match ON import_match.id IN (human.member_of_id, human.id)
    WHERE human.reference = import_row.person AND {_SAME}
)"""

# A row is known again by its number elsewhere, of which the first is taken, or else by all that it tells and by how
# many rows before it told the same: three equal rows are three moments, and stay three when the file comes again.
MOMENTS = f"""
CREATE TEMPORARY TABLE import_moment ON COMMIT DROP AS
SELECT line, customer, person_id, numbered AND nth > 1 AS repeated,
       CASE WHEN numbered OR nth = 1 THEN told ELSE told || '#' || nth END AS import_key
FROM (
    SELECT *, row_number() OVER (PARTITION BY told ORDER BY line) AS nth
    FROM (
        SELECT line, id AS customer, human.person_id, external_id IS NOT NULL AS numbered, CASE
            WHEN external_id IS NOT NULL THEN 'id:' || external_id
            ELSE md5(ROW(id, touchpoint, direction, extract(epoch FROM occurred_at), minutes::numeric(9, 2), employee,
                         person, summary, result, sentiment)::text)
        END AS told
        FROM import_row
        JOIN import_match ON {_SAME}
        LEFT JOIN LATERAL (
            SELECT human.id AS person_id FROM customers_customer AS human
            WHERE human.reference = import_row.person AND human.id <> import_match.id
        ) AS human ON true
        WHERE reason IS NULL
    ) AS named
) AS counted;
ANALYZE import_moment
"""
SKIP_KNOWN = """
UPDATE import_row SET reason = %(known)s
FROM import_moment AS moment
WHERE moment.line = import_row.line AND (moment.repeated OR EXISTS (
    SELECT FROM customers_contactmoment AS here WHERE here.import_key = moment.import_key AND here.import_key <> ''
))
"""

ADD = """
INSERT INTO customers_contactmoment ({columns})
SELECT {contents}
FROM import_row JOIN import_moment AS moment USING (line)
WHERE import_row.reason IS NULL
ORDER BY import_row.line
"""
NOTE_CHANGES = """
INSERT INTO customers_importchange (source_id, record_id, before, after)
SELECT %(source)s, moment.id, NULL, {print} FROM customers_contactmoment AS moment
WHERE moment.source_id = %(source)s
"""

PREVIEW = """
SELECT import_row.line, import_row.reason, coalesce("column", ''), coalesce(import_row.value, ''),
       coalesce(further, '[]'), customer.id, trim(customer.given_name || ' ' || customer.name)
FROM import_row
LEFT JOIN import_match ON import_match.match = import_row.match AND import_match.match_by = import_row.match_by
    AND import_match.found = 1
LEFT JOIN customers_customer AS customer ON customer.id = import_match.id
ORDER BY import_row.line
"""
