"""Subscriptions in words: how many there are, what their renewals show, and what the forecast takes from that."""

from collections.abc import Sequence

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from crm_site.lib.formatting import number, percent
from profitability.totals import ContractTerm, LifetimeModel

# How long contracts run, by days rounded.
LENGTHS = {
    7: gettext_lazy("a week"),
    14: gettext_lazy("a fortnight"),
    30: gettext_lazy("a month"),
    91: gettext_lazy("a quarter"),
    183: gettext_lazy("half a year"),
    365: gettext_lazy("a year"),
    730: gettext_lazy("two years"),
    1096: gettext_lazy("three years"),
}


def length_of(term: ContractTerm) -> str:
    """How long contracts of this kind run, in words."""
    return str(LENGTHS.get(round(term.days), "")) or _("%(days)s days") % {"days": number(term.days, digits=0)}


def commonest(terms: Sequence[ContractTerm]) -> ContractTerm | None:
    """Those of which there are most."""
    return max(terms, key=lambda term: term.contracts, default=None)


def renewals_in_words(model: LifetimeModel) -> list[str]:
    """What there is to say of subscriptions, a sentence each; the first stands alone where there are none."""
    if not model.subscriptions:
        return [
            _(
                "No order is marked as beginning or renewing a subscription, so every customer is forecast by orders. "
                "Orders are marked by the column “subscription” of an import, or in the administration."
            )
        ]
    if not model.contracts:
        said = ngettext(
            "%(count)s subscription was begun and not renewed yet, so it is not known how long it runs: its customer "
            "is forecast by orders.",
            "%(count)s subscriptions were begun and none was renewed yet, so it is not known how long they run: their "
            "customers are forecast by orders.",
            model.subscriptions,
        )
        return [said % {"count": number(model.subscriptions)}]
    return [_count(model), *(_of_length(term) for term in model.contracts)]


def _count(model: LifetimeModel) -> str:
    running = sum(term.running for term in model.contracts)
    said = ngettext(
        "Of %(count)s subscription so far, %(running)s is still running; its customer is forecast by renewals.",
        "Of %(count)s subscriptions so far, %(running)s are still running; their customers are forecast by renewals.",
        model.subscriptions,
    )
    return said % {"count": number(model.subscriptions), "running": number(running)}


def _of_length(term: ContractTerm) -> str:
    figures = {
        "length": length_of(term),
        "first": percent(term.retention(1), digits=0),
        "later": percent(term.retention(5), digits=0),
    }
    if term.assumed:
        return (
            _(
                "Contracts of %(length)s: few came to a renewal so far, or none ended, so the model is assumed: "
                "%(first)s of customers renew the first time, %(later)s of those who are left the fifth time."
            )
            % figures
        )
    return (
        _(
            "Contracts of %(length)s: %(first)s of customers renew the first time, %(later)s of those who are left the "
            "fifth time, since those who were likely to leave are gone by then."
        )
        % figures
    )
