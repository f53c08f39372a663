"""One sentence at the head of a customer's file: what needs the reader."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _

from crm_site.lib import formatting
from customers.models import Customer
from customers.need_reports import Needs
from customers.permissions import ADD_MOMENT, WRITE_MESSAGE
from customers.today_reports import SILENCE


@dataclass(frozen=True, slots=True)
class Clause:
    """One thing that waits, as a part of a sentence, and where it is seen to."""

    text: str  # without a capital letter in front
    url: str = ""


def sentence(needs: Needs, customer: Customer, user: AbstractUser | AnonymousUser, *, today: dt.date) -> SafeString:
    """What needs the reader, each part a link; empty when nothing does."""
    clauses = list(_clauses(needs, customer, user, today))
    if not clauses:
        return SafeString("")
    first = Clause(clauses[0].text[:1].upper() + clauses[0].text[1:], clauses[0].url)
    drawn = [_drawn(clause) for clause in (first, *clauses[1:])]
    # The words between the parts come from the locale; each part was escaped on its own.
    return mark_safe(formatting.listed(drawn) + ".")


def _drawn(clause: Clause) -> SafeString:
    return format_html('<a href="{}">{}</a>', clause.url, clause.text) if clause.url else format_html("{}", clause.text)


def _clauses(needs: Needs, customer: Customer, user: AbstractUser | AnonymousUser, today: dt.date) -> Iterator[Clause]:
    moments = customer.get_absolute_url() + "#moments"
    if needs.overdue:
        task = {"task": needs.overdue.title, "day": formatting.day(needs.overdue.due_on)}
        yield Clause(_("the task “%(task)s” was due on %(day)s") % task, needs.overdue.get_absolute_url())
    if needs.waiting_since:
        day = formatting.day(timezone.localdate(needs.waiting_since))
        yield Clause(_("a message of %(day)s waits for a reply") % {"day": day}, moments)
    if needs.unhappy_at:
        day = formatting.day(timezone.localdate(needs.unhappy_at))
        yield Clause(_("this customer was unhappy on %(day)s") % {"day": day}, moments)
    if needs.birthday:
        url = reverse("message-write", args=[customer.pk]) if user.has_perm(WRITE_MESSAGE) else ""
        yield Clause(_birthday(needs.birthday, today), url)
    if needs.silent_since:
        silence = {"day": formatting.day(needs.silent_since), "days": formatting.number(SILENCE.days)}
        url = reverse("moment-create", args=[customer.pk]) if user.has_perm(ADD_MOMENT) else ""
        words = _("this good customer has not ordered since %(day)s, nor spoken with us for %(days)s days")
        yield Clause(words % silence, url)


def _birthday(day: dt.date, today: dt.date) -> str:
    if day == today:
        return _("it is their birthday today")
    if (day - today).days == 1:
        return _("it is their birthday tomorrow")
    return _("it is their birthday on %(day)s") % {"day": formatting.day(day)}
