"""Which encoding bytes are in that are not UTF-8: told when the bytes tell it, asked for when they do not."""

import re

from charset_normalizer import from_bytes

CANDIDATES = ["cp1252", "iso8859_15", "cp1250", "cp1251", "cp1253", "cp1254", "mac_roman", "cp850"]
_MOST_CHAOS = 0.15
# What Western texts do not contain: other signs than theirs, a capital behind a small letter, three accented letters in
# a row, a sign between letters.
# One-byte encodings turn each other's letters into just that.
_NOT_WESTERN = re.compile(
    r"[^\x00-\x7fÀ-ÖØ-öø-ÿŒœŸŠšŽž€£§°«»’‘“”–—…\xa0\xadªº²³µ·¿¡®©™]"
    r"|[a-zà-öø-ÿœšž][À-ÖØ-ÞŒŠŽŸ]"
    r"|[À-ÖØ-öø-ÿŒœŸŠšŽž]{3}"
    r"|(?<=[^\W\d_])[€£§°«»²³¿¡®©™](?=[^\W\d_])"
)


def guess(sample: bytes) -> str:
    """The encoding of a sample, empty when several would do and give different texts."""
    try:
        if not _NOT_WESTERN.search(sample.decode("cp1252")):
            return "cp1252"
    except UnicodeDecodeError:
        pass
    matches = [match for match in from_bytes(sample, cp_isolation=CANDIDATES) if match.chaos < _MOST_CHAOS]
    if not matches:
        return ""
    best, *others = matches
    rivals = [match for match in others if match.coherence >= best.coherence and str(match) != str(best)]
    return str(best.encoding) if best.coherence and not rivals else ""
