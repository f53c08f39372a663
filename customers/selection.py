"""Which customers somebody picked in the list: ticked rows, or all that match its address; carried signed."""

from __future__ import annotations

from dataclasses import dataclass

from django.core import signing

from crm_site.lib.accounts.models import User

SALT = "customers.selection"
# A selection that waited longer than a working day is made anew.
LIFETIME_SECONDS = 12 * 60 * 60


class BadSelection(Exception):
    """The selection was tampered with, is too old or somebody else's."""


class UnusableFilter(Exception):
    """The list left a filter out, so all of it is more than anybody meant."""


@dataclass(frozen=True, slots=True)
class Selection:
    """Rows of the customer list; without `keys` all that match `query`."""

    query: str
    keys: tuple[int, ...] | None = None
    # How many customers that was when its maker looked; None before anybody counted.
    expected: int | None = None

    def signed(self, user: User) -> str:
        """As text that only this person can hand back, and nobody can alter."""
        content = {"user": user.pk, "query": self.query, "keys": self.keys, "expected": self.expected}
        return signing.dumps(content, salt=SALT, compress=True)


def read_selection(text: str, user: User) -> Selection:
    """The selection that `signed` wrote. Raises BadSelection."""
    try:
        content = signing.loads(text, salt=SALT, max_age=LIFETIME_SECONDS)
    except signing.BadSignature as error:
        raise BadSelection from error
    if content["user"] != user.pk:
        raise BadSelection
    keys = content["keys"]
    return Selection(content["query"], None if keys is None else tuple(keys), content["expected"])
