"""Documents on paper: a template of typst and plain data in, a PDF out.

Data reach the template as JSON, so that whatever a customer wrote stays text and is never read as markup. Templates say
how things look; every word of a document comes with its data, in the reader's language.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

import typst
from django.conf import settings

TEMPLATES: Path = settings.BASE_DIR / "templates" / "reports"
# A PDF that screen readers and other programs read aloud and take apart (ISO 14289-1).
ACCESSIBLE: Final = "ua-1"
NO_GLYPH = "could not be displayed"


@cache
def _fonts() -> typst.Fonts:
    """The letters of the interface, those that typst carries, and for other scripts what the machine has; read once."""
    return typst.Fonts(font_paths=[TEMPLATES / "fonts"])


def typeset(template: str, data: Mapping[str, Any]) -> bytes:
    """The document as a PDF for everybody (PDF/UA-1).

    That standard forbids letters that no font can draw. A name in a script for which this machine has no font is then
    shown as boxes in an ordinary PDF, which is better than no document.
    """
    inputs = {"data": json.dumps(_printable(data), ensure_ascii=False)}
    try:
        return _compiled(template, inputs, [ACCESSIBLE])
    except typst.TypstError as error:
        if NO_GLYPH not in str(error):
            raise
    return _compiled(template, inputs, [])


def _compiled(template: str, inputs: dict[str, str], standards: list[Literal["ua-1"]]) -> bytes:
    return typst.compile(
        TEMPLATES / f"{template}.typ",
        root=TEMPLATES,
        font_paths=_fonts(),
        sys_inputs=inputs,
        pdf_standards=list(standards),
    )


def _printable(value: Any) -> Any:
    """The same without characters that mean something to a terminal but nothing on paper."""
    if isinstance(value, str):
        return "".join(letter for letter in value if letter == "\n" or unicodedata.category(letter) not in {"Cc", "Cs"})
    if isinstance(value, Mapping):
        return {name: _printable(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [_printable(one) for one in value]
    return value
