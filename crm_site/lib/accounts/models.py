from typing import Any

from django.conf import settings
from django.contrib.auth.models import AbstractUser
from django.db import models
from django.utils.translation import gettext_lazy as _


class Team(models.Model):
    """People who share their customers: whoever may see the team's customers sees those of every colleague in it."""

    name = models.CharField(
        _("name"), max_length=80, unique=True, error_messages={"unique": _("There is already a team of this name.")}
    )

    class Meta:
        verbose_name = _("team")
        verbose_name_plural = _("teams")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class User(AbstractUser):
    """A person of the company who signs in. Customers never have one: they use links sent to them."""

    email = models.EmailField(_("e-mail address"), unique=True)
    team = models.ForeignKey(
        Team, models.SET_NULL, null=True, blank=True, related_name="people", verbose_name=_("team")
    )
    language = models.CharField(
        _("language"),
        max_length=7,
        choices=settings.LANGUAGES,
        blank=True,
        help_text=_("Of pages, reminders and the calendar; empty for the company's."),
    )

    class Meta(AbstractUser.Meta):
        swappable = "AUTH_USER_MODEL"

    def __str__(self) -> str:
        return self.get_full_name() or self.username

    @property
    def reading_language(self) -> str:
        """The code of the language in which to write to this person."""
        return self.language or settings.LANGUAGE_CODE

    def has_perm(self, perm: str, obj: Any = None) -> bool:
        """As Django says; rights that were read already are not asked for through every way of signing in again."""
        rights = self.__dict__.get("_perm_cache")
        if rights is None or obj is not None or self.is_superuser or not self.is_active:
            return super().has_perm(perm, obj)
        return perm in rights


def people_to_choose(*, present: int | None = None) -> models.QuerySet[User]:
    """Who can be made responsible for something, by name: who works here, and who is responsible at present.

    Without the latter, saving the form of something whose owner has left would silently leave it to nobody.
    """
    offered = User.objects.filter(models.Q(is_active=True) | models.Q(pk=present))
    return offered.order_by("first_name", "last_name", "username")
