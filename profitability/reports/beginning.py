"""The way from an empty installation to its first figures."""

from dataclasses import dataclass

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.urls import reverse
from django.utils.translation import gettext as _

from crm_site.lib.components import Step
from customers.models import Order
from profitability.models import Costing
from profitability.permissions import EDIT_COSTING


@dataclass(frozen=True, slots=True)
class Beginning:
    """What is there already."""

    orders: bool
    costing: bool


@dataclass(frozen=True, slots=True)
class NextStep:
    """What to do now, where, and whether that is a recompute."""

    title: str
    text: str
    url: str = ""
    action: str = ""
    recompute: bool = False


def beginning_of_everything() -> Beginning:
    """Whether there are orders and a published costing (2 queries)."""
    return Beginning(orders=Order.objects.exists(), costing=Costing.objects.current() is not None)


def steps_to_figures(beginning: Beginning) -> list[Step]:
    """The three steps to the first figures, and the one to take now."""
    done = [beginning.orders, beginning.costing, False]
    labels = [_("Import orders"), _("Define what serving customers costs"), _("Compute the figures")]
    present = done.index(False)
    return [
        Step(label, "done" if finished else "current" if position == present else "todo")
        for position, (label, finished) in enumerate(zip(labels, done, strict=True))
    ]


def next_step(beginning: Beginning, user: AbstractUser | AnonymousUser) -> NextStep:
    """The first step that is not done, with its page for whoever may go there."""
    if not beginning.orders:
        may = user.has_perm("customers.import_orders")
        text = _(
            "Figures are computed from orders. Import a file of them; it can be repeated without doubling anything."
        )
        return NextStep(_("No orders yet"), text, reverse("imports") if may else "", _("Import orders"))
    if not beginning.costing:
        text = _(
            "Say what serving customers costs each month, and which activities cause it. Without costs, profit is "
            "gross margin less direct costs; you can compute that at once."
        )
        url = editing_url(user) or reverse("costing")
        return NextStep(_("No costs yet"), text, url, _("Define costs"), recompute=True)
    text = _("Orders and costs are there. The first recompute takes from seconds to minutes; this page then shows it.")
    return NextStep(_("Ready to compute"), text, recompute=True)


def editing_url(user: AbstractUser | AnonymousUser) -> str:
    """Where costs are entered, for whoever may: the latest draft if there is one, else all versions (1 query)."""
    if not user.has_perm(EDIT_COSTING):
        return ""
    draft = Costing.objects.drafts().first()
    return reverse("costing-version", args=[draft.pk]) if draft else reverse("costing-versions")
