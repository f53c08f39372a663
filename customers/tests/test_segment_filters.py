"""Filters of a segment: changed in the same form as those of the list, and never more than somebody meant."""

from typing import Any

import pytest
from django.test import Client

from customers.models import Run, Segment, SegmentFigures
from customers.tests.conftest import READING
from customers.tests.factories import CustomerFactory, CustomFieldFactory, SegmentFactory
from customers.tests.test_advanced_filter import URL, sent, signed_in
from customers.tests.test_customer_list import names

pytestmark = pytest.mark.django_db
SEGMENTS = tuple(f"customers.{verb}_segment" for verb in ("view", "add", "change"))


def test_to_belong_to_a_segment_is_a_condition_of_the_list_and_of_no_segment(
    client: Client, three_customers: Any
) -> None:
    user = signed_in(client, *READING, *SEGMENTS)
    fixed, lyon = SegmentFactory(owner=user, kind="static", query=""), SegmentFactory(query="where=city:is:Lyon")
    fixed.members.add(three_customers["Loss"])
    assert names(client.get(URL, {"where": f"segment:in:{lyon.pk};segment:not:{fixed.pk}"})) == ["Gain"]
    asked = {"name": "Of others", "kind": "dynamic", "owner": user.pk, "filters": f"where=segment:is:{lyon.pk}"}
    assert client.post("/segments/new/", asked).status_code == 422
    assert client.post("/segments/new/", asked | {"kind": "static"}).status_code == 302
    assert Segment.objects.get(name="Of others").members.count() == 2
    lyon.query = f"where=segment:is:{lyon.pk}"
    lyon.save()
    assert names(client.get(URL, {"segment": lyon.pk})) == []


def test_simple_filters_of_a_segment_are_changed_in_the_same_form(
    client: Client, three_customers: Any, run: Run
) -> None:
    user = signed_in(client, *READING, *SEGMENTS)
    segment = SegmentFactory(owner=user, query="country=France&profit_max=0&where=city:is:Lyon")
    page: Any = client.get(f"/segments/{segment.pk}/filters/")
    rows = page.context["builder"].groups[0].rows
    assert [(row.field_name, row.operator, row.typed) for row in rows] == [
        ("country", "is", ("France",)),
        ("profit", "most", ("0",)),
        ("city", "is", ("Lyon",)),
    ]
    asked = sent(("country", "is", "France"), ("profit", "least", "1"), do="apply")
    asked |= {"query": page.context["query"]}
    assert client.post(f"/segments/{segment.pk}/filters/", asked)["Location"] == f"/segments/{segment.pk}/"
    segment.refresh_from_db()
    assert segment.query == "where=country:is:France;profit:least:1"
    assert names(client.get(URL, {"segment": segment.pk})) == ["Gain"]
    assert SegmentFigures.objects.get(segment=segment, run=run).customers == 1


def test_alternatives_have_no_room_for_simple_filters_which_stay(client: Client, three_customers: Any) -> None:
    user = signed_in(client, *READING, *SEGMENTS)
    either = "either(all(city:is:Lyon);all(city:is:Gap))"
    segment = SegmentFactory(owner=user, query=f"country=France&where={either}")
    page: Any = client.get(f"/segments/{segment.pk}/filters/")
    assert page.context["conditions"] == [("Country", "France")]
    asked = sent(("city", "is", "Gap"), do="apply", query=page.context["query"])
    client.post(f"/segments/{segment.pk}/filters/", asked)
    assert Segment.objects.get().query == "country=France&where=city:is:Gap"


def test_whoever_comes_second_is_told_and_loses_nothing(client: Client, three_customers: Any) -> None:
    user = signed_in(client, *READING, *SEGMENTS)
    segment = SegmentFactory(owner=user)
    opened: Any = client.get(f"/segments/{segment.pk}/filters/")
    Segment.objects.update(query="where=city:is:Metz")
    asked = sent(("city", "is", "Gap"), do="apply", query=opened.context["query"])
    page: Any = client.post(f"/segments/{segment.pk}/filters/", asked)
    assert (page.status_code, Segment.objects.get().query) == (409, "where=city:is:Metz")
    assert page.context["builder"].groups[0].rows[0].typed == ("Gap",)
    client.post(f"/segments/{segment.pk}/filters/", asked | {"query": page.context["query"]})
    assert Segment.objects.get().query == "where=city:is:Gap"


def test_a_segment_keeps_at_least_one_condition(client: Client, three_customers: Any) -> None:
    user = signed_in(client, *READING, *SEGMENTS)
    segment = SegmentFactory(owner=user)
    opened: Any = client.get(f"/segments/{segment.pk}/filters/")
    page = client.post(f"/segments/{segment.pk}/filters/", sent(do="apply", query=opened.context["query"]))
    assert (page.status_code, Segment.objects.get().query) == (422, "country=France")
    assert "at least one condition" in page.content.decode()


def test_the_filters_of_a_fixed_or_foreign_segment_are_not_changed(client: Client, three_customers: Any) -> None:
    user = signed_in(client, "customers.view_customer", *SEGMENTS)
    fixed, foreign = SegmentFactory(owner=user, kind="static", query=""), SegmentFactory()
    for segment in (fixed, foreign):
        assert client.post(f"/segments/{segment.pk}/filters/", sent(do="apply")).status_code == 404


def test_a_segment_of_a_field_that_was_removed_is_empty_rather_than_full(client: Client, run: Run) -> None:
    user = signed_in(client, *READING, *SEGMENTS)
    field = CustomFieldFactory(code="tier")
    member = CustomerFactory(custom={"tier": "Gold"})
    segment = SegmentFactory(owner=user, query="where=custom_tier:is:gold")
    assert names(client.get(URL, {"segment": segment.pk})) == [str(member)]
    field.delete()
    assert names(client.get(URL, {"segment": segment.pk})) == []
    assert "no longer usable" in client.get(f"/segments/{segment.pk}/").content.decode()
    assert "cannot be used" in client.get(f"/segments/{segment.pk}/filters/").content.decode()
