"""The quicker editions of `url` and `translate` say what Django's say."""

import pytest
from django import urls
from django.template import Context, engines
from django.test import override_settings
from django.urls import NoReverseMatch
from django.utils import translation

from crm_site.lib.addresses import reverse


def rendered(text: str, **context: object) -> str:
    return engines["django"].from_string("{% load i18n %}" + text).template.render(Context(context))  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("name", "keys"), [("orders", []), ("customer", [7]), ("customer-merge", [7, 123]), ("today-list", ["incomplete"])]
)
def test_an_address_is_that_of_django(name: str, keys: list[object]) -> None:
    assert reverse(name, keys) == urls.reverse(name, args=keys)
    assert reverse(name, args=keys) == urls.reverse(name, args=keys)


@pytest.mark.parametrize(
    ("name", "keys"), [("no-such-page", []), ("orders", [1]), ("customer", []), ("customer", [-1])]
)
def test_what_is_no_address_is_refused_as_django_does(name: str, keys: list[int]) -> None:
    with pytest.raises(NoReverseMatch):
        reverse(name, keys)


def test_another_site_map_has_addresses_of_its_own() -> None:
    assert reverse("customer", [7]) == "/customers/7/"
    with override_settings(ROOT_URLCONF="django.contrib.auth.urls"):
        assert reverse("login") == "/login/"
        with pytest.raises(NoReverseMatch):
            reverse("customer", [7])


def test_addresses_in_templates() -> None:
    assert rendered('{% url "customer" key %}', key=7) == "/customers/7/"
    assert rendered('{% url "customer" pk=key %}', key=7) == "/customers/7/"
    assert rendered('{% url "admin:index" %}') == "/admin/"
    assert rendered('{% url "nowhere" as there %}[{{ there }}]') == "[]"
    assert rendered("{% url name as there %}{{ there }}", name="orders") == "/orders/"
    with pytest.raises(NoReverseMatch):
        rendered('{% url "nowhere" %}')


def test_words_follow_the_language_of_each_reader() -> None:
    source = '{% translate "Customers" %} {% translate "Orders" as orders %}{{ orders }} {% translate word %}'
    template = engines["django"].from_string("{% load i18n %}" + source)
    with translation.override("en"):
        assert template.render({"word": "Tasks"}) == "Customers Orders Tasks"
    with translation.override("fr"):
        assert template.render({"word": "Tasks"}) == "Clients Commandes Tâches"
    with translation.override("en"):
        assert template.render({"word": "Home"}) == "Customers Orders Home"


def test_words_are_told_apart_by_their_context() -> None:
    with translation.override("fr"):
        assert rendered('{% translate "close" context "the palette" %}') == translation.pgettext("the palette", "close")
