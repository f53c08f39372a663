"""The tables of the portfolio: one declaration for the page and for its files."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext, pgettext_lazy

from crm_site.lib.formatting import number
from crm_site.lib.tables import Column, Table
from customers.models.scorecard import Stage
from profitability.portfolio.results import SHORT, Analysis, Concentration, GroupFigures, Mix, Mixes, Outlook
from profitability.portfolio_totals import CustomerPoint, Field, SingleCustomers
from profitability.reports.portfolio_words import APART, MIXES, mix_named
from profitability.tables.heat import HeatCell, HeatRow, HeatTable, shade

STAGES = dict(Stage.choices)


def _of(owner: str, name: str, label: Any, kind: Any, **options: Any) -> Column:
    return Column(name, label, kind, value=lambda row: getattr(getattr(row, owner), name), **options)


RETURN = gettext_lazy("Return a month")
RISK = gettext_lazy("Risk")
PER_RISK = gettext_lazy("Return per risk")
MEAN_HINT = gettext_lazy(
    "Mean of the monthly returns; over the cost of an average month it is all profit over all cost."
)
RISK_HINT = gettext_lazy("Standard deviation of the monthly returns.")


@dataclass(frozen=True, slots=True)
class GroupRow:
    """A group as its table shows it; `url` opens its customers."""

    name: str
    url: str
    figures: GroupFigures
    note: str = ""  # why it stands apart from the others


RETURNS = Table(
    "portfolio-groups",
    gettext_lazy("Return and risk of each group"),
    (
        Column("name", gettext_lazy("Group"), "link", link=lambda row: row.url, note=lambda row: row.note),
        _of("figures", "customers", gettext_lazy("Customers"), "number"),
        _of("figures", "months", gettext_lazy("Months"), "number", hint=gettext_lazy("Whole months with a return.")),
        _of("figures", "cost", gettext_lazy("Cost of a month"), "money"),
        _of("figures", "profit", gettext_lazy("Profit of a month"), "money"),
        _of("figures", "mean", RETURN, "percent", hint=MEAN_HINT),
        _of("figures", "risk", RISK, "percent", hint=RISK_HINT),
        _of("figures", "per_risk", PER_RISK, "number", digits=2),
    ),
)


def group_rows(found: Analysis, names: Mapping[str, str], urls: Mapping[str, str]) -> list[GroupRow]:
    """Every group, and all customers together in the last row."""
    rows = [GroupRow(names[group.key], urls[group.key], group, _note(found, group)) for group in found.groups]
    return [*rows, GroupRow(_("All customers together"), "", found.whole)]


def _note(found: Analysis, group: GroupFigures) -> str:
    """Too few months are told once where no group has more."""
    if not group.problem or found.problem == group.problem == SHORT:
        return ""
    return str(APART[group.problem])


def correlation_table(found: Analysis, names: Mapping[str, str]) -> HeatTable:
    """How groups move together: the darker, the closer; what moves apart has no shade."""
    return HeatTable(
        caption=_("Correlations of monthly returns"),
        corner=_("Group"),
        heads=[names[key] for key in found.compared],
        rows=[
            HeatRow(
                names[key],
                [
                    HeatCell("1", value=1)
                    if at == other
                    else HeatCell(number(value, digits=2), shade(value, 1.0), value=value)
                    for other, value in enumerate(found.correlations[at])
                ],
            )
            for at, key in enumerate(found.compared)
        ],
    )


@dataclass(frozen=True, slots=True)
class MixRow:
    """One mix, all groups together."""

    name: str
    mix: Mix
    moved: float  # money a month that is spent elsewhere than today


COMPARED = Table(
    "portfolio-mixes",
    gettext_lazy("Mixes compared"),
    (
        Column("name", gettext_lazy("Mix")),
        _of("mix", "mean", RETURN, "percent"),
        _of("mix", "risk", RISK, "percent"),
        _of("mix", "per_risk", PER_RISK, "number", digits=2),
        Column("moved", gettext_lazy("To be moved a month"), "money", hint=gettext_lazy("Cost spent on other groups.")),
    ),
)


def mix_rows(mixes: Mixes, cost: float) -> list[MixRow]:
    """Today's mix and the better ones."""
    better = [(str(label), mix_named(mixes, name)) for name, label in MIXES.items()]
    rows = [(_("Today"), mixes.today), *((label, mix) for label, mix in better if mix)]
    return [MixRow(label, mix, cost * _moved(mixes.today, mix)) for label, mix in rows]


def _moved(today: Mix, then: Mix) -> float:
    return sum(max(new - old, 0.0) for old, new in zip(today.weights, then.weights, strict=True))


@dataclass(frozen=True, slots=True)
class MoveRow:
    """What one mix would mean for a group; shares are of all cost."""

    name: str
    url: str
    figures: GroupFigures
    today: float
    then: float
    move: float  # money a month; above zero: more is spent on the group


MOVES = Table(
    "portfolio-mix",
    gettext_lazy("What would have to move"),
    (
        Column("name", gettext_lazy("Group"), "link", link=lambda row: row.url),
        _of("figures", "mean", RETURN, "percent"),
        _of("figures", "risk", RISK, "percent"),
        Column("today", gettext_lazy("Share of cost today"), "percent"),
        Column("then", gettext_lazy("Share in this mix"), "percent"),
        Column(
            "move",
            gettext_lazy("More or less a month"),
            "money",
            hint=gettext_lazy("What is spent on the group: goods, service and direct costs."),
        ),
    ),
)


