"""How a lifetime value was reached, in words, by the code that a recompute leaves with it."""

from django.utils.translation import gettext_lazy as _

# A sentence's end: "Reached so: …".
REACHED = {
    "model": _("forecast from this customer's own orders"),
    "few_orders_segment_mean": _("few orders so far: estimated from the margin of comparable customers"),
    "negative_margin": _("the orders so far lose money"),
    "base_too_small": _("too few customers to fit a model: usual values were assumed"),
    "no_orders": _("no order yet: nothing to forecast from"),
    "contract": _("renewals of the subscription, expected by those of all subscribers"),
    "contract_few_renewals": _("a subscription; few renewals fell due so far, so usual ones were assumed"),
    "contract_no_renewals": _("a subscription, but nobody has renewed yet: forecast like other customers"),
    "contract_ended": _("the subscription was not renewed, and no order came since"),
}
# Below the value in a list, where there is room for few words; nothing where the value speaks for itself.
IN_A_LIST = {
    "few_orders_segment_mean": _("few orders: estimated"),
    "negative_margin": _("orders lose money"),
    "base_too_small": _("small base: assumed"),
    "contract": _("by renewals"),
    "contract_few_renewals": _("by renewals, assumed"),
    "contract_no_renewals": _("not renewed yet"),
    "contract_ended": _("not renewed"),
}

# What figures of a list mean, where their names alone might be read otherwise.
SURELY_ACTIVE = _(
    "By BG/NBD whoever ordered on one day only counts as active: a single order does not tell yet who has left."
)
EXPECTED = _("Over the horizon of the lifetime value, discounted: an order of later years counts for less than one.")

# Codes of values that come from renewals.
BY_RENEWALS = frozenset({"contract", "contract_few_renewals", "contract_ended"})


def note_in_a_list(code: str | None) -> str:
    """A few words on a value that is no plain forecast."""
    return str(IN_A_LIST.get(code or "", ""))
