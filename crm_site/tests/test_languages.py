from pathlib import Path

from django.conf import settings
from django.utils import translation
from django.utils.translation import gettext

from crm_site.lib import messages


def test_every_string_is_translated_and_none_is_stale() -> None:
    assert messages.faults(settings.BASE_DIR) == []


def test_a_string_that_nobody_translated_is_a_fault(tmp_path: Path) -> None:
    write_project(tmp_path, source='_("Customers")', catalogue='msgid "Customers"\nmsgstr ""\n')
    assert [fault.fault for fault in messages.faults(tmp_path)] == ["not translated"]


def test_a_string_missing_from_the_catalogue_is_a_fault(tmp_path: Path) -> None:
    write_project(tmp_path, source='_("Customers")', catalogue="")
    assert [fault.fault for fault in messages.faults(tmp_path)] == ["not in the catalogue"]


def test_a_string_inside_another_is_a_string_of_the_sources(tmp_path: Path) -> None:
    write_project(tmp_path, source="""label = f'<b>{_("Customers")}</b>'""", catalogue="")
    assert [fault.fault for fault in messages.faults(tmp_path)] == ["not in the catalogue"]


def test_a_string_that_the_sources_lost_is_a_fault(tmp_path: Path) -> None:
    write_project(tmp_path, source="", catalogue='msgid "Customers"\nmsgstr "Clients"\n')
    assert [fault.fault for fault in messages.faults(tmp_path)] == ["no longer in the sources"]


def test_a_translation_that_lost_its_placeholder_is_a_fault(tmp_path: Path) -> None:
    entry = '#, python-format\nmsgid "%(count)d customers"\nmsgstr "clients %(total)d"\n'
    write_project(tmp_path, source='_("%(count)d customers")', catalogue=entry)
    assert len(messages.faults(tmp_path)) == 1


def test_the_interface_speaks_french() -> None:
    messages.compile_catalogues(settings.BASE_DIR)
    with translation.override("fr"):
        assert gettext("Net revenue") == "Chiffre d’affaires net"


def write_project(base: Path, *, source: str, catalogue: str) -> None:
    """A project of one Python file and one catalogue."""
    (base / "page.py").write_text(source + "\n", encoding="utf-8")
    path = messages.catalogue_path(base)
    path.parent.mkdir(parents=True)
    header = 'msgid ""\nmsgstr "Content-Type: text/plain; charset=utf-8\\n"\n\n'
    path.write_text(header + catalogue, encoding="utf-8")
