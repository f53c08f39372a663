"""Which records of a customer stand behind what an activity charged, and how much of them there was."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.text import capfirst

from crm_site.lib.formatting import labelled, number
from profitability.drivers import driver_named

# How the codes of drivers begin whose quantities come from contact moments.
CONTACT_DRIVERS = ("contacts_", "minutes_")
_TOUCHPOINT = "at_"


def follows_contacts(drivers: Sequence[str]) -> bool:
    """Whether an activity follows contact moments, rather than orders alone."""
    return any(code.startswith(CONTACT_DRIVERS) for code in drivers)


def moments_asked(drivers: Sequence[str]) -> dict[str, str]:
    """How a customer's contact moments are narrowed to those that these drivers count; empty where that is not told."""
    met = {code.removeprefix(start) for code in drivers for start in CONTACT_DRIVERS if code.startswith(start)}
    touchpoints = sorted(name.removeprefix(_TOUCHPOINT) for name in met if name.startswith(_TOUCHPOINT))
    channels = sorted(name for name in met if not name.startswith(_TOUCHPOINT))
    if channels and not touchpoints:
        return {"channel": ",".join(channels)}
    return {"touchpoint": touchpoints[0]} if len(touchpoints) == 1 and not channels else {}


def moments_url(
    customer_id: int, drivers: Sequence[str], since: dt.date | None = None, until: dt.date | None = None
) -> str:
    """The contact moments of a customer that these drivers count, of some days or of all."""
    days = {"since": since and since.isoformat(), "until": until and until.isoformat()}
    asked = moments_asked(drivers) | {name: day for name, day in days.items() if day}
    return reverse("moments", args=[customer_id]) + (f"?{urlencode(asked)}" if asked else "")


def quantities_in_words(drivers: Sequence[str], quantities: Mapping[str, float]) -> str:
    """How much of these drivers there was, those of one unit together: "Contact moments: 14 · Minutes: 731"."""
    counted: dict[str, float] = {}
    for code in drivers:
        unit = str(driver_named(code).unit)
        counted[unit] = counted.get(unit, 0.0) + quantities.get(code, 0.0)
    return " · ".join(
        labelled(capfirst(unit), _short(quantity)) for unit, quantity in counted.items() if unit and quantity
    )


def _short(quantity: float) -> str:
    return number(quantity, digits=0 if quantity == int(quantity) else 1)
