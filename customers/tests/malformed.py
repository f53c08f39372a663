"""Files that nobody should ever send: made by chance from a seed, with how many rows of which damage."""

import csv
import io
import random
from collections.abc import Callable, Iterator
from pathlib import Path

from customers.models import Import

HEADERS = {
    Import.Kind.ORDERS: "order,customer,customer_name,date,sku,quantity,unit_price,country",
    Import.Kind.CUSTOMERS: "reference,name,given_name,email,phone,postal_code,city,country,birth_date,owner",
    Import.Kind.PERSONS: "reference,company,name,given_name,email,phone,birth_date,language",
    Import.Kind.MOMENTS: "customer,date,touchpoint,direction,minutes,employee,summary,external_id",
}
GOOD = {
    "order": lambda n: f"A{n // 2}", "customer": lambda n: f"K{n % 500}", "customer_name": lambda n: f"Name {n % 500}",
    "date": lambda n: f"2026-01-{n % 28 + 1:02}", "sku": lambda n: f"P{n % 50}", "quantity": lambda n: str(n % 9 + 1),
    "unit_price": lambda n: "9.90", "country": lambda n: "France", "reference": lambda n: f"K{n}",
    "name": lambda n: f"Aubert {n}", "given_name": lambda n: "Adèle", "email": lambda n: f"k{n}@example.com",
    "phone": lambda n: f"+33 6 {n:08}", "postal_code": lambda n: "69001", "city": lambda n: "Lyon",
    "birth_date": lambda n: "31/12/1980", "owner": lambda n: "", "company": lambda n: "F1", "language": lambda n: "fr",
    "touchpoint": lambda n: "Service call", "direction": lambda n: "inbound", "minutes": lambda n: "5",
    "employee": lambda n: "", "summary": lambda n: "Asked.", "external_id": lambda n: str(n),
}  # fmt: skip
Row = list[str]
Damage = Callable[[random.Random, Row], str]


def _line(cells: Row, end: str = "\r\n") -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator=end).writerow(cells)
    return text.getvalue()


def _with(chance: random.Random, cells: Row, value: str) -> Row:
    spoilt = list(cells)
    spoilt[chance.randrange(len(cells))] = value
    return spoilt


def _value(*values: str) -> Damage:
    return lambda chance, cells: _line(_with(chance, cells, chance.choice(values)))


DAMAGES: dict[str, tuple[int, Damage]] = {
    "none": (30, lambda chance, cells: _line(cells)),
    "line ends": (10, lambda chance, cells: _line(cells, chance.choice(["\n", "\r\n", "\r", "\n\n"]))),
    "NUL": (6, _value("\0", "a\0b", "\0" * 50)),
    "BOM": (6, _value("\ufeffname", "\ufeff")),
    "right to left": (6, _value("\u202eevil\u202c", "\u200f\u200e", "אבג\u202eabc")),
    "formula": (6, _value("=1+1", "+33", "-2+3", "@SUM(A1)", "\t=x", "'=1", "＝1+1", "\xa0=1")),
    "too few cells": (5, lambda chance, cells: _line(cells[: chance.randrange(1, len(cells))])),
    "too many cells": (5, lambda chance, cells: _line([*cells, *["x"] * chance.randint(1, 40)])),
    "open quote": (5, lambda chance, cells: _line(cells[:-1]).rstrip() + ',"never closed\r\n'),
    "stray quote": (5, lambda chance, cells: ",".join(_with(chance, cells, 'a"b"c')) + "\r\n"),
    "line break": (4, _value("one\ntwo", "one\r\ntwo\rthree")),
    "empty": (4, _value("")),
    "numbers": (4, _value("1e999", "NaN", "-0", "٣", "9" * 40, "1,2,3", "1.2.3")),
    "dates": (4, _value("31/02/2026", "0000-00-00", "9999-12-31", "2026-13-01", "01/02/26")),
    "surrogates": (3, _value("\udcff".encode("utf-8", "replace").decode(), "\ufffd", "𝔘𝔫𝔦", "\U0010ffff")),
    "long": (3, _value("x" * 300, "é" * 9_000, "x" * 11_000)),
    "megabyte": (0, _value("x" * (1 << 20), "x" * ((1 << 20) + 5))),
    "controls": (3, _value("\x1b[31m", "\x07", "a\x85b", "\u2028")),
}


def write_malformed(
    path: Path, kind: str, rows: int, *, seed: int, encoding: str = "utf-8", megabytes: int = 5
) -> None:
    """A file of so many damaged and sound rows of a kind, some of them with a cell of a megabyte."""
    chance = random.Random(seed)
    with open(path, "w", encoding=encoding, errors="replace", newline="") as file:
        file.write(HEADERS[Import.Kind(kind)] + "\r\n")
        file.writelines(_lines(chance, kind, rows, megabytes))


def _lines(chance: random.Random, kind: str, rows: int, megabytes: int) -> Iterator[str]:
    names, weights = list(DAMAGES), [weight for weight, _damage in DAMAGES.values()]
    header = HEADERS[Import.Kind(kind)].split(",")
    huge = set(chance.sample(range(rows), min(megabytes, rows)))
    for n in range(rows):
        name = "megabyte" if n in huge else chance.choices(names, weights)[0]
        yield DAMAGES[name][1](chance, [GOOD[field](n) for field in header])
