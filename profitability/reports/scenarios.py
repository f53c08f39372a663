"""What the pages of what-if read: groups and products that levers may be about, and the results of scenarios."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from crm_site.lib.formatting import labelled
from customers.models import Run
from customers.models.moment import Channel
from profitability.matrix_actions import totals_of
from profitability.matrix_totals import ANONYMOUS_ROW, COMPANY_ROW, NO_FAMILY, OTHERS, MatrixTotals
from profitability.models import ProductMatrix, RunPool, Scenario
from profitability.reports.matrix_names import COLUMNS, CUSTOMERS, ROWS, column_names, row_names, visible_segments
from profitability.reports.scenario_words import EVERYBODY
from profitability.totals import RunTotals
from profitability.what_if.levers import Lever
from profitability.what_if.outcome import Outcome

SEPARATOR = ":"
NOT_A_GROUP = (OTHERS, ANONYMOUS_ROW, COMPANY_ROW)
Choices = list[tuple[str, str | Promise] | tuple[str | Promise, list[tuple[str, str]]]]


@dataclass(frozen=True)
class Targets:
    """What levers may be about: groups of customers, families and products, channels and cost pools."""

    groups: Choices
    products: Choices
    channels: list[tuple[str, str]]
    pools: list[tuple[str, str]]


@dataclass(frozen=True)
class Named:
    """Names of the groups, products and cost pools of some levers, by their keys."""

    groups: dict[str, str]
    products: dict[str, str]
    pools: dict[str, str]

    def group(self, lever: Lever) -> str:
        return self.groups.get(group_key(lever), str(EVERYBODY))

    def product(self, lever: Lever) -> str:
        return self.products.get(product_key(lever), _("all goods"))

    def choice(self, lever: Lever) -> str:
        """The channel or cost pool."""
        if lever.kind == "service":
            return str(dict(Channel.choices).get(lever.choice, lever.choice))
        return self.pools.get(lever.choice, lever.choice)


def group_key(lever: Lever) -> str:
    """A lever's group as forms carry it; empty for everybody."""
    return f"{lever.rows}{SEPARATOR}{lever.row}" if lever.rows else ""


def product_key(lever: Lever) -> str:
    return f"{lever.columns}{SEPARATOR}{lever.column}" if lever.column else ""


def targets(run: Run, user: AbstractUser | AnonymousUser) -> Targets:
    """Everything that levers of a run can be about (8 queries)."""
    stored = ProductMatrix.objects.filter(run=run, computed_at__isnull=False).defer("totals").first()
    matrices = totals_of(stored) if stored else MatrixTotals({})
    groups: Choices = [("", EVERYBODY)]
    products: Choices = [("", _("all goods"))]
    for by, label in ROWS.items():
        if found := _groups(matrices, by, user):
            groups.append((label, found))
    for by, label in COLUMNS.items():
        if columns := _products(matrices, by):
            products.append((label, columns))
    codes = {code.partition("_")[2] for code in RunTotals.from_json(run.totals).drivers if code.startswith(CONTACTS)}
    return Targets(
        groups,
        products,
        [(value, str(label)) for value, label in Channel.choices if value in codes],
        [(pool.name, pool.label) for pool in RunPool.objects.filter(run=run, pool__isnull=False)],
    )


CONTACTS = ("contacts_", "minutes_")


def _groups(matrices: MatrixTotals, by: str, user: AbstractUser | AnonymousUser) -> list[tuple[str, str]]:
    matrix = matrices.of(by, "family")
    keys = [row.key for row in matrix.rows if row.key not in NOT_A_GROUP] if matrix else []
    if by == "segment" and keys:
        seen = visible_segments(user)
        keys = [key for key in keys if key in seen]
    names = row_names(by, keys) if keys else {}
    return [(f"{by}{SEPARATOR}{key}", names.get(key, key)) for key in keys]


def _products(matrices: MatrixTotals, by: str) -> list[tuple[str, str]]:
    matrix = matrices.of("category", by)
    keys = [key for key in matrix.columns if key != OTHERS and (by == "product" or key != NO_FAMILY)] if matrix else []
    names = column_names(by, keys) if keys else {}
    return [(f"{by}{SEPARATOR}{key}", names.get(key, key)) for key in keys]


def names_of(levers: Iterable[Lever]) -> Named:
    """What levers are about, by name (1 query for each kind of group and of product, 1 for cost pools)."""
    every = list(levers)
    groups: dict[str, str] = {}
    products: dict[str, str] = {}
    for by in {lever.rows for lever in every} & {*ROWS, CUSTOMERS}:
        keys = {lever.row for lever in every if lever.rows == by}
        names = row_names(by, keys)
        # Somebody's name says enough by itself; what a segment, category or town is called may not.
        told = {key: names.get(key, key) for key in keys}
        named = told if by == CUSTOMERS else {key: labelled(ROWS[by], name) for key, name in told.items()}
        groups |= {f"{by}{SEPARATOR}{key}": name for key, name in named.items()}
    for by in {lever.columns for lever in every if lever.column} & {*COLUMNS}:
        keys = {lever.column for lever in every if lever.columns == by}
        names = column_names(by, keys)
        products |= {f"{by}{SEPARATOR}{key}": names.get(key, key) for key in keys}
    chosen = {lever.choice for lever in every if lever.kind == "pool"}
    pools = RunPool.objects.filter(run__is_current=True, name__in=chosen) if chosen else ()
    return Named(groups, products, {pool.name: pool.label for pool in pools})


def outcome_of(scenario: Scenario) -> Outcome | None:
    """What a scenario came to; None while it is being worked out, or where a problem keeps it from that (no query)."""
    return Outcome.from_json(scenario.result) if scenario.result and "problem" not in scenario.result else None


def levers_of(scenario: Scenario) -> list[Lever]:
    return [Lever.from_json(lever) for lever in scenario.levers]


def compared(scenarios: Sequence[Scenario]) -> list[tuple[Scenario, Outcome]]:
    """Those of these scenarios that have a result (no query)."""
    found = [(scenario, outcome_of(scenario)) for scenario in scenarios]
    return [(scenario, outcome) for scenario, outcome in found if outcome]
