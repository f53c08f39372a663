"""Names that companies give to their own things, in both languages of the interface."""

from django.db import models
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _


class BilingualName(models.Model):
    """A thing with a name in English and, where it differs, in French; shown in the reader's language."""

    name = models.CharField(_("name"), max_length=120)
    name_fr = models.CharField(_("name in French"), max_length=120, blank=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.label

    @property
    def label(self) -> str:
        return in_readers_language(self.name, self.name_fr)


def in_readers_language(name: str, name_fr: str) -> str:
    """The French name for readers of French where there is one, else the name."""
    french = (get_language() or "").startswith("fr")
    return (name_fr if french else "") or name
