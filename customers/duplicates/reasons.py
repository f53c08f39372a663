"""Why two customers look like one, in words."""

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from customers.duplicates import likeness

REASONS: dict[str, Promise] = {
    likeness.SAME_NAME: _("Same name"),
    likeness.ALIKE_NAME: _("Names nearly the same"),
    likeness.SHORT_NAME: _("One name is the short form of the other"),
    likeness.RELATED_NAME: _("Names alike"),
    likeness.SAME_EMAIL: _("Same e-mail address"),
    likeness.SAME_PHONE: _("Same phone"),
    likeness.SAME_ADDRESS: _("Same address"),
    likeness.SAME_POSTAL_CODE: _("Same postal code"),
    likeness.SAME_TOWN: _("Same town"),
    likeness.SAME_BIRTH_DATE: _("Same date of birth"),
}


def in_words(codes: list[str]) -> list[str]:
    """The reasons as people read them; a code of an older version is left out."""
    return [str(REASONS[code]) for code in codes if code in REASONS]
