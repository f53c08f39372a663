"""The key figures of a run, each with what changed and with the rows behind it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm_site.lib.addresses import reverse
from crm_site.lib.components import KeyFigure
from crm_site.lib.formatting import compact_money, money, number, percent
from profitability.charts.drawings import category_name, category_url
from profitability.models import RunMonth
from profitability.totals import RunTotals

# A small line of the last two years says whether a figure rises.
MONTHS_IN_LINE = 24


@dataclass(frozen=True, slots=True)
class CategoryCard:
    """One of the four categories, with what the company does about it."""

    category: int
    name: str
    url: str
    customers: int
    share_of_customers: float | None
    profit: Decimal
    lifetime_value: Decimal | None  # None: nobody's is known
    policy: str


def category_cards(totals: RunTotals, policies: Mapping[int, str]) -> list[CategoryCard]:
    """The four categories beside each other."""
    everybody = totals.ranking.customers
    return [
        CategoryCard(
            category=total.category,
            name=category_name(total.category),
            url=category_url(total.category),
            customers=total.customers,
            share_of_customers=total.customers / everybody if everybody else None,
            profit=total.profit,
            lifetime_value=total.lifetime_value,
            policy=policies.get(total.category, ""),
        )
        for total in totals.categories
    ]


def key_figures(totals: RunTotals, months: Sequence[RunMonth], currency: str) -> list[KeyFigure]:
    """The six figures that a manager looks at first."""
    line = months[-MONTHS_IN_LINE:]
    return [
        _profit(totals, line, currency),
        _net_revenue(totals, line, currency),
        _customers(totals),
        _customer_equity(totals, currency),
        _best(totals, currency),
        _unused_capacity(totals, currency),
    ]


def key_figures_of_equity(totals: RunTotals, currency: str) -> list[KeyFigure]:
    """What all customers are worth together, and one of them on average."""
    equity, customers = totals.customer_equity, totals.ranking.customers
    each = money(equity / customers, currency) if equity is not None and customers else money(None, currency)
    return [
        _customer_equity(totals, currency),
        KeyFigure(
            label=_("Worth of a customer"),
            value=each,
            hint=_("on average of everybody ranked"),
            formula=_("Customer equity divided by the number of ranked customers."),
            icon="user",
        ),
        _customers(totals),
    ]


def _profit(totals: RunTotals, line: Sequence[RunMonth], currency: str) -> KeyFigure:
    statement = totals.statement
    delta, tone = _change(totals.changes.profit if totals.changes else None, currency)
    share = percent(statement.profit / statement.net_revenue) if statement.net_revenue > 0 else ""
    return KeyFigure(
        label=_("Customer profit"),
        value=compact_money(statement.profit, currency),
        delta=delta,
        delta_tone=tone,
        hint=_("%(share)s of net revenue") % {"share": share} if share else "",
        url=reverse("ranking"),
        formula=_("Net revenue − cost of goods − cost to serve − direct costs, of all customers."),
        icon="report-money",
        values=[float(row.profit) for row in line],
    )


def _net_revenue(totals: RunTotals, line: Sequence[RunMonth], currency: str) -> KeyFigure:
    delta, tone = _change(totals.changes.net_revenue if totals.changes else None, currency)
    anonymous = totals.anonymous.net_revenue
    beside = _("besides %(amount)s of anonymous sales") % {"amount": compact_money(anonymous, currency)}
    return KeyFigure(
        label=_("Net revenue"),
        value=compact_money(totals.statement.net_revenue, currency),
        delta=delta,
        delta_tone=tone,
        hint=beside if anonymous else "",
        url=reverse("orders"),
        formula=_("Gross sales − discounts − returns, with fees and adjustments."),
        icon="coins",
        values=[float(row.net_revenue) for row in line],
    )


def _customers(totals: RunTotals) -> KeyFigure:
    parts = [
        ngettext("%(count)s active", "%(count)s active", totals.active) % {"count": number(totals.active)},
        ngettext("%(count)s former", "%(count)s former", totals.former) % {"count": number(totals.former)},
    ]
    if totals.prospects:
        prospects = ngettext("besides %(count)s prospect", "besides %(count)s prospects", totals.prospects)
        parts.append(prospects % {"count": number(totals.prospects)})
    # The change counts prospects too: with any of them it would not be one of this figure.
    change = totals.changes.customers if totals.changes and not totals.prospects else 0
    return KeyFigure(
        label=_("Customers"),
        value=number(totals.ranking.customers),
        delta=_signed(number(change), change) if change else "",
        delta_tone=_tone(change),
        hint=", ".join(parts),
        url=reverse("customers"),
        formula=_("Everybody who ever ordered: they are ranked. Prospects are not."),
        icon="users",
    )


def _customer_equity(totals: RunTotals, currency: str) -> KeyFigure:
    model = totals.lifetime_model
    delta, tone = _change(totals.changes.customer_equity if totals.changes else None, currency)
    low, high = totals.customer_equity_low, totals.customer_equity_high
    between = ""
    if low is not None and high is not None:
        between = _("between %(low)s and %(high)s") % {
            "low": compact_money(low, currency),
            "high": compact_money(high, currency),
        }
    return KeyFigure(
        label=_("Customer equity"),
        value=compact_money(totals.customer_equity, currency),
        delta=delta,
        delta_tone=tone,
        hint=between,
        url=f"{reverse('ranking')}?sort=-lifetime_value",
        formula=_(
            "The sum of all lifetime values: profit expected of each customer over %(years)s years, net of the cost to "
            "serve, discounted at %(rate)s a year."
        )
        % {"years": number(model.horizon_years), "rate": percent(model.yearly_discount_rate)},
        icon="diamond",
    )


def _best(totals: RunTotals, currency: str) -> KeyFigure:
    best = totals.ranking.best
    words = {"share": percent(best.share_of_customers, digits=0), "count": number(best.customers)}
    if best.share is not None:
        label, value = _("Share of the best %(share)s"), percent(best.share, digits=0)
        hint = ngettext("of the profit, by %(count)s customer", "of the profit, by %(count)s customers", best.customers)
    elif best.customers:
        label, value = _("Profit of the best %(share)s"), compact_money(best.profit, currency)
        hint = ngettext("%(count)s customer", "%(count)s customers", best.customers)
    else:
        label, value, hint = _("Profit of the best"), money(None, currency), _("nobody is ranked yet")
    return KeyFigure(
        label=label % words,
        value=value,
        hint=hint % words,
        url=reverse("ranking"),
        formula=_("Customers are ranked by profit; what the best of them make is divided by the profit of all."),
        icon="trophy",
    )


def _unused_capacity(totals: RunTotals, currency: str) -> KeyFigure:
    costs = totals.reconciliation
    share = percent(costs.unused_capacity / costs.entered) if costs.entered else ""
    return KeyFigure(
        label=_("Unused capacity"),
        value=compact_money(costs.unused_capacity, currency) if costs.entered else money(None, currency),
        hint=_("%(share)s of the costs entered, charged to nobody") % {"share": share}
        if share
        else _("no costs entered"),
        url=reverse("costing"),
        formula=_(
            "Cost of the minutes that people and machines could have worked in time-driven activities but did not."
        ),
        icon="clock",
    )


def _change(amount: Decimal | None, currency: str) -> tuple[str, Literal["good", "bad", "flat"]]:
    """A change of money since the previous run; nothing said where nothing changed."""
    if not amount:
        return "", "flat"
    return _signed(compact_money(amount, currency), amount), _tone(amount)


def _signed(text: str, change: Decimal | int) -> str:
    return f"+{text}" if change > 0 else text


def _tone(change: Decimal | int) -> Literal["good", "bad", "flat"]:
    return "good" if change > 0 else "bad" if change < 0 else "flat"
