"""Text as people search and sort it: without accents, case or punctuation."""

import re
import unicodedata
from collections.abc import Callable

# NFKD takes accents off letters but leaves these, which French and German readers expect as two letters.
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "đ": "d"})
# Chinese and Japanese run on without spaces: each character is a word, so that a name is found by any part of it.
_CHARACTER = re.compile(r"[\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff]")


class _Remembered(dict[int, str]):
    """What each character becomes, found out when it first comes: a table for `str.translate`."""

    MOST = 20_000

    def __init__(self, become: Callable[[str], str]) -> None:
        super().__init__()
        self._become = become

    def __missing__(self, code: int) -> str:
        if len(self) >= self.MOST:
            self.clear()
        self[code] = became = self._become(chr(code))
        return became


def _folded(character: str) -> str:
    decomposed = unicodedata.normalize("NFKD", character.lower().translate(_LIGATURES).casefold())
    return "".join(c for c in decomposed if not unicodedata.combining(c)).replace("\x00", "")


def _words_of(character: str) -> str:
    """What a character is within words, with spaces where they end."""
    return "".join(
        " " if not _belongs_to_a_word(c) else f" {c} " if _CHARACTER.match(c) else c for c in _folded(character)
    )


def _belongs_to_a_word(character: str) -> bool:
    """Letters and digits; and marks, by which Indian scripts write vowels."""
    return character.isalnum() or unicodedata.category(character).startswith("M")


_FOLDED = _Remembered(_folded)
_WORDS = _Remembered(_words_of)


def normalise(text: str) -> str:
    """Without case, accents and ligatures: «Œuvre d'Étienne» becomes «oeuvre d'etienne», «ΣΟΦΌΣ» «σοφοσ»."""
    if text.isascii():
        return text.lower().replace("\x00", "")
    return text.translate(_FOLDED)


def tokens(text: str) -> list[str]:
    """The words of a text as the search index knows them: letters and digits of any script."""
    return text.translate(_WORDS).split()


def prefix_query(text: str) -> str:
    """The text as a tsquery in which every word may be the beginning of one: safe for any input, '' for no words."""
    return " & ".join(f"{token}:*" for token in tokens(text))
