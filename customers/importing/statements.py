"""The SQL of an import. The staged rows are in `import_row`; `reason` is empty for rows that may be kept."""

STAGING = """
DROP TABLE IF EXISTS pg_temp.import_row, pg_temp.import_cells, pg_temp.import_head, pg_temp.import_here,
    pg_temp.import_here_line, pg_temp.import_customer, pg_temp.import_new_customer, pg_temp.import_kept CASCADE;
CREATE TEMPORARY TABLE import_row (
    line integer NOT NULL,
    "order" text, customer text, customer_name text, day date, moment timestamptz, sku text, product text, kind text,
    quantity numeric DEFAULT 1, unit_price numeric, amount numeric, discount numeric, unit_cost numeric,
    currency text, exchange_rate numeric, country text, subscription text,
    reason text, "column" text, value text, further jsonb, unread text[]
) ON COMMIT DROP
"""

IS_BAD_DEBT = """(coalesce(kind, '') = 'bad_debt'
    OR EXISTS (SELECT FROM customers_product known WHERE known.sku = import_row.sku AND known.kind = 'bad_debt'))"""

# Rows as they will be kept: prices in the house currency, discounts in cents. Where the file gives the amount of the
# line, a cent that the price per unit cannot express goes to the discount: gross less discount is the amount exactly.
PRICED = """
CREATE TEMPORARY VIEW import_priced AS
SELECT line, "order", customer, day, moment, currency, rate, coalesce(sku, %(sku)s) AS sku,
       quantity, price, round(unit_cost * rate, 6) AS unit_cost,
       (round(coalesce(discount, 0) * rate * 100)
        + CASE WHEN amount IS NULL THEN 0 ELSE round(quantity * price * 100) - round(amount * rate * 100) END
       )::bigint AS discount
FROM (
    SELECT *, coalesce(exchange_rate, 1) AS rate,
           round(coalesce(unit_price, amount / quantity) * coalesce(exchange_rate, 1), 6) AS price
    FROM import_row WHERE reason IS NULL
) AS staged
"""

# The first fault of a row stands in three columns, all others in `further`, as they are kept. What a condition `reads`
# must have been readable: of a cell that is not, it would tell nonsense.
REJECT = """
UPDATE import_row SET
    reason = coalesce(reason, %(reason)s),
    "column" = CASE WHEN reason IS NULL THEN %(column)s ELSE "column" END,
    value = CASE WHEN reason IS NULL THEN {shown} ELSE value END,
    further = CASE WHEN reason IS NOT NULL THEN
        coalesce(further, '[]') || jsonb_build_array(jsonb_build_array(%(column)s::text, {shown}, %(reason)s::text))
    END
WHERE reason IS DISTINCT FROM %(known)s AND ({condition}) AND NOT coalesce(unread && %(reads)s::text[], false)
"""
SHOWN = "coalesce(left({value}::text, 200), '')"

COUNTS = "SELECT reason, count(*) FROM import_row GROUP BY reason"

# --- What the rows say of their orders --------------------------------------------------------------------------------

# The first row of an order speaks for the whole of it.
HEADS = """
CREATE TEMPORARY TABLE import_head ON COMMIT DROP AS
SELECT "order", line, customer, day, moment, currency, rate
FROM import_priced
JOIN (SELECT min(line) AS line FROM import_row WHERE reason IS NULL GROUP BY "order") AS first USING (line);
ANALYZE import_head
"""

REJECT_CONTRADICTIONS = """
UPDATE import_row SET
    reason = 'order_contradiction', "column" = told.faults -> 0 ->> 0, value = told.faults -> 0 ->> 1,
    further = nullif(told.faults - 0, '[]')
FROM (
    SELECT import_row.line, (
        SELECT jsonb_agg(jsonb_build_array(name, written, 'order_contradiction') ORDER BY place) FROM (VALUES
            (1, %(customer_column)s::text, coalesce(import_row.customer, ''),
             import_row.customer IS DISTINCT FROM head.customer),
            (2, %(date_column)s::text, import_row.day::text, import_row.day <> head.day),
            (3, %(currency_column)s::text, concat_ws(' ', import_row.currency, import_row.exchange_rate::text),
             import_row.currency IS DISTINCT FROM head.currency OR coalesce(import_row.exchange_rate, 1) <> head.rate)
        ) AS told (place, name, written, contradicts) WHERE contradicts
    ) AS faults
    FROM import_head AS head JOIN import_row USING ("order")
    WHERE import_row.reason IS NULL
      AND (import_row.customer IS DISTINCT FROM head.customer OR import_row.day <> head.day
           OR import_row.currency IS DISTINCT FROM head.currency OR coalesce(import_row.exchange_rate, 1) <> head.rate)
) AS told
WHERE told.line = import_row.line
"""

