"""Countries in the reader's language."""

from django.utils import translation

from crm_site.lib.countries import country_name


def test_a_country_is_called_as_its_reader_calls_it() -> None:
    assert country_name("United States") == "United States"
    with translation.override("fr"):
        assert country_name("United States") == "États-Unis"


def test_what_is_no_country_stands_as_it_was_written() -> None:
    with translation.override("fr"):
        assert (country_name("Atlantis"), country_name("")) == ("Atlantis", "")
