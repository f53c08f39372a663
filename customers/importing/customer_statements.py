"""The SQL of an import of customers: staged rows in `import_row`, their customers in `import_match`.

What stands in braces is put together from the names of columns in `customer_settling.py`; values are parameters.
"""

# By what rows and customers are compared; the condition leaves out customers of whom it tells nothing.
MATCHES = {
    "reference": ("customer.reference", "true"),
    "email": ("upper(customer.email)", "customer.email <> ''"),
    "phone": (
        r"right(ltrim(regexp_replace(customer.phone, '\D', '', 'g'), '0'), 9)",
        "customer.phone <> ''",
    ),
    "name": ("customer.sort_key || '|' || upper(replace(customer.postal_code, ' ', ''))", "true"),
}

# Rows that say the same of the same customer are one.
SKIP_REPEATED = """
WITH repeated AS (
    SELECT match FROM import_row WHERE reason IS NULL AND match IS NOT NULL GROUP BY match HAVING count(*) > 1
),
numbered AS (
    SELECT line, row_number() OVER (PARTITION BY match, ROW({told})::text ORDER BY line) AS nth
    FROM import_row JOIN repeated USING (match) WHERE reason IS NULL
)
UPDATE import_row SET reason = %(known)s FROM numbered WHERE numbered.line = import_row.line AND numbered.nth > 1
"""

# Of rows that say different things of the same customer the first is taken.
REJECT_REPEATED = """
UPDATE import_row SET reason = 'repeated_row', "column" = %(column)s, value = coalesce(left({shown}::text, 200), '')
FROM (
    SELECT line, row_number() OVER (PARTITION BY {by} ORDER BY line) AS nth FROM import_row
    WHERE reason IS NULL AND {by} IS NOT NULL
) AS numbered
WHERE numbered.line = import_row.line AND numbered.nth > 1
"""

MATCH = """
CREATE TEMPORARY TABLE import_match ON COMMIT DROP AS
SELECT {expression} AS match, min(customer.id) FILTER (WHERE {visible}) AS id,
       count(*) FILTER (WHERE {visible}) AS seen
FROM customers_customer AS customer
WHERE {condition} AND {among} AND {expression} IN (SELECT match FROM import_row WHERE reason IS DISTINCT FROM %(known)s)
GROUP BY 1;
CREATE UNIQUE INDEX ON import_match (match);
ANALYZE import_match
"""

# Whoever edits one of these customers now waits, and so does this for whoever was first.
LOCK = """
SELECT count(*) FROM (
    SELECT FROM customers_customer WHERE id IN (SELECT id FROM import_match WHERE seen = 1)
    ORDER BY id FOR NO KEY UPDATE
) AS locked
"""

IS_HIDDEN = "EXISTS (SELECT FROM import_match WHERE import_match.match = import_row.match AND seen = 0)"
IS_AMBIGUOUS = "EXISTS (SELECT FROM import_match WHERE import_match.match = import_row.match AND seen > 1)"
IS_NEW = "NOT EXISTS (SELECT FROM import_match WHERE import_match.match = import_row.match)"

SKIP_KNOWN = f"UPDATE import_row SET reason = %(known)s WHERE reason IS NULL AND NOT ({IS_NEW})"

IS_TAKEN = """EXISTS (
    SELECT FROM customers_customer AS customer
    WHERE customer.reference = import_row.reference AND customer.id IS DISTINCT FROM (
        SELECT id FROM import_match WHERE import_match.match = import_row.match
    )
)"""

# --- Households and companies -----------------------------------------------------------------------------------------

# Named by reference, else by name; or in another row of this file, which `pending` tells.
MEMBERS = """
CREATE TEMPORARY TABLE import_member ON COMMIT DROP AS
SELECT named.member, coalesce(by_reference.id, by_name.id) AS id,
       coalesce(by_reference.found, by_name.found, 0) AS found, by_reference.id IS NULL AND by_name.id IS NULL
       AND EXISTS (
           SELECT FROM import_row WHERE import_row.reference = named.member AND reason IS NULL AND {groups}
       ) AS pending
FROM (
    SELECT DISTINCT member, member_key FROM import_row WHERE reason IS DISTINCT FROM %(known)s AND member IS NOT NULL
) AS named
LEFT JOIN LATERAL (
    SELECT customer.id, 1 AS found FROM customers_customer AS customer
    WHERE customer.reference = named.member AND customer.kind <> 'person' AND {visible}
) AS by_reference ON true
LEFT JOIN LATERAL (
    SELECT min(customer.id) AS id, nullif(count(*), 0) AS found FROM customers_customer AS customer
    WHERE customer.sort_key = named.member_key AND customer.kind <> 'person' AND {visible}
) AS by_name ON by_reference.id IS NULL;
CREATE UNIQUE INDEX ON import_member (member);
ANALYZE import_member
"""
MEMBER_UNKNOWN = """EXISTS (
    SELECT FROM import_member AS named WHERE named.member = import_row.member AND named.found = 0 AND NOT named.pending
)"""
MEMBER_AMBIGUOUS = (
    "EXISTS (SELECT FROM import_member AS named WHERE named.member = import_row.member AND named.found > 1)"
)
MEMBER_OF_ITSELF = """EXISTS (
    SELECT FROM import_member AS named JOIN import_match ON import_match.id = named.id
    WHERE named.member = import_row.member AND import_match.match = import_row.match
)"""
NAMES_ITSELF = """member = reference AND EXISTS (
    SELECT FROM import_member AS named WHERE named.member = import_row.member AND named.pending
)"""
# Rows whose household or company stood in a row that is rejected in its turn.
MEMBER_REJECTED = """reason IS NULL AND EXISTS (
    SELECT FROM import_member AS named WHERE named.member = import_row.member AND named.pending
) AND NOT EXISTS (SELECT FROM import_row AS other WHERE other.reference = import_row.member AND other.reason IS NULL)"""

