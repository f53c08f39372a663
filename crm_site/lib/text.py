"""Text as people search and sort it: without accents, case or punctuation."""

import re
import unicodedata

# NFKD takes accents off letters but leaves these, which French and German readers expect as two letters.
_LIGATURES = str.maketrans({"œ": "oe", "æ": "ae", "ß": "ss", "ø": "o", "ł": "l", "đ": "d"})
_TOKEN = re.compile(r"[a-z0-9]+")
# Chinese and Japanese run on without spaces: each character is a word, so that a name is found by any part of it.
_CHARACTER = re.compile(r"([\u3005-\u3007\u3040-\u30ff\u3400-\u9fff\U00020000-\U0003ffff])")


def normalise(text: str) -> str:
    """Without case, accents and ligatures: «Œuvre d'Étienne» becomes «oeuvre d'etienne», «ΣΟΦΌΣ» «σοφοσ»."""
    if text.isascii():
        return text.lower().replace("\x00", "")
    decomposed = unicodedata.normalize("NFKD", text.lower().translate(_LIGATURES).casefold())
    return "".join(character for character in decomposed if not unicodedata.combining(character)).replace("\x00", "")


def tokens(text: str) -> list[str]:
    """The words of a text as the search index knows them: letters and digits of any script."""
    plain = normalise(text)
    if plain.isascii():
        return _TOKEN.findall(plain)
    spaced = _CHARACTER.sub(r" \1 ", plain)
    return "".join(character if _belongs_to_a_word(character) else " " for character in spaced).split()


def _belongs_to_a_word(character: str) -> bool:
    """Letters and digits; and marks, by which Indian scripts write vowels."""
    return character.isalnum() or unicodedata.category(character).startswith("M")


def prefix_query(text: str) -> str:
    """The text as a tsquery in which every word may be the beginning of one: safe for any input, '' for no words."""
    return " & ".join(f"{token}:*" for token in tokens(text))
