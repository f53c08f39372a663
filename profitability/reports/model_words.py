"""The models behind lifetime values, in plain words: what each parameter says about the company's customers."""

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm_site.lib.components import Fact
from crm_site.lib.formatting import UNKNOWN, money, number, percent
from profitability.models import PurchaseModel
from profitability.totals import LifetimeModel, RunTotals

# Above this the margin of an order depends on how often a customer orders, which the Gamma-Gamma model denies.
CORRELATION_WARNED = 0.3
WITHOUT_BOUND, INFINITE = 1e6, "∞"
NOTES = {
    "no_costing": gettext_lazy("No costing was published: profit is gross margin less direct costs."),
    "no_orders": gettext_lazy("There were no orders."),
    "purchase_model_assumed": gettext_lazy(
        "Too few customers ordered again to fit the purchase model: it was assumed."
    ),
    "margin_model_assumed": gettext_lazy(
        "Too few customers have brought a margin above zero to fit the margin model: it was assumed."
    ),
    "no_loss": gettext_lazy("The orders show no sign that customers leave, so nobody is expected to."),
    "loss_not_proven": gettext_lazy("Customers may be leaving, but chance alone would explain what the orders show."),
    "loss_alike": gettext_lazy("The orders show that customers leave, but not that some leave sooner than others."),
    "frequency_and_margin_correlate": gettext_lazy(
        "What an order leaves depends on how often a customer orders, which the margin model does not foresee."
    ),
    "total_not_positive": gettext_lazy("Total profit is not positive, so shares of it mean nothing: money is shown."),
}


def lifetime_model_facts(model: LifetimeModel, currency: str) -> list[Fact]:
    """What was fitted on whom, and what it means."""
    return [
        Fact(
            _("Fitted on"),
            _("%(customers)s customers, %(repeat)s of them with more than one order day")
            % {"customers": number(model.customers), "repeat": number(model.repeat_customers)},
        ),
        *_purchases(model),
        *_margins(model, currency),
        *_costs(model, currency),
        Fact(
            _("Future counted"),
            _("%(years)s years, discounted at %(rate)s a year")
            % {"years": number(model.horizon_years), "rate": percent(model.yearly_discount_rate)},
        ),
    ]


def model_in_words(model: LifetimeModel) -> str:
    """The proper name of the purchase model behind some figures."""
    return str(PurchaseModel(model.purchase_model).label)


def _purchases(model: LifetimeModel) -> list[Fact]:
    if not model.r or model.alpha is None:
        return []
    facts = [
        Fact(
            _("Orders (%(model)s)") % {"model": model_in_words(model)},
            f"r {_figure(model.r)} · α {_figure(model.alpha)}",
            hint=_(
                "An active customer orders about every %(weeks)s weeks on average; the smaller r, the more they differ."
            )
            % {"weeks": number(model.alpha / model.r, digits=1)},
        ),
        *_departure(model),
    ]
    if model.log_likelihood is not None:
        facts.append(Fact(_("Log-likelihood"), number(model.log_likelihood, digits=1)))
    return facts


def _departure(model: LifetimeModel) -> list[Fact]:
    """How soon customers leave: after an order, or, by Pareto/NBD, at any time."""
    label = _("Departure (%(model)s)") % {"model": model_in_words(model)}
    if model.s and model.beta is not None:
        weeks = {"weeks": number(model.beta * (2 ** (1 / model.s) - 1), digits=0)}
        hint = _("Half of all customers have left %(weeks)s weeks after their first order.") % weeks
        return [Fact(label, f"s {_figure(model.s)} · β {_figure(model.beta)}", hint=hint)]
    if model.a is not None and model.b is not None and model.a + model.b > 0:
        share = {"share": percent(model.a / (model.a + model.b))}
        if model.purchase_model == PurchaseModel.BGNBD:
            hint = _("After a repeat order, %(share)s of customers leave on average.") % share
        else:
            hint = _("After an order, %(share)s of customers leave on average.") % share
        return [Fact(label, f"a {_figure(model.a)} · b {_figure(model.b)}", hint=hint)]
    return []


def _margins(model: LifetimeModel, currency: str) -> list[Fact]:
    if model.p is None or model.q is None or model.v is None:
        return []
    mean = money(model.p * model.v / (model.q - 1), currency) if model.q > 1 else UNKNOWN
    facts = [
        Fact(
            _("Margin of an order (Gamma-Gamma)"),
            f"p {_figure(model.p)} · q {_figure(model.q)} · v {_figure(model.v)}",
            hint=_("%(amount)s on average over all customers.") % {"amount": mean},
        )
    ]
    if model.correlation is not None:
        strong = abs(model.correlation) > CORRELATION_WARNED
        hint = (
            _("Frequent and rare buyers differ in what an order leaves, which the model does not foresee.")
            if strong
            else _("Frequent and rare buyers leave about as much on an order, as the model supposes.")
        )
        facts.append(Fact(_("Correlation of frequency and margin"), number(model.correlation, digits=2), hint=hint))
    return facts


def _costs(model: LifetimeModel, currency: str) -> list[Fact]:
    facts = [
        (_("Mean margin of an order"), model.margin_per_order),
        (_("Cost to serve, for each order"), model.cost_per_order),
        (_("Cost to serve, for each month of the relation"), model.cost_per_month),
    ]
    return [Fact(label, money(value, currency)) for label, value in facts if value is not None]


def _figure(value: float) -> str:
    return parameter_in_words(value, digits=4)


def parameter_in_words(value: float, *, digits: int) -> str:
    """A parameter that grew without bound, since customers do not differ in what it describes, has no figure."""
    return INFINITE if value > WITHOUT_BOUND else number(value, digits=digits)


def model_notes_in_words(model: LifetimeModel) -> list[str]:
    """What the models found unusual, or had to assume."""
    return [str(NOTES.get(code, code)) for code in model.notes]


def notes_in_words(totals: RunTotals) -> list[str]:
    """What a run and its models found unusual; a code without words of its own is shown as it is."""
    return [str(NOTES.get(code, code)) for code in dict.fromkeys((*totals.notes, *totals.lifetime_model.notes))]
