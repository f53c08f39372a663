"""Periods as people call them."""

import datetime as dt
from dataclasses import dataclass
from functools import lru_cache
from html import escape

from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language
from django.utils.translation import gettext as _

from crm_site.lib.formatting import month
from profitability.periods import LIFETIME, RECENT_CODE, Length, Period, period_before, periods_between, recent

MOST_MONTHS = 60


@dataclass(frozen=True, slots=True)
class PeriodChoice:
    """A period to choose."""

    code: str
    label: str
    chosen: bool


@dataclass(frozen=True, slots=True)
class PeriodChoices:
    """Periods of one length, under a heading."""

    label: str
    choices: tuple[PeriodChoice, ...]

    @property
    def options(self) -> SafeString:
        """As they stand in a select: written as text, since there are dozens."""
        return mark_safe("".join(map(_option, self.choices)))


def _option(one: PeriodChoice) -> str:
    return f'<option value="{escape(one.code)}"{" selected" if one.chosen else ""}>{escape(one.label)}</option>'


def period_name(period: Period) -> str:
    """The period in a heading or a sentence."""
    if period.since is None or period.until is None:
        return _("All months")
    match period.length:
        case Length.MONTH:
            return month(period.since)
        case Length.QUARTER:
            return _("Quarter %(quarter)s of %(year)s") % {
                "quarter": (period.since.month + 2) // 3,
                "year": f"{period.since:%Y}",
            }
        case Length.YEAR:
            return f"{period.since:%Y}"
    return _("Last 12 months") if period.code == RECENT_CODE else _("The 12 months before")


def period_choices(
    first: dt.date | None, last: dt.date | None, *, as_of: dt.date, chosen: Period
) -> tuple[PeriodChoices, ...]:
    """Every period with figures: everything, the last year, and years, quarters and months, the latest first."""
    return _period_choices(first, last, as_of, chosen, get_language())


@lru_cache(maxsize=500)
def _period_choices(
    first: dt.date | None, last: dt.date | None, as_of: dt.date, chosen: Period, _language: str | None
) -> tuple[PeriodChoices, ...]:
    year = recent(as_of)
    groups = [PeriodChoices(_("In all"), _choices([LIFETIME, year, period_before(year) or year], chosen))]
    if first and last:
        groups += [
            PeriodChoices(_("Years"), _choices(periods_between(first, last, Length.YEAR), chosen)),
            PeriodChoices(_("Quarters"), _choices(periods_between(first, last, Length.QUARTER), chosen)),
            PeriodChoices(_("Months"), _choices(periods_between(first, last, Length.MONTH)[:MOST_MONTHS], chosen)),
        ]
    return tuple(groups)


def _choices(periods: list[Period], chosen: Period) -> tuple[PeriodChoice, ...]:
    return tuple(PeriodChoice(one.code, period_name(one), one.code == chosen.code) for one in periods)
