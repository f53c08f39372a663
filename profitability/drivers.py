"""Cost drivers: quantities that each customer's own records yield, registered by the apps that own the records.

A source says where its rows are and what one row is worth; the recompute sums the rows of all sources by
customer and month, and reads only the drivers that the current costing uses.
An app above registers its own in `AppConfig.ready`:

    VISITS = Driver("shop_visits", label=_("Visits to a shop"), unit=_("visits"), arises=Arises.FROM_RELATION)
    register(DriverSource(name="shop visits", rows="loyalty_visit v", customer="v.customer_id", day="v.day",
                          quantities={VISITS: "1"},
                          watches=(Watch(table="loyalty_visit", columns=("customer_id", "day")),)))

`watches` names every table that the rows come from, so that a change of them is noticed; where it is empty, each
recompute reads the records of everybody.

Where there is a driver for each row of a table, such as for each touchpoint, the app registers a family: a function
that answers the source as it is now.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from enum import Enum

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from profitability.changes import AnyWatch


class Arises(Enum):
    """What makes a driver's quantity grow: lifetime value counts it for each order, for each period, or never again."""

    FROM_ORDERS = "orders"
    FROM_RELATION = "relation"
    ONCE = "once"


@dataclass(frozen=True)
class Driver:
    """A quantity that costs are shared out by."""

    code: str  # stored with costings and runs: never renamed
    label: str | Promise
    unit: str | Promise
    arises: Arises


@dataclass(frozen=True, kw_only=True)
class DriverSource:
    """Records that yield drivers. The texts are SQL written by the app; nothing of a user ever enters them."""

    name: str
    rows: str  # after FROM: a table with an alias, joins, or a subquery
    customer: str  # the customer's id, or NULL for a sale without customer
    day: str  # a date: the company's calendar day
    quantities: Mapping[Driver, str]  # what one row adds to each driver; NULL adds nothing, and is reckoned fastest
    watches: tuple[AnyWatch, ...] = ()

    def drivers_among(self, codes: Iterable[str]) -> dict[str, str]:
        """The quantities of this source that a costing uses, by code."""
        wanted = set(codes)
        return {driver.code: sql for driver, sql in self.quantities.items() if driver.code in wanted}


@dataclass(frozen=True, kw_only=True)
class DirectCostSource:
    """Records that cost money for one customer by themselves: acquisition, compensation, gifts, rewards."""

    name: str
    rows: str
    customer: str
    day: str
    cents: str  # what one row costs, in whole cents
    watches: tuple[AnyWatch, ...] = ()


_sources: dict[str, DriverSource] = {}
_families: dict[str, Callable[[], DriverSource]] = {}
_direct_costs: dict[str, DirectCostSource] = {}
_drivers: dict[str, Driver] = {}


def register(source: DriverSource) -> None:
    """Make the drivers of a source known; a driver belongs to one source."""
    for driver in source.quantities:
        if driver.code in _drivers and driver.code not in {known.code for known in _quantities(source.name)}:
            raise ValueError(f"Two sources yield the driver {driver.code}.")
        _drivers[driver.code] = driver
    _sources[source.name] = source


def register_family(name: str, source: Callable[[], DriverSource]) -> None:
    """Make known drivers that come and go with the rows of a table; no code of theirs is ever given twice."""
    _families[name] = source


def register_direct_cost(source: DirectCostSource) -> None:
    """Make a kind of direct customer cost known."""
    _direct_costs[source.name] = source


def _quantities(name: str) -> Iterable[Driver]:
    return _sources[name].quantities if name in _sources else ()


def _of_families() -> list[DriverSource]:
    return [source() for source in _families.values()]


def all_drivers() -> list[Driver]:
    """Every driver that costings may use, in the order of registration, families last."""
    return [*_drivers.values(), *(driver for source in _of_families() for driver in source.quantities)]


def _find(code: str) -> Driver | None:
    """Families are asked only for what nobody else knows."""
    if code in _drivers:
        return _drivers[code]
    return next((driver for source in _of_families() for driver in source.quantities if driver.code == code), None)


def driver_named(code: str) -> Driver:
    """The driver with this code; one whose app is gone is shown by its code."""
    return _find(code) or Driver(code, code, "", Arises.FROM_RELATION)


def is_known(code: str) -> bool:
    """Whether any records yield the driver."""
    return _find(code) is not None


def sources_of(codes: Iterable[str]) -> list[DriverSource]:
    """The sources that yield any of these drivers."""
    wanted = set(codes)
    families = _of_families() if wanted - _drivers.keys() else []
    return [source for source in (*_sources.values(), *families) if source.drivers_among(wanted)]


def direct_cost_sources() -> list[DirectCostSource]:
    return list(_direct_costs.values())


def watches() -> list[AnyWatch]:
    """Every table that the records of all sources come from, those of families included."""
    sources: tuple[DriverSource | DirectCostSource, ...] = (*_sources.values(), *_direct_costs.values())
    return [watch for source in sources for watch in source.watches]


def driver_choices() -> list[tuple[str, str | Promise]]:
    """For forms."""
    return [(driver.code, driver.label) for driver in all_drivers()]


def known_driver(code: str) -> None:
    """Refuse a driver that no records yield."""
    if not is_known(code):
        raise ValidationError(
            _("No records yield the driver “%(code)s”."), params={"code": code}, code="unknown_driver"
        )
