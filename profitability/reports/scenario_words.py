"""Levers, assumptions and refusals in words."""

from collections.abc import Mapping
from typing import Any

from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.lib.formatting import labelled, money, number, percent
from profitability.what_if.levers import Lever

LEVERS: Mapping[str, str | Promise] = {
    "price": gettext_lazy("Change prices"),
    "discount": gettext_lazy("Cap discounts"),
    "minimum": gettext_lazy("Ask for a minimum order"),
    "service": gettext_lazy("Change the service"),
    "drop": gettext_lazy("Drop a product"),
    "promote": gettext_lazy("Encourage what earns"),
    "let_go": gettext_lazy("Let customers go"),
    "pool": gettext_lazy("Change a cost pool"),
    "cut": gettext_lazy("Give up capacity that stands idle"),
}
ABOUT: Mapping[str, str | Promise] = {
    "price": gettext_lazy("Prices rise or fall; customers buy less or more, and some leave."),
    "discount": gettext_lazy("No more discount than so much of gross sales, for each customer and product."),
    "minimum": gettext_lazy("Small orders are raised, put together or lost."),
    "service": gettext_lazy("Fewer contacts in a channel: avoided, or moved to a cheaper channel."),
    "drop": gettext_lazy("A family or product is no longer sold; a part of the money goes to other things."),
    "promote": gettext_lazy("More of something is sold, at a part of its price."),
    "let_go": gettext_lazy("The company parts with customers; the capacity that served them stays."),
    "pool": gettext_lazy("A resource costs more or less."),
    "cut": gettext_lazy("Only what is really given up is saved: people moved, contracts ended."),
}
ICONS: Mapping[str, str] = {
    "price": "coins",
    "discount": "tag",
    "minimum": "shopping-cart",
    "service": "phone",
    "drop": "trash",
    "promote": "speakerphone",
    "let_go": "logout",
    "pool": "calculator",
    "cut": "trending-down",
}
# What the figures of a lever are called; those of one kind stand under "kind.name".
NUMBERS: Mapping[str, str | Promise] = {
    "price.percent": gettext_lazy("Price change (%)"),
    "elasticity": gettext_lazy("Price elasticity"),
    "lost": gettext_lazy("Customers who leave (%)"),
    "discount.cap": gettext_lazy("Largest discount (per cent of gross sales)"),
    "minimum.amount": gettext_lazy("Minimum order (amount)"),
    "minimum.raised": gettext_lazy("Small orders raised to the minimum (%)"),
    "minimum.bundled": gettext_lazy("Small orders put into a later one (%)"),
    "service.percent": gettext_lazy("Contacts avoided or moved (%)"),
    "service.other_cost": gettext_lazy("Cost in the other channel (per cent of today's)"),
    "drop.moved": gettext_lazy("Money that goes to other products (%)"),
    "promote.more": gettext_lazy("More sold (%)"),
    "promote.given": gettext_lazy("Part of the price given away (%)"),
    "let_go.percent": gettext_lazy("Customers let go (%)"),
    "pool.percent": gettext_lazy("Change of the cost (%)"),
    "cut.percent": gettext_lazy("Given up (per cent of what stands idle)"),
}
HELP: Mapping[str, str | Promise] = {
    "elasticity": gettext_lazy(
        "Volume falls by about so many per cent for each per cent of price. "
        "1.5 is an assumption: put your own experience here."
    ),
    "lost": gettext_lazy("Of those concerned. Nobody knows which ones, so each counts in part."),
    "minimum.bundled": gettext_lazy("The rest of the small orders is lost."),
    "service.other_cost": gettext_lazy("0 if contacts are avoided altogether."),
    "promote.more": gettext_lazy("How much more is bought is an assumption."),
}
CHOICES: Mapping[str, str | Promise] = {
    "channel": gettext_lazy("Channel"),
    "pool": gettext_lazy("Cost pool"),
}
# Why a lever changes nothing at all.
NOTHING: Mapping[str, str | Promise] = {
    "price": gettext_lazy("Nothing changes: these customers bought none of it, or the price stays as it is."),
    "discount": gettext_lazy("Nothing changes: none of these customers was given a larger discount on these products."),
    "minimum": gettext_lazy("Nothing changes: none of these customers placed a smaller order."),
    "service": gettext_lazy("Nothing changes: no contacts of these customers in this channel cost anything."),
    "drop": gettext_lazy("Nothing changes: these customers bought none of it."),
    "promote": gettext_lazy("Nothing changes: these customers bought none of it, so there is nothing to sell more of."),
    "let_go": gettext_lazy("Nothing changes: there is nobody in this group, or nobody is let go."),
    "pool": gettext_lazy("Nothing changes: nothing was spent on this cost pool, or its cost stays as it is."),
    "cut": gettext_lazy("Nothing changes: no lever above sets any capacity free that could be given up."),
}
EVERYBODY = gettext_lazy("all customers")


