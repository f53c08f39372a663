"""The tables of the page about the models: how each forecast came true, and what was estimated."""

from django.utils.translation import gettext as _
from django.utils.translation import pgettext

from crm_site.lib.cells import money_cell, number_cell, percent_cell
from crm_site.lib.components import Cell, Column, Row, Table
from crm_site.lib.export import Sheet
from crm_site.lib.formatting import number, percent
from profitability.comparison import Entry, Fitted, Holdout, Parameter
from profitability.reports.comparison import model_name
from profitability.reports.model_words import NOTES, parameter_in_words
from profitability.reports.renewals import length_of
from profitability.totals import ContractTerm

GREEK = {"alpha": "α", "beta": "β"}
# The parameters that say how often customers order, and the code of a fit by which nobody leaves.
OF_ORDERS, NO_LOSS = ("r", "alpha"), "no_loss"
LARGE = 1000  # parameters from here on have no decimals worth reading
ALIKE = 1000  # α + β from which on all subscribers are as good as equally inclined to leave


def accuracy_table(holdout: Holdout, currency: str) -> Table:
    """Every model and past spend by every measure; the model in use is marked."""
    return Table(
        caption=_("How each forecast of the weeks held back came true"),
        columns=[
            Column(_("Forecast by")),
            Column(
                _("Error of a customer"),
                "money",
                hint=_("Root of the mean squared difference: large misses count most."),
            ),
            Column(
                _("Sorting"),
                "number",
                hint=_("Normalised Gini: 1 sorts customers by value as well as hindsight, 0 as chance."),
            ),
            Column(_("Total value"), align="end", hint=_("Forecast less what came, of what came.")),
            Column(_("Tenths"), "percent", hint=_("Differences of ten groups of customers, of what came.")),
            Column(_("Total orders"), align="end", hint=_("Forecast less what came, of what came.")),
            Column(
                _("Ranks"),
                "number",
                hint=_(
                    "Ranks by the first four measures, added up: the model with fewest is used, or a simpler one that "
                    "does as well."
                ),
            ),
        ],
        rows=[_accuracy_row(entry, holdout, currency) for entry in holdout.entries],
    )


def _accuracy_row(entry: Entry, holdout: Holdout, currency: str) -> Row:
    value = entry.value
    used = pgettext("purchase model", "in use") if entry.name == holdout.winner else ""
    return Row(
        [
            Cell(model_name(entry.name), note=used),
            money_cell(value.rmse, currency),
            number_cell(value.gini, digits=3),
            percent_cell(value.total_error, signed=True),
            percent_cell(value.calibration),
            percent_cell(entry.orders.total_error, signed=True),
            number_cell(entry.points),
        ]
    )


def signed_percent(share: float | None) -> str:
    """A difference with its sign."""
    text = percent(share)
    return f"+{text}" if share is not None and share > 0 else text


def parameter_table(fitted: tuple[Fitted, ...]) -> Table:
    """What was estimated on all orders to date, with standard errors."""
    return Table(
        caption=_("Parameters of the models, on all orders to date"),
        columns=[
            Column(_("Model")),
            Column(_("Parameters ± standard error")),
            Column(
                _("Log-likelihood"),
                align="end",
                hint=_("The higher, the better the model describes the orders it was fitted on."),
            ),
            Column(
                _("Active on average"), "percent", hint=_("Probability active, mean over everybody who ever ordered.")
            ),
            Column(_("Departure")),
        ],
        rows=[_parameter_row(one) for one in fitted],
    )


def _parameter_row(one: Fitted) -> Row:
    loss = str(NOTES[one.loss]) if one.loss in NOTES else _("The orders show that customers leave.")
    return Row(
        [
            Cell(model_name(one.name)),
            Cell(" · ".join(_estimate(parameter) for parameter in told_of(one))),
            number_cell(one.log_likelihood, digits=1),
            percent_cell(one.mean_alive, digits=0),
            Cell(loss),
        ]
    )


def told_of(one: Fitted) -> tuple[Parameter, ...]:
    """The parameters that mean something: where nobody leaves, none says how soon customers do."""
    return tuple(each for each in one.parameters if one.loss != NO_LOSS or each.name in OF_ORDERS)


def _estimate(parameter: Parameter) -> str:
    """The parameter with its error, held together at the end of a line."""
    parts = [GREEK.get(parameter.name, parameter.name)]
    parts.append(parameter_in_words(parameter.value, digits=3 if parameter.value < LARGE else 0))
    if parameter.error is not None:
        parts += ["±", number(parameter.error, digits=3)]
    return "\N{NO-BREAK SPACE}".join(parts)


def contract_table(terms: tuple[ContractTerm, ...]) -> Table:
    """The renewal model of contracts of each length."""
    return Table(
        caption=_("Renewals by length of contract"),
        columns=[
            Column(_("Length of contract")),
            Column(_("Running"), "number", hint=_("Of all that were begun or renewed so far.")),
            Column(
                _("α, β ± standard error"), hint=_("Shifted-beta-geometric: how much customers differ in renewing.")
            ),
            Column(_("First renewal"), "percent", hint=_("Share that renewed, of those who were asked.")),
            Column(_("By the model"), "percent"),
            Column(_("Log-likelihood"), align="end"),
        ],
        rows=[_contract_row(term) for term in terms],
    )


def _contract_row(term: ContractTerm) -> Row:
    parameters = (("alpha", term.alpha, term.alpha_error), ("beta", term.beta, term.beta_error))
    estimates = [_estimate(Parameter(name=name, value=value, error=error)) for name, value, error in parameters]
    running = _("%(running)s of %(contracts)s") % {
        "running": number(term.running), "contracts": number(term.contracts),
    }  # fmt: skip
    return Row(
        [
            Cell(length_of(term)),
            Cell(running, value=term.running),
            Cell(" · ".join(estimates), note=_note_of(term)),
            percent_cell(term.kept[0] / term.asked[0] if term.asked else None),
            percent_cell(term.retention(1)),
            number_cell(term.log_likelihood, digits=1),
        ]
    )


def _note_of(term: ContractTerm) -> str:
    """How far the parameters can be read as they stand."""
    if term.assumed:
        return _("assumed")
    return _("subscribers hardly differ in this") if term.alpha + term.beta > ALIKE else ""


def parameter_sheet(fitted: tuple[Fitted, ...]) -> Sheet:
    """Each parameter of each model as a row of its own, for a file."""
    return Sheet(
        name="parameters",
        title=_("Parameters of the models, on all orders to date"),
        headings=[_("Model"), _("Parameter"), _("Value"), _("Standard error"), _("Log-likelihood")],
        kinds=["text"] * 5,
        rows=[
            [model_name(one.name), each.name, each.value, each.error, one.log_likelihood]
            for one in fitted
            for each in told_of(one)
        ],
    )
