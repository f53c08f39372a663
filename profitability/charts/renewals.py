"""The drawings of subscriptions: how many renew, by the model and in fact."""

from itertools import accumulate

from django.utils.translation import gettext as _

from crm_site.lib.charts import Chart, Series
from crm_site.lib.formatting import number, percent
from profitability.reports.renewals import length_of
from profitability.totals import ContractTerm

# Renewals that the model foresees beyond those that anybody came to.
BEYOND = 3


def retention(term: ContractTerm) -> Chart:
    """Of those who came to each renewal, the share who renewed."""
    renewals = list(range(1, len(term.asked) + BEYOND + 1))
    return _drawn(
        _("Renewals of contracts of %(length)s") % {"length": length_of(term)},
        y_label=_("Share that renews"),
        renewals=renewals,
        expected=[term.retention(renewal) for renewal in renewals],
        came=_shares(term),
        summary=_("At the first renewal %(actual)s of %(asked)s renewed; the model says %(fitted)s.")
        % {
            "actual": number(term.kept[0]),
            "asked": number(term.asked[0]),
            "fitted": percent(term.retention(1)),
        },
    )


def survival(term: ContractTerm) -> Chart:
    """Of all who subscribed, the share still there after each renewal; those not asked yet count where they stand."""
    renewals = list(range(len(term.asked) + BEYOND + 1))
    expected = [1.0, *accumulate((term.retention(renewal) for renewal in renewals[1:]), lambda a, b: a * b)]
    came = [1.0, *accumulate(_shares(term), lambda a, b: a * b)]
    last = len(came) - 1
    return _drawn(
        _("Still subscribed after so many renewals"),
        y_label=_("Share of all subscribers"),
        renewals=renewals,
        expected=expected,
        came=came,
        summary=_("After %(renewals)s renewals %(actual)s are still there; the model says %(fitted)s.")
        % {"renewals": number(last), "actual": percent(came[-1]), "fitted": percent(expected[last])},
    )


def _shares(term: ContractTerm) -> list[float]:
    return [kept / asked for asked, kept in zip(term.asked, term.kept, strict=True)]


def _drawn(
    title: str, *, y_label: str, renewals: list[int], expected: list[float], came: list[float], summary: str
) -> Chart:
    known = [*came, *[None] * (len(renewals) - len(came))]
    return Chart(
        kind="line",
        title=title,
        x_label=_("Renewal"),
        x_type="number",
        x_values=renewals,
        series=[
            Series(_("Expected by %(model)s") % {"model": "sBG"}, [round(share, 4) for share in expected], "series-1"),
            Series(_("Actual"), [None if share is None else round(share, 4) for share in known], "series-2"),
        ],
        format="percent",
        digits=1,
        y_label=y_label,
        summary=summary,
    )
