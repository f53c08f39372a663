"""Contact moments, with what drivers count of them: how many there were, and their minutes, by channel and touchpoint.

They are read as they are and counted here: the database would have to ask of each one what every driver makes of it.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from django.conf import settings
from numpy.typing import NDArray

from crm_site.lib.bulk import BIGINT, INTEGER, Table, read_columns
from customers.models import ContactMoment
from customers.models.moment import Channel, Touchpoint
from profitability.models.figures import ANONYMOUS
from profitability.recompute.months import THOUSAND, Whole
from profitability.recompute.records import QUANTITY, People, Spool, lay_aside, parts_of
from profitability.sources import CONTACT_MINUTES, CONTACTS, contacts_at, minutes_at

# The minutes of a moment whose minutes nobody noted.
AS_USUAL = -1


@dataclass(frozen=True, kw_only=True)
class Touchpoints:
    """All touchpoints, by ascending number."""

    numbers: Whole
    channels: NDArray[np.str_]
    minutes: Whole  # thousandths: how long a moment usually lasts there

    @classmethod
    def now(cls) -> Self:
        """As they are (1 query)."""
        found = list(Touchpoint.objects.order_by("pk").values_list("pk", "channel", "standard_minutes"))
        return cls(
            numbers=np.array([number for number, _channel, _minutes in found], np.int64),
            channels=np.array([channel for _number, channel, _minutes in found], np.str_),
            minutes=np.array([int((minutes or 0) * THOUSAND) for _number, _channel, minutes in found], np.int64),
        )

    def counted(self) -> dict[str, tuple[bool, NDArray[np.bool_]]]:
        """For each driver whether it counts minutes, and at which touchpoints."""
        of_channels = {channel: self.channels == channel.value for channel in Channel}
        of_touchpoints = {number: self.numbers == number for number in self.numbers.tolist()}
        return {
            **{CONTACTS[channel].code: (False, at) for channel, at in of_channels.items()},
            **{CONTACT_MINUTES[channel].code: (True, at) for channel, at in of_channels.items()},
            **{contacts_at(number): (False, at) for number, at in of_touchpoints.items()},
            **{minutes_at(number): (True, at) for number, at in of_touchpoints.items()},
        }


@dataclass(frozen=True, kw_only=True)
class Moments:
    """Some contact moments, as readers ask for them."""

    touchpoints: Touchpoints
    drivers: tuple[str, ...]  # codes of those that moments yield
    where: str  # which of `customers_contactmoment m`

    @classmethod
    def everybodys(cls, drivers: Iterable[str]) -> list[Self]:
        """All moments, in parts that several readers share (2 queries)."""
        own, touchpoints = tuple(drivers), Touchpoints.now()
        return [
            cls(touchpoints=touchpoints, drivers=own, where=f"m.id BETWEEN {first:d} AND {last:d}")
            for first, last in parts_of(ContactMoment._meta.db_table)
        ]

    @classmethod
    def those(cls, where: str, drivers: Iterable[str]) -> Self:
        """The moments `m` for which something holds (1 query)."""
        return cls(touchpoints=Touchpoints.now(), drivers=tuple(drivers), where=where)

    def spool(self) -> Spool:
        """Where they are laid aside."""
        return Spool(["place", "day", *(QUANTITY + code for code in self.drivers)])

    def lay_aside(self, spool: Spool, people: People, *, as_of: int) -> int:
        """Read them up to the day `as_of` (days since 1970), by slice of customers; how many (1 query)."""
        return lay_aside(self.read(), spool, people, as_of=as_of)

    def read(self) -> Table:
        """Customer, day, and the thousandths of each driver (1 query)."""
        query = f"""
            SELECT coalesce(m.customer_id, {ANONYMOUS})::bigint AS customer,
                (m.occurred_at AT TIME ZONE '{settings.TIME_ZONE}')::date - DATE '1970-01-01' AS day,
                m.touchpoint_id, coalesce((m.minutes * {THOUSAND})::bigint, {AS_USUAL}) AS minutes
            FROM customers_contactmoment m WHERE {self.where}
        """
        columns = {"customer": BIGINT, "day": INTEGER, "touchpoint_id": BIGINT, "minutes": BIGINT}
        rows = read_columns(query, {}, columns)
        touchpoint = np.searchsorted(self.touchpoints.numbers, rows.pop("touchpoint_id"))
        noted = rows.pop("minutes")
        minutes = np.where(noted == AS_USUAL, self.touchpoints.minutes[touchpoint], noted)
        counted = self.touchpoints.counted()
        for code in self.drivers:
            of_minutes, at = counted[code]
            rows[QUANTITY + code] = np.where(at[touchpoint], minutes if of_minutes else THOUSAND, 0)
        return rows
