"""The matrices of a run as kept in `ProductMatrix.totals`: one for each way of grouping customers and products."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self

from profitability.matrix import Amounts, Matrix, Row

# Rows that hold no customers by name, and columns that hold no single product.
ANONYMOUS_ROW, COMPANY_ROW = "anonymous", "company"
OTHERS = "others"
NO_FAMILY = "0"


@dataclass(frozen=True)
class MatrixTotals:
    """Every matrix of a run, by what its rows and its columns are."""

    matrices: Mapping[tuple[str, str], Matrix]
    # Whether the records had changed since the run, so that lines and figures no longer tell of the same sales.
    records_changed: bool = False

    def of(self, rows: str, columns: str) -> Matrix | None:
        return self.matrices.get((rows, columns))

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Self:
        """From `ProductMatrix.totals`."""
        matrices = {(one["rows_by"], one["columns_by"]): _matrix(one) for one in data["matrices"]}
        return cls(matrices, data["records_changed"])

    def as_json(self) -> dict[str, Any]:
        """For `ProductMatrix.totals`; amounts are lists of cents, since there are thousands of them."""
        matrices = [
            {
                "rows_by": rows,
                "columns_by": columns,
                "columns": list(matrix.columns),
                "overlapping": matrix.overlapping,
                "rows": [_plain(row) for row in matrix.rows],
                "total": _plain(matrix.total),
            }
            for (rows, columns), matrix in self.matrices.items()
        ]
        return {"matrices": matrices, "records_changed": self.records_changed}


def _plain(row: Row) -> list[Any]:
    return [row.key, row.customers, *map(_cents, (*row.cells, row.total))]


def _cents(amounts: Amounts) -> list[int]:
    return [amounts.net_revenue, amounts.cost_of_goods, amounts.cost_to_serve, amounts.direct_costs]


def _matrix(data: dict[str, Any]) -> Matrix:
    rows = tuple(map(_row, data["rows"]))
    return Matrix(tuple(data["columns"]), rows, _row(data["total"]), data["overlapping"])


def _row(data: list[Any]) -> Row:
    key, customers, *amounts = data
    *cells, total = (Amounts(*cents) for cents in amounts)
    return Row(key, customers, tuple(cells), total - sum(cells, Amounts()), total)
