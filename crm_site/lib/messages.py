"""The French catalogue, kept and compiled without gettext's own tools: Babel does all of it.

Source strings are English. `locale/fr/LC_MESSAGES/django.po` is committed; the compiled `.mo` is made from it.
"""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation import templatize

KEYWORDS = {
    "gettext": None,
    "gettext_lazy": None,
    "gettext_noop": None,
    "ngettext": (1, 2),
    "ngettext_lazy": (1, 2),
    "pgettext": ((1, "c"), 2),
    "pgettext_lazy": ((1, "c"), 2),
    "npgettext": ((1, "c"), 2, 3),
    "npgettext_lazy": ((1, "c"), 2, 3),
    "_": None,
}
# A fixed header: dates and tools in it would make every update a change.
HEADER = b"""# French catalogue of Compagnon. Source strings are English and stand in the code and the templates.
msgid ""
msgstr ""
"Project-Id-Version: Compagnon\\n"
"Language: fr\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: nplurals=2; plural=(n > 1);\\n"

"""
SKIPPED_FOLDERS = {".venv", "var", "static", "staticfiles", "migrations", "tests", "locale", "benchmarks"}


@dataclass(frozen=True)
class CatalogueFault:
    """A string of the catalogue that a reader of French would stumble over."""

    message: str
    fault: str


def catalogue_path(base: Path) -> Path:
    return base / "locale" / "fr" / "LC_MESSAGES" / "django.po"


def extract_messages(base: Path) -> Catalog:
    """Every translatable string of the Python files and templates under `base`, in the order of the files."""
    catalogue = Catalog(project="Compagnon", charset="utf-8")
    for path in _sources(base):
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".py":
            text += "\n" + "\n".join(_inside_texts(text))
        else:
            # In brackets the indentation of the page means nothing to the Python tokenizer.
            text = f"({templatize(text, origin=str(path))})"
        name = path.relative_to(base).as_posix()
        found = extract("python", BytesIO(text.encode()), keywords=KEYWORDS, comment_tags=("Translators:",))
        for _line, message, comments, context in found:
            catalogue.add(message, locations=[(name, 0)], auto_comments=comments, context=context)
    return catalogue


def _inside_texts(source: str) -> Iterator[str]:
    """The calls inside f-strings, which Python's tokenizer before 3.12 shows as plain texts and Babel passes by."""
    if 'f"' not in source and "f'" not in source:
        return
    for text in ast.walk(ast.parse(source)):
        if isinstance(text, ast.JoinedStr):
            for call in ast.walk(text):
                if isinstance(call, ast.Call) and isinstance(call.func, ast.Name) and call.func.id in KEYWORDS:
                    yield ast.unparse(call)


def _sources(base: Path) -> Iterator[Path]:
    for path in sorted(base.rglob("*")):
        relative = path.relative_to(base)
        if path.suffix not in {".py", ".html", ".txt"} or SKIPPED_FOLDERS & set(relative.parts):
            continue
        if path.suffix == ".py" or relative.parts[0] == "templates":
            yield path


def read_catalogue(base: Path) -> Catalog:
    with catalogue_path(base).open("rb") as file:
        return read_po(file, locale="fr", charset="utf-8")


def update_catalogue(base: Path) -> None:
    """Bring the French catalogue up to date with the sources; translations of unchanged strings stay."""
    path = catalogue_path(base)
    catalogue = read_catalogue(base) if path.exists() else Catalog(locale="fr", project="Compagnon")
    catalogue.update(extract_messages(base), no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    written = BytesIO()
    write_po(written, catalogue, width=120, sort_output=True, no_location=True, omit_header=True)
    path.write_bytes(HEADER + written.getvalue())


def compile_catalogues(base: Path) -> bool:
    """Write the `.mo` where it is older than its `.po`; True when something was written."""
    source = catalogue_path(base)
    target = source.with_suffix(".mo")
    if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
        return False
    compiled = BytesIO()
    write_mo(compiled, read_catalogue(base))
    # Written beside and renamed: a reader never finds half a catalogue.
    draft = target.with_suffix(".mo.new")
    draft.write_bytes(compiled.getvalue())
    draft.replace(target)
    return True


def faults(base: Path) -> list[CatalogueFault]:
    """What is missing, left over or marked doubtful in the French catalogue."""
    wanted = {_key(message): message for message in extract_messages(base) if message.id}
    present = {_key(message): message for message in read_catalogue(base) if message.id}
    missing = [CatalogueFault(_shown(wanted[key]), "not in the catalogue") for key in wanted.keys() - present.keys()]
    stale = [CatalogueFault(_shown(present[key]), "no longer in the sources") for key in present.keys() - wanted.keys()]
    return sorted(
        [*missing, *stale, *(fault for message in present.values() for fault in _message_faults(message))],
        key=lambda fault: fault.message,
    )


def _message_faults(message: Message) -> Iterator[CatalogueFault]:
    strings = message.string if isinstance(message.string, (tuple, list)) else (message.string,)
    if not all(strings):
        yield CatalogueFault(_shown(message), "not translated")
        return
    if message.fuzzy:
        yield CatalogueFault(_shown(message), "marked doubtful")
    for error in message.check():
        yield CatalogueFault(_shown(message), str(error))


def _key(message: Message) -> tuple[str, str]:
    return (message.context or "", _shown(message))


def _shown(message: Message) -> str:
    return message.id[0] if isinstance(message.id, (tuple, list)) else message.id