def number_label(kind: str, name: str, currency: str = "") -> str:
    """What a figure of a lever is called; amounts with their currency, where it is given."""
    label = str(NUMBERS.get(f"{kind}.{name}") or NUMBERS[name])
    if currency and name == "amount":
        return _("Minimum order (in %(currency)s)") % {"currency": currency}
    return label


def number_help(kind: str, name: str) -> str:
    return str(HELP.get(f"{kind}.{name}") or HELP.get(name, ""))


def lever_sentence(lever: Lever, *, group: str, product: str, choice: str, currency: str) -> str:
    """What is done, to whom: the group, the product and the channel or cost pool are given by name."""
    words = {
        "group": group,
        "product": product,
        "percent": _signed(lever) if "percent" in _names(lever) else "",
        "cap": percent(lever.share("cap"), digits=0) if lever.kind == "discount" else "",
        "amount": money(lever["amount"], currency) if lever.kind == "minimum" else "",
        "more": percent(lever.share("more"), digits=0) if lever.kind == "promote" else "",
        "given": percent(lever.share("given"), digits=0) if lever.kind == "promote" else "",
        "choice": choice,
    }
    return _SENTENCES[lever.kind]() % words


def assumptions(lever: Lever) -> str:
    """What is assumed about reactions, in one line."""
    parts = [
        labelled(number_label(lever.kind, each.name), _plain(lever[each.name]))
        for each in lever.spec.numbers
        if each.assumed
    ]
    return " · ".join(parts)


def problem_words(result: Mapping[str, Any]) -> str:
    """Why a scenario has no result; empty where it has one."""
    problem = result.get("problem")
    if not problem:
        return ""
    words = {
        "unknown_group": _("A lever is about a group of customers that is not there any more. Change or remove it."),
        "unknown_pool": _("A lever is about a cost pool that the current costing does not know. Change or remove it."),
    }
    return words.get(problem) or refusal(problem, result.get("parameters", {}))


def refusal(code: str, parameters: Mapping[str, Any]) -> str:
    """Why a lever cannot be used."""
    words = {
        "out_of_limits": _("Give a figure between %(lowest)s and %(highest)s."),
        "more_than_all": _("Raised and bundled orders together cannot be more than 100 %%."),
        "no_product": _("Choose the family or product."),
        "no_choice": _("Choose the channel or cost pool."),
        "unknown_kind": _("There is no such lever."),
    }
    return words.get(code, _("This lever cannot be used.")) % parameters


def _names(lever: Lever) -> set[str]:
    return {each.name for each in lever.spec.numbers}


def _signed(lever: Lever) -> str:
    text = percent(lever.share("percent"), digits=_digits(lever["percent"]))
    return f"+{text}" if lever["percent"] > 0 and lever.kind in ("price", "pool") else text


def _digits(value: float) -> int:
    return 0 if value == int(value) else 1


def _plain(value: float) -> str:
    return number(value, digits=_digits(value))


_SENTENCES: Mapping[str, Any] = {
    "price": lambda: _("Prices %(percent)s for %(group)s: %(product)s."),
    "discount": lambda: _("At most %(cap)s discount for %(group)s: %(product)s."),
    "minimum": lambda: _("A minimum order of %(amount)s for %(group)s."),
    "service": lambda: _("%(percent)s of contacts by %(choice)s avoided or moved for %(group)s."),
    "drop": lambda: _("%(product)s no longer sold to %(group)s."),
    "promote": lambda: _("%(more)s more sold to %(group)s at %(given)s off: %(product)s."),
    "let_go": lambda: _("%(percent)s of customers let go: %(group)s."),
    "pool": lambda: _("Cost pool “%(choice)s” %(percent)s."),
    "cut": lambda: _("%(percent)s of the capacity that stands idle is given up."),
}
