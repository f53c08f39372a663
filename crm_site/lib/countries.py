"""Countries: kept by their English names whatever language somebody writes, shown in the reader's own."""

from collections.abc import Mapping
from functools import cache

from babel import Locale
from django.utils.translation import get_language


def country_name(kept: str) -> str:
    """A country as the reader's language calls it; what is no known country stands as it was written."""
    return _own_names(get_language() or "en").get(kept, kept)


@cache
def _own_names(language: str) -> Mapping[str, str]:
    english, own = Locale("en").territories, Locale.parse(language, sep="-").territories
    return {str(name): str(own[code]) for code, name in english.items() if code in own}
