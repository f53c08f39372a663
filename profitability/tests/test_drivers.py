import pytest
from django.core.exceptions import ValidationError
from django.utils import translation

from profitability import drivers
from profitability.drivers import Arises, Driver, DriverSource, driver_named, known_driver, register, sources_of
from profitability.sources import MOMENT_RECORDS, ORDER_RECORDS, ORDERS


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
