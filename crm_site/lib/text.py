"""Text as people search and sort it: without accents, case or punctuation."""

import re
import unicodedata

# NFKD takes accents off letters but leaves these, which French and German readers expect as two letters.
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "đ": "d"})
_TOKEN = re.compile(r"[a-z0-9]+")


def normalise(text: str) -> str:
    """Lower case, without accents and ligatures: «Œuvre d'Étienne» becomes «oeuvre d'etienne»."""
    if text.isascii():
        return text.lower().replace("\x00", "")
    decomposed = unicodedata.normalize("NFKD", text.lower().translate(_LIGATURES))
    return "".join(character for character in decomposed if not unicodedata.combining(character)).replace("\x00", "")


def tokens(text: str) -> list[str]:
    """The words of a text as the search index knows them."""
    return _TOKEN.findall(normalise(text))


def prefix_query(text: str) -> str:
    """The text as a tsquery in which every word may be the beginning of one: safe for any input, '' for no words."""
    return " & ".join(f"{token}:*" for token in tokens(text))
