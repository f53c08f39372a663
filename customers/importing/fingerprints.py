"""Fingerprints by which it is told whether a record is still as an import left it."""

CUSTOMER_COLUMNS = (
    "reference", "kind", "name", "given_name", "email", "phone", "street", "postal_code", "city", "country", "language",
    "member_of_id", "owner_id", "source_id", "team_id", "birth_date", "preferred_channel", "best_time", "needs",
    "custom", "acquisition_cost", "acquired_on",
)  # fmt: skip
MOMENT_COLUMNS = (
    "customer_id", "touchpoint_id", "direction", "occurred_at", "minutes", "employee_id", "person_id", "summary",
    "result", "sentiment", "needs_reply",
)  # fmt: skip


def print_of(table: str, columns: tuple[str, ...] = CUSTOMER_COLUMNS) -> str:
    """The SQL of the fingerprint of a row, of whatever people can edit in it."""
    return f"md5(ROW({', '.join(f'{table}.{column}' for column in columns)})::text)"
