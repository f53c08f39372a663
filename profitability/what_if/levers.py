"""The levers there are: what each asks for, what each assumes, and within which limits. Pure, and without numpy."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Self

EVERYONE = ""


class LeverError(ValueError):
    """A lever that makes no sense; `code` names the reason so that a translated sentence can be made."""

    def __init__(self, code: str, message: str, **parameters: Any) -> None:
        super().__init__(message)
        self.code, self.parameters = code, parameters


@dataclass(frozen=True, slots=True)
class Number:
    """Something that a lever is told: in per cent unless it is an amount or an elasticity."""

    name: str
    default: float
    lowest: float
    highest: float
    assumed: bool = True  # an assumption about reactions, rather than what is done


@dataclass(frozen=True, slots=True)
class Spec:
    """What one kind of lever needs."""

    numbers: tuple[Number, ...]
    of_customers: bool = True  # works on a group of customers
    of_products: bool = False  # may be narrowed to a family or product
    needs_product: bool = False
    choice: str = ""  # what else is chosen: a channel or a cost pool


# Volume falls by about so many per cent for each per cent that the price rises: an assumption that every company should
# replace by what it has seen of its own customers.
ELASTICITY = Number("elasticity", 1.5, 0, 5)


def _lost(default: float) -> Number:
    return Number("lost", default, 0, 100)


SPECS: Mapping[str, Spec] = {
    "price": Spec((Number("percent", 5, -50, 100, assumed=False), ELASTICITY, _lost(0)), of_products=True),
    "discount": Spec((Number("cap", 5, 0, 100, assumed=False), ELASTICITY, _lost(0)), of_products=True),
    "minimum": Spec(
        (
            Number("amount", 20, 0, 1_000_000, assumed=False),
            Number("raised", 30, 0, 100),
            Number("bundled", 40, 0, 100),
            _lost(1),
        )
    ),
    "service": Spec(
        (
            Number("percent", 30, 0, 100, assumed=False),
            Number("other_cost", 0, 0, 300),
            _lost(1),
        ),
        choice="channel",
    ),
    "drop": Spec((Number("moved", 30, 0, 100), _lost(2)), of_products=True, needs_product=True),
    "promote": Spec(
        (Number("more", 10, 0, 500, assumed=False), Number("given", 3, 0, 100, assumed=False)), of_products=True
    ),
    "let_go": Spec((Number("percent", 100, 0, 100, assumed=False),)),
    "pool": Spec((Number("percent", -10, -100, 500, assumed=False),), of_customers=False, choice="pool"),
    "cut": Spec((Number("percent", 50, 0, 100, assumed=False),), of_customers=False),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lever:
    """One lever: its kind, whom and what it is about, and its figures.

    `rows` and `row` name a group as the matrix does (category 4, segment 12, one customer); empty is everybody.
    `columns` and `column` name a family or product; empty is all goods.
    """

    kind: str
    rows: str = EVERYONE
    row: str = ""
    columns: str = ""
    column: str = ""
    choice: str = ""
    values: Mapping[str, float] = field(default_factory=dict)

    @property
    def spec(self) -> Spec:
        return SPECS[self.kind]

    def __getitem__(self, name: str) -> float:
        """One of its figures, as it was given or as it is usually assumed."""
        number = next(each for each in self.spec.numbers if each.name == name)
        return self.values.get(name, number.default)

    def share(self, name: str) -> float:
        """A percentage as a share of one."""
        return self[name] / 100

    @property
    def group(self) -> tuple[str, str]:
        """The group of customers, as a key."""
        return (self.rows, self.row) if self.spec.of_customers else (EVERYONE, "")

    def check(self) -> None:
        """Raise LeverError when it cannot be used."""
        if self.kind not in SPECS:
            raise LeverError("unknown_kind", "There is no such lever.", kind=self.kind)
        for number in self.spec.numbers:
            if not number.lowest <= self[number.name] <= number.highest:
                raise LeverError(
                    "out_of_limits",
                    "A figure is outside its limits.",
                    name=number.name,
                    lowest=number.lowest,
                    highest=number.highest,
                )
        if self.kind == "minimum" and self["raised"] + self["bundled"] > 100:
            raise LeverError("more_than_all", "More than all small orders would be raised or bundled.")
        if self.spec.needs_product and not self.column:
            raise LeverError("no_product", "A family or product must be chosen.")
        if self.spec.choice and not self.choice:
            raise LeverError("no_choice", "A channel or cost pool must be chosen.", choice=self.spec.choice)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Self:
        """From what `as_json` gave; figures that a kind does not know are left out."""
        lever = cls(**{name: data.get(name, "") for name in ("kind", "rows", "row", "columns", "column", "choice")})
        known = {number.name for number in SPECS[lever.kind].numbers} if lever.kind in SPECS else set()
        values = {name: float(value) for name, value in data.get("values", {}).items() if name in known}
        return cls(
            kind=lever.kind,
            rows=lever.rows,
            row=lever.row,
            columns=lever.columns,
            column=lever.column,
            choice=lever.choice,
            values=values,
        )

    def as_json(self) -> dict[str, Any]:
        """With all assumptions written out, so that a later change of a default changes no saved scenario."""
        return {
            "kind": self.kind,
            "rows": self.rows,
            "row": self.row,
            "columns": self.columns,
            "column": self.column,
            "choice": self.choice,
            "values": {number.name: self[number.name] for number in self.spec.numbers},
        }