JOIN_PENDING = """
UPDATE customers_customer AS customer SET member_of_id = joined.chief
FROM (
    SELECT coalesce(import_match.id, created.id) AS id, chief.id AS chief
    FROM import_row
    JOIN import_member ON import_member.member = import_row.member AND import_member.pending
    JOIN customers_customer AS chief ON chief.reference = import_row.member
    LEFT JOIN import_match ON import_match.match = import_row.match
    LEFT JOIN import_reference USING (line)
    LEFT JOIN customers_customer AS created
        ON created.reference = coalesce(import_row.reference, import_reference.reference)
    WHERE import_row.reason IS NULL
) AS joined
WHERE customer.id = joined.id
"""

# --- Customers that are here ------------------------------------------------------------------------------------------

CHANGED = """
CREATE TEMPORARY TABLE import_changed ON COMMIT DROP AS
SELECT import_row.line, customer.id, {new}, jsonb_build_object({before}) AS before
FROM import_row
JOIN import_match ON import_match.match = import_row.match AND import_match.seen = 1
JOIN customers_customer AS customer ON customer.id = import_match.id
LEFT JOIN import_member ON import_member.member = import_row.member
WHERE import_row.reason IS NULL AND (({different}) OR coalesce(import_member.pending, false));
ANALYZE import_changed;
UPDATE import_row SET reason = %(known)s
FROM import_match
WHERE import_match.match = import_row.match AND import_row.reason IS NULL
  AND NOT EXISTS (SELECT FROM import_changed WHERE import_changed.line = import_row.line)
"""

READ_SEARCHED = """
SELECT changed.id, {searched}
FROM import_changed AS changed JOIN customers_customer AS customer ON customer.id = changed.id
"""
SEARCH = """
CREATE TEMPORARY TABLE import_search (id bigint PRIMARY KEY, sort_key text, search_text text) ON COMMIT DROP
"""
COPY_SEARCH = "COPY import_search FROM STDIN (FORMAT csv)"

CHANGE = """
ANALYZE import_search;
UPDATE customers_customer AS customer
SET {settings}, sort_key = changed.new_sort_key, search_text = coalesce(changed.new_search_text, '')
FROM (
    SELECT import_changed.*, import_search.sort_key AS new_sort_key, import_search.search_text AS new_search_text
    FROM import_changed JOIN import_search USING (id) ORDER BY import_search.sort_key
) AS changed
WHERE customer.id = changed.id
"""

# --- New customers ----------------------------------------------------------------------------------------------------

# References for new customers whose row names none: numbers above all that are given.
REFERENCES = r"""
CREATE TEMPORARY TABLE import_reference ON COMMIT DROP AS
SELECT line, 'C' || lpad((highest.number + row_number() OVER (ORDER BY line))::text, 6, '0') AS reference
FROM import_row, (
    SELECT coalesce(max(substring(reference FROM '^C(\d{{1,15}})$')::bigint), 0) AS number FROM (
        SELECT reference FROM customers_customer UNION ALL SELECT reference FROM import_row
    ) AS given WHERE reference ~ '^C\d{{1,15}}$' AND {needed}
) AS highest
WHERE reason IS NULL AND import_row.reference IS NULL AND {is_new}
"""

# Numbered as the file has them; added by name, in which order five of the indexes take them much faster.
ADD = """
WITH numbered AS MATERIALIZED (
    SELECT line, nextval(pg_get_serial_sequence('customers_customer', 'id')) AS id
    FROM (SELECT line FROM import_row WHERE reason IS NULL AND {is_new} ORDER BY line) AS new
)
INSERT INTO customers_customer (id, {columns})
SELECT numbered.id, {contents}
FROM numbered
JOIN import_row USING (line)
LEFT JOIN import_reference USING (line)
LEFT JOIN import_member ON import_member.member = import_row.member
ORDER BY import_row.sort_key, numbered.id
"""

NOTE_CHANGES = """
INSERT INTO customers_importchange (source_id, record_id, before, after)
SELECT %(source)s, customer.id, NULL, {print} FROM customers_customer AS customer
WHERE customer.source_import_id = %(source)s;
INSERT INTO customers_importchange (source_id, record_id, before, after)
SELECT %(source)s, customer.id, changed.before, {print}
FROM import_changed AS changed JOIN customers_customer AS customer ON customer.id = changed.id
"""

PREVIEW = """
SELECT import_row.line, import_row.reason, coalesce("column", ''), coalesce(import_row.value, ''),
       coalesce(further, '[]'), customer.id, trim(customer.given_name || ' ' || customer.name)
FROM import_row
LEFT JOIN import_match ON import_match.match = import_row.match AND import_match.seen = 1
LEFT JOIN customers_customer AS customer ON customer.id = import_match.id
ORDER BY import_row.line
"""
