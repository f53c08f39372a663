"""What the page about recency, frequency and value reads: everybody by their classes, added up."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from decimal import Decimal

from django.db.models import Avg, Count, Max, Min, Sum
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from crm_site.lib.plain import plain, revived
from crm_site.lib.remembered import remembered
from customers.models import Run, Scorecard
from profitability.answer_actions import answer_about

BEST = 5
CLASSES = tuple(range(BEST, 0, -1))


@dataclass(frozen=True, slots=True)
class Cell:
    """The customers of one combination of classes."""

    recency: int
    frequency: int
    spending: int
    customers: int
    profit: Decimal
    lifetime_value: Decimal
    risk: float  # churn risks added up
    orders: tuple[int, int]  # fewest and most
    revenue: tuple[Decimal, Decimal]
    last_order: tuple[dt.date, dt.date]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of the grid of recency and frequency that deserves a name."""

    name: str | Promise
    advice: str | Promise
    recency: tuple[int, int]
    frequency: tuple[int, int]

    def holds(self, cell: Cell) -> bool:
        """Whether a combination belongs to it."""
        return _within(cell.recency, self.recency) and _within(cell.frequency, self.frequency)

    @property
    def url(self) -> str:
        """Its customers."""
        return customers_url(recency=self.recency, frequency=self.frequency)


# Together the whole grid, each combination once.
PARTS = (
    Part(_("Frequent and lately"), _("Keep and delight: they carry the business."), (4, 5), (4, 5)),
    Part(_("Frequent, a while ago"), _("Remind: their next order is due."), (3, 3), (4, 5)),
    Part(_("Frequent once, silent now"), _("Win back first: they know us and have stopped."), (1, 2), (4, 5)),
    Part(_("Rare, but lately"), _("Lead to the next order while we are remembered."), (4, 5), (1, 3)),
    Part(_("Rare, a while ago"), _("One good reason to come back, at little cost."), (3, 3), (1, 3)),
    Part(_("Rare and silent"), _("Spend little: most have left."), (1, 2), (1, 3)),
)


@dataclass(frozen=True, slots=True)
class Group:
    """Some combinations together."""

    customers: int
    profit: Decimal
    lifetime_value: Decimal
    risk: float | None  # mean churn risk; None where there is nobody


@dataclass(frozen=True, slots=True)
class Classes:
    """The combinations that occur in a run."""

    run: Run
    cells: tuple[Cell, ...]


@remembered(seconds=60)
def classes_now() -> Classes | None:
    """Those of the run that readers see, as it stood in the last minute (2 queries); none without figures."""
    run = Run.objects.current_head()
    if run is None or not run.has_rows:
        return None
    found = answer_about(run, "classes", lambda: [plain(asdict(cell)) for cell in _cells(run)])
    return Classes(run, tuple(revived(Cell, cell) for cell in found))


def _cells(run: Run) -> tuple[Cell, ...]:
    cards = Scorecard.objects.in_run(run).filter(rfm__isnull=False).values("rfm")
    found = cards.annotate(
        customers=Count("customer_id"),
        sum_profit=Sum("profit"),
        value=Sum("lifetime_value"),
        risk=Avg("churn_risk"),
        fewest=Min("orders"),
        most=Max("orders"),
        least=Min("net_revenue"),
        largest=Max("net_revenue"),
        earliest=Min("last_order_on"),
        latest=Max("last_order_on"),
    )
    return tuple(
        Cell(
            recency=(row["rfm"] or 0) // 100,
            frequency=(row["rfm"] or 0) // 10 % 10,
            spending=(row["rfm"] or 0) % 10,
            customers=row["customers"],
            profit=row["sum_profit"],
            lifetime_value=row["value"] or Decimal(0),
            risk=(row["risk"] or 0.0) * row["customers"],
            orders=(row["fewest"], row["most"]),
            revenue=(row["least"], row["largest"]),
            last_order=(row["earliest"], row["latest"]),
        )
        for row in found
    )


def added_up(cells: Iterable[Cell]) -> Group:
    """Some combinations as one group."""
    held = list(cells)
    customers = sum(cell.customers for cell in held)
    return Group(
        customers=customers,
        profit=sum((cell.profit for cell in held), Decimal(0)),
        lifetime_value=sum((cell.lifetime_value for cell in held), Decimal(0)),
        risk=sum(cell.risk for cell in held) / customers if customers else None,
    )


def customers_url(**classes: tuple[int, int]) -> str:
    """The customer list of some classes: `recency`, `frequency` or `spending`, each from and to."""
    conditions = [
        f"{name}:is:{low}" if low == high else f"{name}:between:{low},{high}" for name, (low, high) in classes.items()
    ]
    return f"{reverse('customers')}?where={';'.join(conditions)}"


def _within(number: int, limits: tuple[int, int]) -> bool:
    return limits[0] <= number <= limits[1]
