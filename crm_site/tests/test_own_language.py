"""The language of a person: chosen once, followed wherever they are spoken to."""

import pytest
from django.test import Client

from crm_site.lib.accounts.models import User
from customers.tests.factories import UserFactory

pytestmark = pytest.mark.django_db
SWITCH = "/i18n/setlang/"


def language_of_page(client: Client) -> str:
    page = client.get("/", headers={"accept-language": "en"}, follow=True).content.decode()
    return page.split('<html lang="', 1)[1][:2]


def test_a_language_chosen_in_one_browser_is_spoken_in_another() -> None:
    person = UserFactory()
    here, elsewhere = Client(), Client()
    here.force_login(person)
    elsewhere.force_login(person)
    assert language_of_page(elsewhere) == "en"
    here.post(SWITCH, {"language": "fr", "next": "/"})
    assert language_of_page(here) == language_of_page(elsewhere) == "fr"


def test_a_browser_that_was_told_a_language_keeps_it() -> None:
    person = UserFactory(language="fr")
    browser = Client()
    browser.force_login(person)
    browser.cookies["django_language"] = "en"
    assert language_of_page(browser) == "en"


def test_a_visitor_chooses_for_this_browser_alone() -> None:
    visitor = Client()
    visitor.post(SWITCH, {"language": "fr", "next": "/"})
    assert language_of_page(visitor) == "fr"
    assert not User.objects.exclude(language="").exists()


@pytest.mark.parametrize("language", ["", "de", "fr'; --", None])
def test_what_is_not_a_language_of_the_interface_is_not_kept(language: str | None) -> None:
    person = UserFactory(language="fr")
    browser = Client()
    browser.force_login(person)
    browser.post(SWITCH, {"language": language} if language is not None else {})
    person.refresh_from_db()
    assert person.language == "fr"
