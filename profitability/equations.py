"""Time equations as people write them: `2 * contacts_phone + minutes_phone`, read into minutes for each unit.

Pure. A small grammar of its own, so that nothing that is typed is ever executed:

    sum      = product { ("+" | "-") product }
    product  = signed { ("*" | "/") signed }
    signed   = [ "-" ] ( number | name | "(" sum ")" )

An equation is read for a whole month of a customer, so it must be a sum of drivers, each with its minutes: two drivers
cannot be multiplied, and minutes cannot stand alone. What is only sometimes true (a new customer, a rush order) is a
driver too, counted once for each time that it was true.

    >>> [(term.driver, str(term.minutes)) for term in read_equation("8 * orders + 2,5 * (order_lines + orders / 5)")]
    [('orders', '17/2'), ('order_lines', '5/2')]
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NoReturn

LONGEST = 1000
DEEPEST = 20
LARGEST = 1_000_000  # minutes for one unit: two years
TOKEN = re.compile(r"\s*(?:(?P<number>[0-9]+(?:[.,][0-9]+)?)|(?P<name>[^\W\d]\w*)|(?P<sign>[-+*/()×÷·−]))")
SIGNS = {"×": "*", "·": "*", "÷": "/", "−": "-"}


class EquationFault(ValueError):
    """What is wrong with an equation, and where; `code` is what a translated sentence is made from."""

    def __init__(self, code: str, position: int, text: str = "") -> None:
        super().__init__(f"{code} at {position}: {text}")
        self.code = code
        self.position = position  # of the first character, from 0
        self.text = text  # what stands there


@dataclass(frozen=True, slots=True)
class EquationTerm:
    """Exact minutes for each unit of a driver."""

    driver: str
    minutes: Fraction


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str  # number, name, sign; "end" behind the last
    text: str
    position: int


@dataclass(frozen=True, slots=True)
class _Linear:
    """A constant, and so much of each driver; with the places where they were written."""

    constant: Fraction = Fraction()
    terms: dict[str, Fraction] = field(default_factory=dict)
    places: dict[str, _Token] = field(default_factory=dict)
    number: _Token | None = None  # where the constant stands

    def plus(self, other: "_Linear") -> "_Linear":
        names = {**self.terms, **other.terms}
        total = {name: self.terms.get(name, Fraction()) + other.terms.get(name, Fraction()) for name in names}
        alone = self.number if self.constant else other.number
        return _Linear(self.constant + other.constant, total, {**other.places, **self.places}, alone)

    def times(self, factor: Fraction) -> "_Linear":
        terms = {name: minutes * factor for name, minutes in self.terms.items()}
        return _Linear(self.constant * factor, terms, self.places, self.number)


def read_equation(text: str, is_known: Callable[[str], bool] = lambda name: True) -> tuple[EquationTerm, ...]:
    """The terms of an equation, in the order in which their drivers were written. Raises EquationFault."""
    if len(text) > LONGEST:
        raise EquationFault("too_long", LONGEST)
    if not text.strip():
        raise EquationFault("empty", 0)
    found = _Reader(_tokens(text), is_known).whole()
    if found.constant:
        _fault("number_alone", found.number or _Token("number", "", 0))
    for name, minutes in found.terms.items():
        if minutes < 0:
            _fault("negative", found.places[name])
        if minutes > LARGEST:
            _fault("too_large", found.places[name])
    terms = tuple(EquationTerm(name, minutes) for name, minutes in found.terms.items() if minutes)
    if not terms:
        raise EquationFault("no_minutes", 0)
    return terms


def _tokens(text: str) -> list[_Token]:
    tokens, position = [], 0
    end = len(text.rstrip())
    while position < end:
        match = TOKEN.match(text, position)
        if match is None or match.lastgroup is None:
            position += len(text[position:]) - len(text[position:].lstrip())
            raise EquationFault("unknown_sign", position, text[position])
        word = match[match.lastgroup]
        tokens.append(_Token(match.lastgroup, SIGNS.get(word, word), match.start(match.lastgroup)))
        position = match.end()
    return [*tokens, _Token("end", "", end)]


def _fault(code: str, token: _Token) -> NoReturn:
    raise EquationFault(code, token.position, token.text)


class _Reader:
    """Reads tokens from left to right, one function for each line of the grammar."""

    def __init__(self, tokens: list[_Token], is_known: Callable[[str], bool]) -> None:
        self.tokens = tokens
        self.is_known = is_known
        self.at = 0
        self.depth = 0

    @property
    def next(self) -> _Token:
        return self.tokens[self.at]

    def take(self) -> _Token:
        self.at += 1
        return self.tokens[self.at - 1]

    def sees(self, *signs: str) -> bool:
        return self.next.kind == "sign" and self.next.text in signs

    def whole(self) -> _Linear:
        found = self.sum()
        if self.next.kind != "end":
            _fault("unopened" if self.next.text == ")" else "sign_missing", self.next)
        return found

    def sum(self) -> _Linear:
        found = self.product()
        while self.sees("+", "-"):
            sign = self.take()
            found = found.plus(self.product().times(Fraction(-1 if sign.text == "-" else 1)))
        return found

    def product(self) -> _Linear:
        found = self.signed()
        while self.sees("*", "/"):
            sign = self.take()
            other = self.signed()
            found = _divided(found, other, sign) if sign.text == "/" else _multiplied(found, other, sign)
        return found

    def signed(self) -> _Linear:
        if not self.sees("-"):
            return self.factor()
        self.take()
        return self.factor().times(Fraction(-1))

    def factor(self) -> _Linear:
        token = self.next
        if token.kind == "number":
            self.take()
            return _Linear(Fraction(token.text.replace(",", ".")), number=token)
        if token.kind == "name":
            if not self.is_known(token.text):
                _fault("unknown_name", token)
            self.take()
            return _Linear(terms={token.text: Fraction(1)}, places={token.text: token})
        if self.sees("("):
            return self.bracket()
        _fault("ends_early" if token.kind == "end" else "value_missing", token)

    def bracket(self) -> _Linear:
        opened = self.take()
        self.depth += 1
        if self.depth > DEEPEST:
            _fault("too_deep", opened)
        found = self.sum()
        if not self.sees(")"):
            _fault(
                "unclosed" if self.next.kind == "end" else "sign_missing",
                opened if self.next.kind == "end" else self.next,
            )
        self.take()
        self.depth -= 1
        return found


def _multiplied(left: _Linear, right: _Linear, sign: _Token) -> _Linear:
    if left.terms and right.terms:
        _fault("drivers_multiplied", sign)
    many, number = (left, right) if left.terms else (right, left)
    return many.times(number.constant)


def _divided(left: _Linear, right: _Linear, sign: _Token) -> _Linear:
    if right.terms:
        _fault("divided_by_driver", sign)
    if not right.constant:
        _fault("divided_by_zero", sign)
    return left.times(1 / right.constant)
