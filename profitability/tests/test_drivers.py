import datetime as dt
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from customers.models import Touchpoint
from customers.tests.factories import CompanyFactory, CustomerFactory, TouchpointFactory
from profitability import drivers
from profitability.drivers import Arises, Driver, DriverSource, driver_named, known_driver, register, sources_of
from profitability.sources import MOMENT_RECORDS, ORDER_RECORDS, ORDERS
from profitability.tests.shop import JUNE, bought, called, card, current_costing, pool, recomputed, shared_out, timed

DAY = dt.date(2026, 6, 15)

pytestmark = pytest.mark.django_db


def test_sources_are_found_by_the_drivers_that_a_costing_uses() -> None:
    assert sources_of(["orders"]) == [ORDER_RECORDS]
    assert sources_of(["minutes_phone", "returns"]) == [ORDER_RECORDS, MOMENT_RECORDS]
    assert sources_of([]) == []


def test_a_source_is_asked_only_for_the_drivers_in_use() -> None:
    assert list(ORDER_RECORDS.drivers_among(["orders", "contacts_phone"])) == ["orders"]


def test_every_driver_has_a_label_in_both_languages() -> None:
    with translation.override("fr"):
        french = {driver.code: str(driver.label) for driver in drivers.all_drivers()}
    with translation.override("en"):
        same = [driver.code for driver in drivers.all_drivers() if str(driver.label) == french[driver.code]]
    assert same == []


def test_a_driver_belongs_to_one_source() -> None:
    other = DriverSource(name="elsewhere", rows="x", customer="x.c", day="x.d", quantities={ORDERS: "1"})
    with pytest.raises(ValueError, match="Two sources yield the driver orders"):
        register(other)


def test_registering_a_source_again_changes_nothing() -> None:
    before = drivers.all_drivers()
    register(ORDER_RECORDS)
    assert drivers.all_drivers() == before


def test_a_driver_whose_app_is_gone_is_shown_by_its_code() -> None:
    assert driver_named("rewards") == Driver("rewards", "rewards", "", Arises.FROM_RELATION)


def test_a_driver_that_no_records_yield_is_refused() -> None:
    known_driver("orders")
    with pytest.raises(ValidationError, match="No records yield the driver “rewards”"):
        known_driver("rewards")


# --- Touchpoints, and drivers of apps above ---------------------------------------------------------------------------


def test_each_touchpoint_has_contact_moments_and_minutes_of_its_own() -> None:
    CompanyFactory()
    ada, bob = CustomerFactory(), CustomerFactory()
    called(ada, DAY, minutes=6)
    called(bob, DAY, minutes=None)
    adas, bobs = Touchpoint.objects.order_by("id")
    costing = current_costing()
    desk = pool(costing, "Desk", {JUNE: "100.00"}, practical_capacity_minutes=100)
    timed(costing, desk, **{f"minutes_at_{adas.pk}": "1", f"contacts_at_{bobs.pk}": "3"})
    recomputed()
    assert (card(ada).cost_to_serve, card(bob).cost_to_serve) == (Decimal(6), Decimal(3))


def test_drivers_of_touchpoints_are_named_in_the_readers_language() -> None:
    desk = TouchpointFactory(name="Help desk", name_fr="Guichet")
    with translation.override("en"):
        assert str(driver_named(f"minutes_at_{desk.pk}").label) == "Contact minutes at: Help desk"
    with translation.override("fr"):
        assert "Guichet" in str(driver_named(f"minutes_at_{desk.pk}").label)


def test_an_app_above_shares_costs_out_by_a_driver_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drivers, "_sources", dict(drivers._sources))
    monkeypatch.setattr(drivers, "_drivers", dict(drivers._drivers))
    candles = Driver("candles", "Candles on the cake", "candles", Arises.FROM_RELATION)
    rows = "(SELECT id, 3 AS number FROM customers_customer WHERE name = 'Ada') c"
    register(
        DriverSource(
            name="cakes", rows=rows, customer="c.id", day="DATE '2026-06-11'", quantities={candles: "c.number"}
        )
    )
    CompanyFactory()
    ada, bob = CustomerFactory(name="Ada"), CustomerFactory(name="Bob")
    bought(bob, DAY)
    costing = current_costing()
    shared_out(costing, pool(costing, "Bakery", {JUNE: "9.00"}), "candles")
    recomputed()
    assert (card(ada).cost_to_serve, card(bob).cost_to_serve) == (Decimal(9), Decimal(0))
