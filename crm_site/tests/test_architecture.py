"""The walls of the house: who may import whom, read from the imports themselves."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest
from django.conf import settings

APPS = ("customers", "complaints", "satisfaction", "profitability", "loyalty")
MAY_IMPORT = {
    "customers": set(),
    "complaints": {"customers"},
    "satisfaction": {"customers", "complaints"},
    "profitability": {"customers", "complaints"},
    "loyalty": {"customers", "satisfaction", "profitability"},
    "crm_site.lib": set(),
}
PURE = tuple(
    f"profitability/{name}.py" for name in ("costing", "ranking", "lifetime_value", "matrix", "what_if", "portfolio")
)
IMPURE_PACKAGES = {"django", "celery", "redis", "psycopg2", "customers", "crm_site", "time", "datetime"}


def modules(room: str) -> list[Path]:
    folder = settings.BASE_DIR / room.replace(".", "/")
    return [path for path in sorted(folder.rglob("*.py")) if "tests" not in path.parts]


def room_of(name: str) -> str | None:
    """The room that a dotted name stands in: an app, the floor or the roof; None for what is not ours."""
    first = name.partition(".")[0]
    if first in APPS:
        return first
    if first == "crm_site":
        return "crm_site.lib" if name.startswith("crm_site.lib") else "crm_site"
    return None


def imported_names(path: Path) -> Iterator[str]:
    """What a module imports anywhere in it, and the models that it names by string."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            if node.module == "crm_site":
                yield from (f"crm_site.{alias.name}" for alias in node.names)
            yield node.module or ""
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            app, dot, model = node.value.partition(".")
            if dot and app in APPS and model[:1].isupper() and model.isidentifier():
                yield node.value


@pytest.mark.parametrize("room", MAY_IMPORT)
def test_a_room_imports_only_what_stands_below_it(room: str) -> None:
    allowed = MAY_IMPORT[room] | {room, "crm_site.lib", None}
    wrong = [
        f"{path.relative_to(settings.BASE_DIR)} imports {name}"
        for path in modules(room)
        for name in imported_names(path)
        if name != "crm_site" and room_of(name) not in allowed
    ]
    assert wrong == []


@pytest.mark.parametrize("module", PURE)
def test_formulas_know_neither_framework_nor_clock_nor_database(module: str) -> None:
    pure = settings.BASE_DIR / module
    files = [pure] if pure.exists() else sorted(pure.with_suffix("").rglob("*.py"))
    assert files
    roots = {name.partition(".")[0] for path in files for name in imported_names(path)}
    assert roots & IMPURE_PACKAGES == set()


def test_the_walls_notice_an_import_that_climbs(tmp_path: Path) -> None:
    module = tmp_path / "climbing.py"
    module.write_text("def later() -> None:\n    from loyalty.models import Account\n", encoding="utf-8")
    assert [room_of(name) for name in imported_names(module)] == ["loyalty"]
