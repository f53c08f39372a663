"""What keeps lists as somebody left them, and what a saved query is."""

from __future__ import annotations

from urllib.parse import urlencode

from django.db import IntegrityError, transaction
from django.http import QueryDict

from crm_site.lib.accounts.models import User
from crm_site.lib.conditions.grammar import SAFE_IN_ADDRESS
from customers.models import SavedView

# What tells where one stands in a list, and not which list it is.
NOT_KEPT = frozenset({"view", "after", "format"})


class NameTaken(Exception):
    """The owner already has a view of this name for this list."""


def kept_query(query: str) -> str:
    """The filters, order and columns of an address in a fixed order, so that equal lists have equal texts."""
    lists = QueryDict(query).lists()
    pairs = [(name, value) for name, values in lists if name not in NOT_KEPT for value in values if value]
    return urlencode(sorted(pairs), safe=SAFE_IN_ADDRESS)


def save_view(*, owner: User, list_name: str, name: str, query: str, shared: bool = False) -> SavedView:
    """A new view of a list, shared with the owner's team when wanted. Raises NameTaken."""
    view = SavedView(owner=owner, list_name=list_name, name=name, query=kept_query(query))
    return _saved(view, shared=shared)


def change_view(*, view: SavedView, name: str, shared: bool, pinned: bool) -> SavedView:
    """Rename, share or pin a view. Raises NameTaken."""
    view.name, view.is_pinned = name, pinned
    return _saved(view, shared=shared)


def replace_query(*, view: SavedView, query: str) -> SavedView:
    """Let a view show the list as it is now."""
    view.query = kept_query(query)
    view.save(update_fields=["query"])
    return view


def _saved(view: SavedView, *, shared: bool) -> SavedView:
    view.team = view.owner.team if shared else None
    try:
        with transaction.atomic():
            view.save()
    except IntegrityError as error:
        raise NameTaken(view.name) from error
    return view
