"""Text as people search and sort it."""

import pytest

from crm_site.lib.text import normalise, prefix_query, tokens


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Œuvre d'Étienne-Noël, 3 bis", ["oeuvre", "d", "etienne", "noel", "3", "bis"]),
        ("STRASSE straße", ["strasse", "strasse"]),
        ("Παπαδόπουλος ΣΟΦΟΣ", ["παπαδοπουλοσ", "σοφοσ"]),
        ("Иванов-Алёшин", ["иванов", "алешин"]),
        ("محمد علي", ["محمد", "علي"]),
        ("山田太郎 Co.", ["山", "田", "太", "郎", "co"]),
        ("タナカ", ["タ", "ナ", "カ"]),
        ("हिन्दी", ["हिनदी"]),
        ("a_b|c & !d:* 'e'\x00", ["a", "b", "c", "d", "e"]),
        ("— … ¿?", []),
    ],
)
def test_words_of_any_script_are_kept_and_nothing_else(text: str, words: list[str]) -> None:
    assert tokens(text) == words


def test_korean_syllables_are_found_by_their_first_letters() -> None:
    assert tokens("김민수")[0].startswith(tokens("김미")[0])


@pytest.mark.parametrize(("one", "other"), [("ΣΟΦΌΣ", "σοφος"), ("ЁЛКА", "елка"), ("ＡＢＣ", "abc"), ("Ǆ", "dz")])
def test_case_accents_and_width_do_not_matter(one: str, other: str) -> None:
    assert normalise(one) == normalise(other)


def test_a_query_asks_for_beginnings_of_words() -> None:
    assert prefix_query("Иван 山田") == "иван:* & 山:* & 田:*"
    assert prefix_query("&|!") == ""