# --- What is here already ---------------------------------------------------------------------------------------------

HERE_BY_NUMBER = """
CREATE TEMPORARY TABLE import_here ON COMMIT DROP AS
SELECT known.id, known.number AS "order", customer.reference AS customer, known.ordered_on AS day,
       nullif(known.currency, '') AS currency, known.lines_left_out, 0 AS n
FROM customers_order AS known
LEFT JOIN customers_customer AS customer ON customer.id = known.customer_id
WHERE known.number IN (SELECT "order" FROM import_head)
"""

# Files without numbers: so far `order` holds what the numbers of a customer's day begin with.

HERE_BY_DAY = """
CREATE TEMPORARY TABLE import_here ON COMMIT DROP AS
SELECT known.id, regexp_replace(known.number, '-[0-9]+$', '') AS "order",
       substring(known.number FROM '-([0-9]+)$')::bigint AS n
FROM customers_order AS known
WHERE known.number LIKE %(prefix)s || '-%%'
  AND known.ordered_on BETWEEN (SELECT min(day) FROM import_row) AND (SELECT max(day) FROM import_row)
  AND regexp_replace(known.number, '-[0-9]+$', '') IN (SELECT "order" FROM import_row WHERE reason IS NULL)
"""

REJECT_OTHER_ORDERS = """
UPDATE import_row SET reason = 'duplicate_order', "column" = %(order_column)s, value = import_row."order"
FROM import_here AS here
WHERE here."order" = import_row."order" AND import_row.reason IS NULL
  AND (import_row.customer IS DISTINCT FROM here.customer OR import_row.day <> here.day
       OR import_row.currency IS DISTINCT FROM here.currency)
"""

HERE_LINES = """
ANALYZE import_here;
CREATE TEMPORARY TABLE import_here_line ON COMMIT DROP AS
SELECT here."order", {sku} AS sku, line.quantity, line.unit_price AS price, line.discount, row_number() OVER (
    PARTITION BY here."order", {sku}, line.quantity, line.unit_price, line.discount ORDER BY line.id
) AS nth
FROM import_here AS here
JOIN customers_orderline AS line ON line.order_id = here.id
JOIN customers_product AS product ON product.id = line.product_id;
ANALYZE import_here_line
"""

# The n-th of equal rows is the n-th of equal lines. Equal in six columns, which the planner takes for hardly ever: it
# would compare every row with every line.
MARK_KNOWN = """
SET LOCAL enable_nestloop = off;
WITH staged AS (
    SELECT line, "order", sku, quantity, price, discount, row_number() OVER (
        PARTITION BY "order", sku, quantity, price, discount ORDER BY line
    ) AS nth
    FROM import_priced WHERE "order" IN (SELECT "order" FROM import_here)
)
UPDATE import_row SET reason = %(known)s
FROM (
    SELECT staged.line FROM staged JOIN import_here_line USING ("order", sku, quantity, price, discount, nth)
) AS same
WHERE same.line = import_row.line;
SET LOCAL enable_nestloop TO DEFAULT
"""

# More rows than an earlier import left out: this is another order under the same number, or one that was changed.
REJECT_FURTHER_LINES = """
WITH further AS (
    SELECT import_row.line, here.lines_left_out, count(*) OVER (PARTITION BY here.id) AS lines
    FROM import_row JOIN import_here AS here ON here."order" = import_row."order"
    WHERE import_row.reason IS NULL
)
UPDATE import_row SET reason = 'duplicate_order', "column" = %(order_column)s, value = import_row."order"
FROM further WHERE further.line = import_row.line AND further.lines > further.lines_left_out
"""

NUMBER_ROWS = """
WITH used AS (SELECT "order", max(n) AS n FROM import_here GROUP BY "order"),
numbered AS (
    SELECT line, "order" || '-' || coalesce(n, 0) + row_number() OVER (PARTITION BY "order" ORDER BY line) AS number
    FROM import_row LEFT JOIN used USING ("order")
    WHERE reason IS NULL
)
UPDATE import_row SET "order" = numbered.number FROM numbered WHERE numbered.line = import_row.line
"""

# --- Keeping ----------------------------------------------------------------------------------------------------------

