"""The columns of the lists of imports and of rejected rows."""

from __future__ import annotations

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from crm_site.lib import formatting
from crm_site.lib.components import Fact
from crm_site.lib.jobs.models import Job
from crm_site.lib.paging import Sort
from crm_site.lib.tables import Column, Table
from customers.importing.problems import reason_for
from customers.models import Import, ImportRejection

DONE = pgettext_lazy("import", "Done")
TONES = {Job.State.FAILED: "danger", Job.State.CANCELLED: "neutral"}


def state_label(source: Import) -> str | Promise:
    """How far an import is: done once its rows were kept, otherwise as far as its job is."""
    return DONE if source.finished_at or not source.job else source.job.get_state_display()


def state_tone(source: Import) -> str:
    if source.finished_at or not source.job:
        return "warning" if source.rejected else "success"
    return TONES.get(source.job.state, "info")


def _address(source: Import) -> str:
    return reverse("import", args=[source.pk])


IMPORTS = Table(
    name="imports",
    caption=_("Imports"),
    columns=(
        Column("file_name", _("File"), "link", link=_address),
        Column("state", _("State"), "badge", value=state_label, badge=state_tone),
        Column("rows", _("Rows"), "number"),
        Column("accepted", _("Accepted"), "number"),
        Column("rejected", _("Rejected"), "number"),
        Column("skipped", _("Skipped"), "number"),
        Column("created_at", _("Started"), "datetime", sort=Sort("id")),
        Column("requested_by", _("Requested by")),
    ),
    default_sort="-created_at",
)


def _sentence(rejection: ImportRejection) -> str:
    return str(reason_for(rejection.reason).sentence)


def _remedy(rejection: ImportRejection) -> str:
    return str(reason_for(rejection.reason).remedy)


REJECTIONS = Table(
    name="rejected-rows",
    caption=_("Rejected rows"),
    columns=(
        Column("line", _("Line"), "number"),
        Column("column", _("Column")),
        Column("value", _("Value")),
        Column("reason", _("Reason"), value=_sentence),
        Column("remedy", _("What to do"), value=_remedy),
    ),
)

REASON_COUNTS = Table(
    name="reasons",
    caption=_("Rejected rows by reason"),
    columns=(
        Column("reason", _("Reason"), value=lambda count: str(count.reason.sentence)),
        Column("remedy", _("What to do"), value=lambda count: str(count.reason.remedy)),
        Column("rows", _("Rows"), "number"),
    ),
)


def import_facts(source: Import) -> list[Fact]:
    """How a file was read, by whom and when."""
    facts = [
        Fact(gettext("File"), source.file_name),
        Fact(gettext("Column mapping"), source.mapping),
        Fact(gettext("Started"), formatting.moment(source.created_at)),
    ]
    if source.finished_at:
        facts.append(Fact(gettext("Finished"), formatting.moment(source.finished_at)))
    if source.requested_by:
        facts.append(Fact(gettext("Requested by"), str(source.requested_by)))
    return facts