def move_rows(found: Analysis, aim: Mix, names: Mapping[str, str], urls: Mapping[str, str]) -> list[MoveRow]:
    """Group by group, from today's mix to another."""
    if found.mixes is None:
        return []
    figures = {group.key: group for group in found.groups}
    shares = zip(found.compared, found.mixes.today.weights, aim.weights, strict=True)
    return [
        MoveRow(names[key], urls[key], figures[key], today, then, (then - today) * found.cost)
        for key, today, then in shares
    ]


@dataclass(frozen=True, slots=True)
class PointRow:
    """One customer whom the reader may see."""

    name: str
    url: str
    figures: CustomerPoint


CUSTOMERS = Table(
    "portfolio-customers",
    gettext_lazy("Return and risk of the largest customers"),
    (
        Column("name", gettext_lazy("Customer"), "link", link=lambda row: row.url),
        _of("figures", "months", gettext_lazy("Months"), "number", hint=gettext_lazy("Since the first one.")),
        _of("figures", "revenue", gettext_lazy("Net revenue of a month"), "money"),
        _of("figures", "cost", gettext_lazy("Cost of a month"), "money"),
        _of("figures", "profit", gettext_lazy("Profit of a month"), "money"),
        _of("figures", "mean", RETURN, "percent", hint=gettext_lazy("Profit over cost of all these months.")),
        _of("figures", "risk", RISK, "percent", hint=RISK_HINT),
    ),
)


@dataclass(frozen=True, slots=True)
class FieldRow:
    """Customers on one side of both lines; None for those who are told nowhere."""

    name: str
    field: Field


FIELDS = Table(
    "portfolio-fields",
    gettext_lazy("All customers in four fields"),
    (
        Column("name", gettext_lazy("Customers")),
        _of("field", "customers", pgettext_lazy("column with a count", "Number"), "number"),
        _of("field", "cost", gettext_lazy("Cost of a month"), "money"),
        _of("field", "profit", gettext_lazy("Profit of a month"), "money"),
    ),
)


def field_rows(found: SingleCustomers) -> list[FieldRow]:
    """The four fields, the best first."""
    names = {
        (True, True): _("Return more, and steadier"),
        (True, False): _("Return more, but less steadily"),
        (False, True): _("Return less, but steadily"),
        (False, False): _("Return less, and less steadily"),
    }
    ordered = sorted(found.fields, key=lambda field: list(names).index((field.returns_more, field.is_steadier)))
    return [FieldRow(names[field.returns_more, field.is_steadier], field) for field in ordered]


BEST = Table(
    "portfolio-best",
    gettext_lazy("The ten best customers"),
    (
        Column("name", gettext_lazy("Customer"), "link", link=lambda row: row.url),
        _of("card", "last_order_on", gettext_lazy("Last order"), "date"),
        _of("card", "rank", gettext_lazy("Rank"), "number"),
        _of("card", "net_revenue", gettext_lazy("Net revenue"), "money"),
        _of("card", "gross_margin", gettext_lazy("Gross margin"), "money"),
        _of("card", "cost_to_serve", gettext_lazy("Cost to serve"), "money"),
        _of("card", "profit", gettext_lazy("Profit"), "money"),
        Column("share", gettext_lazy("Share of profit"), "percent"),
    ),
)


@dataclass(frozen=True, slots=True)
class OutlookRow:
    """What is left in one case, beside today."""

    name: str
    profit: float
    profit_lost: float
    margin_lost: float
    idle: float
    share_of_ten: float | None
    effective: float | None


OUTLOOKS = Table(
    "portfolio-what-if",
    gettext_lazy("What if the best left"),
    (
        Column("name", pgettext_lazy("what if", "Case")),
        Column("profit", gettext_lazy("Profit of the others"), "money"),
        Column("profit_lost", gettext_lazy("Profit lost"), "money"),
        Column(
            "margin_lost",
            gettext_lazy("Lost to the company"),
            "money",
            hint=gettext_lazy("Gross margin: what they cost to serve goes on being paid."),
        ),
        Column("idle", gettext_lazy("Capacity unused"), "money", hint=gettext_lazy("What it costs to serve them.")),
        Column("share_of_ten", gettext_lazy("Share of the ten best"), "percent"),
        Column(
            "effective",
            gettext_lazy("Effective number"),
            "number",
            hint=gettext_lazy("As many customers of equal profit would be as concentrated."),
        ),
    ),
)


def outlook_rows(found: Concentration) -> list[OutlookRow]:
    """Today, and what is left if the best or the ten best left."""
    today = OutlookRow(_("Today"), found.profit, 0, 0, 0, found.share_of_ten, found.effective_by_profit)
    return [today, *(_outlook_row(outlook) for outlook in found.outlooks)]


def _outlook_row(outlook: Outlook) -> OutlookRow:
    case = ngettext("The best one left", "The %(count)s best left", outlook.leaving) % {
        "count": number(outlook.leaving)
    }
    return OutlookRow(
        case,
        outlook.profit,
        outlook.profit_lost,
        outlook.margin_lost,
        outlook.idle,
        outlook.share_of_ten,
        outlook.effective,
    )


def best_rows(rows: Sequence[Any], count: int) -> list[Any]:
    """The best as far as their rank goes; a reader may see fewer of them."""
    return [row for row in rows if row.card.rank <= count]
