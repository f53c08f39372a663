"""Names as they are compared: without accents, case and the signs that people set between words as they like."""

from crm_site.lib.text import normalise

# Apostrophes, hyphens, full stops and commas of every kind: Jean-Paul is Jean Paul, O’Neil is O'Neil.
_BETWEEN = "'’‘`´-‐‑–.,"
_SPACES = str.maketrans(dict.fromkeys(_BETWEEN, " "))


def name_key(name: str) -> str:
    """A name as a file writes it, made comparable."""
    return " ".join(normalise(name).translate(_SPACES).split())


def words_in_sql(text: str) -> str:
    """The words of a normalised name in SQL, parted as `name_key` does; an empty array for none."""
    signs, spaces = _BETWEEN.replace("'", "''"), " " * len(_BETWEEN)
    plain = f"translate({text}, '{signs}', '{spaces}')"
    return rf"array_remove(regexp_split_to_array({plain}, '\s+'), '')"
