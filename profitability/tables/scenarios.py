"""What scenarios come to, as tables and sentences."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext, pgettext

from crm_site.lib.cells import money_cell, number_cell
from crm_site.lib.components import Cell, Column, Row, Table
from crm_site.lib.export import Sheet
from crm_site.lib.formatting import money, number
from profitability.charts import category_name
from profitability.models import Scenario
from profitability.reports.scenario_words import ICONS, LEVERS, NOTHING, assumptions, lever_sentence
from profitability.reports.scenarios import Named, outcome_of
from profitability.what_if.levers import Lever
from profitability.what_if.outcome import GONE, Figures, Outcome, Step

# Cents from which on a change is more than nothing in whole money.
SHOWN = 50


@dataclass(frozen=True, slots=True)
class LeverLine:
    """One lever of a scenario as its page lists it."""

    at: int
    title: str
    icon: str
    sentence: str
    assumptions: str
    result: str  # what it changes, after the levers before it
    is_loss: bool
    idle: str
    nothing: str  # why it changes nothing, where it does not


@dataclass(frozen=True, slots=True)
class _Line:
    label: str
    read: Callable[[Figures], float]
    is_money: bool = True
    note: str = ""


def lever_lines(levers: Sequence[Lever], outcome: Outcome | None, named: Named, currency: str) -> list[LeverLine]:
    """Each lever in words, with what it changes."""
    steps: Sequence[Step | None] = outcome.steps if outcome else [None] * len(levers)
    return [
        LeverLine(
            at=at,
            title=str(LEVERS[lever.kind]),
            icon=ICONS[lever.kind],
            sentence=lever_sentence(
                lever,
                group=named.group(lever),
                product=named.product(lever),
                choice=named.choice(lever),
                currency=currency,
            ),
            assumptions=assumptions(lever),
            result=signed(step.result, currency) if step else "",
            is_loss=bool(step and step.result <= -SHOWN),
            idle=_("%(amount)s of capacity more stands idle") % {"amount": _whole(step.idle, currency)}
            if step and step.idle > 0
            else "",
            nothing=str(NOTHING[lever.kind]) if step == Step(result=0, profit=0, idle=0, lifetime_value=0) else "",
        )
        for at, (lever, step) in enumerate(zip(levers, steps, strict=False))
    ]


def _lines() -> list[_Line]:
    return [
        _Line(_("Customers"), lambda each: each.customers, is_money=False),
        _Line(_("Customers with a loss"), lambda each: each.losing, is_money=False),
        _Line(_("Net revenue"), lambda each: each.net_revenue),
        _Line(_("Cost of goods"), lambda each: -each.cost_of_goods),
        _Line(_("Cost to serve"), lambda each: -each.cost_to_serve),
        _Line(_("Direct costs"), lambda each: -each.direct_costs),
        _Line(_("Profit of customers"), lambda each: each.profit),
        _Line(_("Prospects and anonymous sales"), lambda each: each.others),
        _Line(
            _("Capacity set free that stands idle"),
            lambda each: -each.idle,
            note=_("Customers no longer cause it; the company still pays it."),
        ),
        _Line(_("Spent on customers who leave"), lambda each: -each.sunk),
        _Line(_("Unused capacity and company level, as today"), lambda each: -each.uncharged),
        _Line(_("What the company keeps"), lambda each: each.result),
        _Line(_("Lifetime value"), lambda each: each.lifetime_value),
    ]


def shared_with(scenario: Scenario) -> str:
    """Who besides its owner sees a scenario; nothing where nobody does."""
    if scenario.for_all:
        return pgettext("shared with", "everybody who may see what customers earn")
    return str(scenario.team) if scenario.team else ""


def scenarios_sheet(scenarios: Iterable[Scenario]) -> Sheet:
    """The saved scenarios and what each would change, as a file."""
    return Sheet(
        name="scenarios",
        title=_("Saved scenarios"),
        headings=[
            _("Scenario"),
            _("Change of what the company keeps"),
            _("Levers"),
            _("Made by"),
            _("Shared with"),
            _("Last changed"),
        ],
        kinds=["text", "money", "number", "text", "text", "datetime"],
        rows=[
            [
                one.name,
                round(outcome.after.result - outcome.before.result) / 100 if (outcome := outcome_of(one)) else None,
                len(one.levers),
                str(one.owner),
                shared_with(one) or None,
                one.changed_at,
            ]
            for one in scenarios
        ],
    )


def figures_table(outcome: Outcome, currency: str) -> Table:
    """Before, after and the change, from revenue down to what the company keeps."""
    return Table(
        caption=_("Before and after"),
        columns=[
            Column(_("Figure")),
            Column(_("Today"), "money"),
            Column(_("Then"), "money"),
            Column(pgettext("of a figure", "Change"), "money"),
        ],
        rows=[
            Row(
                [
                    Cell(line.label, note=line.note),
                    *(_cell(line, line.read(each), currency) for each in (outcome.before, outcome.after)),
                    _cell(line, line.read(outcome.after) - line.read(outcome.before), currency, as_change=True),
                ]
            )
            for line in _lines()
            if line.read(outcome.before) or line.read(outcome.after)
        ],
    )


def comparison_table(compared: Sequence[tuple[Scenario, Outcome]], currency: str) -> Table:
    """Scenarios side by side, beside today."""
    today = compared[0][1].before
    return Table(
        caption=_("Scenarios compared"),
        columns=[Column(_("Figure")), Column(_("Today"), "money")]
        + [Column(scenario.name, "money") for scenario, _outcome in compared],
        rows=[
            Row(
                [
                    Cell(line.label, note=line.note),
                    _cell(line, line.read(today), currency),
                    *(_cell(line, line.read(outcome.after), currency) for _scenario, outcome in compared),
                ]
            )
            for line in _lines()
        ],
    )


def categories_table(outcome: Outcome, currency: str) -> Table:
    """The four categories before and after."""
    return Table(
        caption=_("Categories before and after"),
        columns=[
            Column(_("Category")),
            Column(_("Customers today"), "number"),
            Column(_("Customers then"), "number"),
            Column(_("Profit today"), "money"),
            Column(_("Profit then"), "money"),
        ],
        rows=[
            Row(
                [
                    Cell(category_name(each.category)),
                    number_cell(each.customers_before),
                    number_cell(each.customers_after),
                    _money_cell(each.profit_before, currency),
                    _money_cell(each.profit_after, currency),
                ]
            )
            for each in outcome.categories
        ],
    )


def moves_sentences(outcome: Outcome) -> list[str]:
    """Who changes category, the largest moves first."""
    moved = sorted((move for move in outcome.moves if move.before != move.after), key=lambda move: -move.customers)
    return [
        ngettext(
            "%(count)s customer from “%(before)s” to “%(after)s”",
            "%(count)s customers from “%(before)s” to “%(after)s”",
            round(move.customers),
        )
        % {
            "count": number(move.customers),
            "before": category_name(move.before),
            "after": _("no longer customers") if move.after == GONE else category_name(move.after),
        }
        for move in moved[:6]
    ]


def headline(outcome: Outcome, currency: str) -> str:
    """What the company would keep more or less, in one sentence."""
    change = outcome.after.result - outcome.before.result
    words = {"amount": _whole(abs(change), currency), "after": _whole(outcome.after.result, currency)}
    if change >= SHOWN:
        return _("The company would keep %(amount)s more: %(after)s.") % words
    if change <= -SHOWN:
        return _("The company would keep %(amount)s less: %(after)s.") % words
    return _("The company would keep as much as today: %(after)s.") % words


def notes(outcome: Outcome, currency: str) -> list[str]:
    """What must be known beside it: why the company keeps other than accounts show, and lifetime value at risk."""
    found = []
    if outcome.after.idle > 0:
        shown = outcome.after.profit - outcome.before.profit
        words = {
            "idle": _whole(outcome.after.idle, currency),
            "shown": _whole(shown, currency),
        }
        if shown > 0:
            found.append(
                _(
                    "The accounts of customers improve by %(shown)s, but capacity worth %(idle)s stands idle and is "
                    "still paid: only what is given up is saved."
                )
                % words
            )
        else:
            found.append(_("Capacity worth %(idle)s stands idle and is still paid.") % words)
    if outcome.after.sunk >= SHOWN:
        found.append(
            _("%(sunk)s that was spent on winning and rewarding customers who leave stays spent.")
            % {"sunk": _whole(outcome.after.sunk, currency)}
        )
    if outcome.value_at_risk > 0:
        found.append(
            _("Lifetime value of %(amount)s is at risk with the customers who are expected to leave.")
            % {"amount": _whole(outcome.value_at_risk, currency)}
        )
    return found


def _cell(line: _Line, value: float, currency: str, *, as_change: bool = False) -> Cell:
    if line.is_money:
        return _money_cell(value, currency, as_change=as_change)
    return number_cell(value, digits=0 if value == int(value) else 1, signed=as_change)


def _money_cell(cents: float, currency: str, *, as_change: bool = False) -> Cell:
    """Whole money on the page, cents in a file."""
    return money_cell(round(cents) / 100, currency, digits=0, signed=as_change)


def _whole(cents: float, currency: str) -> str:
    return money(cents / 100, currency, digits=0)


def signed(cents: float, currency: str) -> str:
    """A change in whole money, with its sign."""
    text = _whole(cents, currency)
    return f"+{text}" if cents >= SHOWN else text