# A code that comes with several names gets the most frequent one.
ADD_PRODUCTS = """
INSERT INTO customers_product (sku, name, kind)
SELECT coalesce(sku, %(sku)s),
       coalesce(mode() WITHIN GROUP (ORDER BY product), max(CASE WHEN sku IS NULL THEN %(product)s END), ''),
       coalesce(min(kind), 'goods')
FROM import_row
WHERE reason IS NULL
  AND NOT EXISTS (SELECT FROM customers_product known WHERE known.sku = coalesce(import_row.sku, %(sku)s))
GROUP BY coalesce(sku, %(sku)s)
ON CONFLICT DO NOTHING
"""

# What the last row says of a customer holds.
NEW_CUSTOMERS = """
CREATE TEMPORARY TABLE import_customer (
    reference text, name text, country text, sort_key text, search_text text
) ON COMMIT DROP;
CREATE TEMPORARY TABLE import_new_customer ON COMMIT DROP AS
SELECT customer AS reference, customer_name AS name, country
FROM import_row
JOIN (
    SELECT max(line) AS line FROM import_row
    WHERE reason IS NULL AND customer IS NOT NULL
      AND NOT EXISTS (SELECT FROM customers_customer known WHERE known.reference = import_row.customer)
    GROUP BY customer
) AS last USING (line)
"""

READ_CUSTOMERS = "SELECT reference, coalesce(name, reference), coalesce(country, '') FROM import_new_customer"

COPY_CUSTOMERS = "COPY import_customer FROM STDIN (FORMAT csv)"

# The orders that rows are kept for: first those that are here and lacked them, then the new ones.
FILL_UP_ORDERS = """
CREATE TEMPORARY TABLE import_kept (id bigint, "order" text) ON COMMIT DROP;
WITH filled AS (
    UPDATE customers_order SET lines_left_out = customers_order.lines_left_out - further.lines
    FROM (SELECT "order", count(*) AS lines FROM import_row WHERE reason IS NULL GROUP BY "order") AS further
    JOIN import_here USING ("order")
    WHERE customers_order.id = import_here.id
    RETURNING customers_order.id, customers_order.number
)
INSERT INTO import_kept SELECT id, number FROM filled
"""

# A renewal in any row makes the order one; "renewal" comes before "start".
ADD_ORDERS = """
WITH added AS (
INSERT INTO customers_order (
    number, customer_id, ordered_on, ordered_at, currency, exchange_rate, contract, source_id, lines_left_out
)
SELECT head."order", customer.id, head.day, head.moment, coalesce(head.currency, ''), head.rate,
       coalesce(marked.subscription, ''), %(source)s, coalesce(left_out.lines, 0)
FROM import_head AS head
LEFT JOIN (
    SELECT "order", min(subscription) AS subscription FROM import_row
    WHERE reason IS NULL AND subscription IS NOT NULL GROUP BY "order"
) AS marked ON marked."order" = head."order"
LEFT JOIN customers_customer AS customer ON customer.reference = head.customer
LEFT JOIN (
    SELECT "order", count(*) AS lines FROM import_row
    WHERE reason NOT IN (%(known)s, 'order_contradiction', 'duplicate_order') GROUP BY "order"
) AS left_out ON left_out."order" = head."order"
WHERE NOT EXISTS (SELECT FROM import_here WHERE import_here."order" = head."order")
ORDER BY head.line
RETURNING id, number
)
INSERT INTO import_kept SELECT id, number FROM added
"""

ADD_LINES = """
ANALYZE import_kept;
INSERT INTO customers_orderline (order_id, product_id, quantity, unit_price, discount, unit_cost)
SELECT kept.id, product.id, staged.quantity, staged.price, staged.discount,
       coalesce(staged.unit_cost, product.unit_cost)
FROM import_priced AS staged
JOIN import_kept AS kept USING ("order")
JOIN customers_product AS product ON product.sku = staged.sku
ORDER BY staged.line
"""

ADD_REJECTIONS = """
ANALYZE import_cells;
INSERT INTO customers_importrejection (source_id, line, "column", value, reason, further, cells)
SELECT %(source)s, line, coalesce("column", ''), coalesce(value, ''), reason, coalesce(further, '[]'),
       coalesce(cells, '[]')
FROM import_row LEFT JOIN import_cells USING (line) WHERE reason <> %(known)s ORDER BY line
"""

REJECTED_LINES = "SELECT line FROM import_row WHERE reason <> %(known)s ORDER BY line"

REJECTIONS = """
SELECT line, coalesce("column", ''), coalesce(value, ''), reason, coalesce(further, '[]')
FROM import_row WHERE reason <> %(known)s ORDER BY line
"""
