"""What the rows of a file of orders become."""

from customers.importing.cells import Convert, converters
from customers.importing.reading import Reading
from customers.importing.staging import Plan, Source, Terms, Values
from customers.importing.statements import STAGING

# Columns that come out of one cell of another field.
_DERIVED = {"day": "date", "moment": "date", "kind": "sku"}
# ... and those that do where the file has no column for them.
_STAND_INS = {"sku": "product", "quantity": "amount"}
_COMPARED = ("order", "customer", "day", "sku", "quantity", "unit_price", "amount", "discount")


def order_plan(reading: Reading, terms: Terms) -> Plan:
    """Cells by column; where the file has no order numbers, what the number of each row will begin with."""
    mapping = reading.mapping
    convert: dict[str, Convert] = converters(
        dates=mapping.dates,
        decimal=mapping.decimal,
        zone=terms.zone,
        house=terms.house,
        today=terms.today,
        shift=terms.shift,
    )
    convert["kind"] = reading.layout.kind_of
    fields = {name: _DERIVED.get(name, name) for name in convert}
    for name, other in _STAND_INS.items():
        if name not in reading.columns:
            fields[name], convert[name] = other, convert[f"{name}_from_{other}"]
    sources = tuple(Source(name, field, convert[name]) for name, field in fields.items() if field in reading.columns)
    names = tuple(source.name for source in sources)
    if "order" in names:
        return Plan(STAGING, sources, names, finish=lambda values: values, compared=_COMPARED)
    customer, day, prefix = names.index("customer"), names.index("day"), reading.layout.prefix

    def number(values: Values) -> Values:
        begins = f"{prefix}-{values[customer] or 'anonymous'}-{str(values[day]).replace('-', '')}"
        return [*values, begins]

    return Plan(STAGING, sources, (*names, "order"), finish=number, compared=_COMPARED)
