"""Addresses that are read outside of a page: in e-mails that no request leads to."""

from django.conf import settings


def public_address(path: str) -> str:
    """A path of this installation as a whole address; nothing while nobody said under which address it is reached."""
    return f"{settings.PUBLIC_URL}{path}" if settings.PUBLIC_URL else ""
