"""What becomes of staged rows: checked against each other and against what is here, by sets; then kept, all at once.

A file with order numbers: an order that is here already keeps its lines. A row that equals one of them (product,
quantity, price, discount; the n-th of equal rows equals the n-th of equal lines) is known, and skipped. A further row
is taken only where an earlier import had to reject that many rows of the order; otherwise it is rejected, never
silently merged.

A file without order numbers: each row is an order, numbered `<prefix>-<customer>-<day>-<n>`. Rows of a customer and day
that equal lines of that customer and day are known in the same way; the others get the next free n.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from customers.importing import statements
from customers.importing.reading import Reading

# Rows with this mark are in the database already.
KNOWN = "known"


@dataclass(frozen=True)
class Check:
    """Rows that cannot be kept although each of their cells can be read."""

    reason: str
    # The field that is to blame.
    field: str
    condition: str
    # What must have been readable besides, for the condition to mean anything.
    reads: tuple[str, ...] = ()


_PRICE = "coalesce(unit_price, amount / quantity) * coalesce(exchange_rate, 1)"
_COST = "unit_cost * coalesce(exchange_rate, 1)"
# Larger amounts would not fit their columns; checked first, before anything is computed from them.
_MADE_OF = ("unit_price", "amount", "quantity", "exchange_rate")
_LARGE = f"(abs({_PRICE}) >= 1e10 OR abs(quantity * {_PRICE}) >= 1e13)"
CHECKS = (
    Check("rate_missing", "currency", "currency IS NOT NULL AND exchange_rate IS NULL", ("exchange_rate",)),
    Check("bad_rate", "exchange_rate", "currency IS NULL AND exchange_rate <> 1", ("currency",)),
    Check("too_large", "unit_price", f"unit_price IS NOT NULL AND {_LARGE}", _MADE_OF),
    Check("too_large", "amount", f"unit_price IS NULL AND {_LARGE}", _MADE_OF),
    Check("too_large", "discount", "abs(discount) * coalesce(exchange_rate, 1) >= 1e13", ("exchange_rate",)),
    Check("too_large", "unit_cost", f"{_COST} >= 1e10 OR abs(quantity) * {_COST} >= 1e13", _MADE_OF[2:]),
    Check("negative_price", "unit_price", f"unit_price < 0 AND NOT {statements.IS_BAD_DEBT}", ("sku",)),
    Check("negative_price", "amount", f"amount / quantity < 0 AND NOT {statements.IS_BAD_DEBT}", ("quantity", "sku")),
    Check(
        "bad_discount",
        "discount",
        "discount <> 0 AND (sign(discount) <> sign(quantity)"
        " OR abs(discount) > abs(coalesce(amount, quantity * unit_price)))",
        ("quantity", "amount", "unit_price"),
    ),
)


class Settling:
    """The staged rows of one file on their way into the tables; `cursor` is inside the transaction of the import."""

    def __init__(self, cursor: Any, reading: Reading) -> None:
        self._cursor = cursor
        self._reading = reading
        self._numbered = "order" in reading.columns
        self._values: Mapping[str, Any] = {
            "sku": reading.layout.product[0],
            "product": reading.layout.product[1],
            "prefix": reading.layout.prefix,
            "order_column": reading.column_name("order"),
            "customer_column": reading.column_name("customer"),
            "date_column": reading.column_name("date"),
            "currency_column": reading.column_name("currency"),
        }

    def check(self) -> None:
        """Mark rows that cannot be kept, and rows that are here already."""
        self._run(statements.PRICED)
        for check in CHECKS:
            if check.field in self._reading.columns:
                self._reject(check)
        if self._numbered:
            self._check_numbered()
        else:
            self._check_numberless()

    def _reject(self, check: Check) -> None:
        values = {
            "reason": check.reason,
            "column": self._reading.column_name(check.field),
            "known": KNOWN,
            "reads": [check.field, *check.reads],
        }
        shown = statements.SHOWN.format(value=check.field)
        self._run(statements.REJECT, values, shown=shown, condition=check.condition)

    def _check_numbered(self) -> None:
        self._run(statements.HEADS)
        self._run(statements.REJECT_CONTRADICTIONS)
        if self._run(statements.HERE_BY_NUMBER):
            self._run(statements.REJECT_OTHER_ORDERS)
            self._mark_known()
            self._run(statements.REJECT_FURTHER_LINES)

    def _check_numberless(self) -> None:
        if self._run(statements.HERE_BY_DAY):
            self._mark_known()
        self._run(statements.NUMBER_ROWS)
        self._run(statements.HEADS)

    def _mark_known(self) -> None:
        named = {"sku", "product"} & set(self._reading.columns)
        self._run(statements.HERE_LINES, sku="product.sku" if named else "%(sku)s")
        self._run(statements.MARK_KNOWN, {"known": KNOWN})

    def add_products(self) -> int:
        """Products that the file names for the first time."""
        return self._run(statements.ADD_PRODUCTS)

    def list_new_customers(self) -> int:
        """Prepare the references that the file names for the first time, in the table `import_new_customer`."""
        return self._run(statements.NEW_CUSTOMERS)

    def add_orders(self, import_id: int) -> int:
        """Orders of the rows that are kept; how many are new."""
        self._run(statements.FILL_UP_ORDERS, {"known": KNOWN})
        return self._run(statements.ADD_ORDERS, {"source": import_id, "known": KNOWN})

    def add_lines(self) -> int:
        """The lines themselves, in the order of the file."""
        return self._run(statements.ADD_LINES)

    def _run(self, statement: str, values: Mapping[str, Any] | None = None, **parts: str) -> int:
        """Run a statement; `parts` are pieces of SQL from this package, `values` are sent as parameters."""
        self._cursor.execute(statement.format(**parts) if parts else statement, {**self._values, **(values or {})})
        return int(self._cursor.rowcount)
