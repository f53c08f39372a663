"""The customer × product matrix of a run: asked for, computed once, and gone with the run's rows.

It is not part of the recompute: that reads orders only as far as customers need it, and every second there is a second
that everybody waits for new figures. What is kept are some hundred cells for each way of grouping, so the size of the
table does not grow with customers; single customers are asked of their own order lines, a page of them at a time. What
those with very many orders bought is kept with the run besides, since nobody waits for so many lines.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import AbstractUser, AnonymousUser
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm_site.lib.jobs.actions import enqueue
from crm_site.lib.jobs.models import Job
from crm_site.lib.jobs.registry import JobKind
from crm_site.lib.remembered import Lately
from customers.forms import members_in_sql
from customers.models import OrderLine, Run, Segment
from profitability.matrix import TOTAL, Amounts, Exact, Group, Matrix, add_up, column_totals
from profitability.matrix_statements import (
    TRAITS,
    Basis,
    Bought,
    best_selling,
    bought_by_frequent,
    bought_by_members,
    bought_by_nobody,
    bought_by_trait,
    gather_lines,
    net_sales_of_lines,
    totals_by_trait,
    totals_of_members,
)
from profitability.matrix_totals import ANONYMOUS_ROW, COMPANY_ROW, NO_FAMILY, OTHERS, MatrixTotals
from profitability.models import Costing, ProductMatrix, RunAnswer
from profitability.totals import RunTotals, Statement

# So many order lines are added up while somebody waits for the page; more in the background.
AT_ONCE = 100_000
MOST_GROUPS, MOST_SEGMENTS = 40, 60
MOST_PRODUCTS, MOST_FAMILIES = 24, 40
MANY_ORDERS, MOST_KEPT = 50, 5_000
COLUMNS = ("family", "product")
SEGMENT = "segment"


def _matrix_page(job: Job) -> str:
    return reverse("matrix")


MATRIX = JobKind(
    "matrix",
    label=_("Customer × product matrix"),
    stages={"lines": _("Adding up order lines")},
    result_url=_matrix_page,
    result_label=_("See the matrix"),
)


# Computed ones never change, so a process reads each once.
COMPUTED: Lately[int, ProductMatrix] = Lately(seconds=600, most=4)
MATRICES: Lately[tuple[int, dt.datetime | None], MatrixTotals] = Lately(seconds=600, most=4)
KEPT: Lately[tuple[int, int], list[Bought]] = Lately(seconds=600, most=200)
BASES: Lately[tuple[int, tuple[int, ...]], Basis] = Lately(seconds=600, most=10)


def matrix_for(*, run: Run, by: AbstractUser | AnonymousUser | None = None) -> ProductMatrix:
    """The matrix of a run: computed at once where there are few order lines, else by a job that it names.

    1 query where it was computed before, and none where this process knows that.
    """
    if (computed := COMPUTED.told(run.pk)) is not None:
        return computed
    matrix, _created = ProductMatrix.objects.select_related("job").defer("totals").get_or_create(run=run)
    if matrix.computed_at:
        return COMPUTED.keep(run.pk, matrix)
    if lines_about() <= AT_ONCE:
        return COMPUTED.keep(run.pk, compute_matrix(run_id=run.pk))
    if matrix.job is None or not matrix.job.is_active:
        matrix.job = enqueue(kind=MATRIX, params={"run": run.pk}, requested_by=by, dedupe_key=f"matrix:{run.pk}")
        matrix.save(update_fields=["job"])
    return matrix


def totals_of(matrix: ProductMatrix) -> MatrixTotals:
    """The sums of a matrix that was computed: they never change, so they are read once (1 query, then none)."""
    question = (matrix.pk, matrix.computed_at)
    return MATRICES.told(question) or MATRICES.keep(question, MatrixTotals.from_json(matrix.totals))


def lines_about() -> int:
    """How many order lines there are, as the database remembers it (1 query)."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT reltuples FROM pg_class WHERE oid = %s::regclass", [OrderLine._meta.db_table])
        return int(cursor.fetchone()[0])


@transaction.atomic
def compute_matrix(*, run_id: int) -> ProductMatrix:
    """Add up all order lines by group and product; done already, it stays as it is."""
    matrix = ProductMatrix.objects.select_for_update(of=("self",)).select_related("run").get(run_id=run_id)
    if matrix.computed_at:
        return matrix
    totals = RunTotals.from_json(matrix.run.totals)
    found = _add_everything_up(matrix.run, totals)
    matrix.totals, matrix.computed_at = found.as_json(), timezone.now()
    matrix.save(update_fields=["totals", "computed_at"])
    ProductMatrix.objects.filter(run__has_rows=False).delete()
    return matrix


def basis_of(run: Run, totals: RunTotals, products: Iterable[int]) -> Basis:
    """How the run values lines: its costing was published and never changes (1 query, then none)."""
    question = (run.pk, tuple(products))
    return BASES.told(question) or BASES.keep(question, _basis_of(run, totals, question[1]))


def _basis_of(run: Run, totals: RunTotals, products: Sequence[int]) -> Basis:
    costing = Costing.objects.filter(name=totals.costing, published_at__isnull=False).order_by("-published_at").first()
    return Basis(run, totals.drivers, costing.default_cost_ratio if costing else None, products)


def _keep_frequent(basis: Basis) -> None:
    """Lay aside what customers with very many orders bought (2 queries)."""
    bought: dict[str, list[Any]] = defaultdict(list)
    for each in bought_by_frequent(basis, orders=MANY_ORDERS, most=MOST_KEPT):
        bought[each.key].append([each.family, each.product, *astuple(each.exact)])
    answers = [RunAnswer(run=basis.run, question=_asks_for(key), answer=rows) for key, rows in bought.items()]
    RunAnswer.objects.bulk_create(answers, ignore_conflicts=True)


def kept_purchases(run: Run, customers: Iterable[int]) -> dict[str, list[Bought]]:
    """What those of these customers bought of whom it was laid aside, by their number (1 query, then none)."""
    told = {key: KEPT.told((run.pk, key)) for key in customers}
    unknown = [key for key, bought in told.items() if bought is None]
    if unknown:
        # It is laid aside when the matrix is made and never later: of whom there is nothing, there never will be.
        found = _laid_aside(run, unknown)
        told |= {key: KEPT.keep((run.pk, key), found.get(key, [])) for key in unknown}
    return {str(key): bought for key, bought in told.items() if bought}


def _laid_aside(run: Run, customers: Iterable[int]) -> dict[int, list[Bought]]:
    asked = {_asks_for(key): key for key in customers}
    answers = RunAnswer.objects.filter(run=run, question__in=list(asked)).values_list("question", "answer")
    return {
        asked[question]: [
            Bought(str(asked[question]), family, product, Exact(*exact)) for family, product, *exact in answer
        ]
        for question, answer in answers
    }


def _asks_for(customer: int | str) -> str:
    return f"bought by {customer}"


def _add_everything_up(run: Run, totals: RunTotals) -> MatrixTotals:
    """Every grouping of one run (1 query for each trait and 2 for each segment, besides a few)."""
    basis = basis_of(run, totals, best_selling(MOST_PRODUCTS))
    gather_lines(basis)
    _keep_frequent(basis)
    nobody = list(bought_by_nobody(basis))
    by_trait = {trait: list(bought_by_trait(basis, trait)) for trait in TRAITS}
    everything = [*nobody, *by_trait["category"]]
    accounts = {trait: totals_by_trait(run, trait) for trait in TRAITS}
    apart = [*([_anonymous(totals, nobody)] if nobody or totals.anonymous.net_revenue else []), _company_level(totals)]
    matrices: dict[tuple[str, str], Matrix] = {}
    for by in COLUMNS:
        columns = _columns(by, everything, basis)
        for trait, bought in by_trait.items():
            groups = _ordered(trait, _groups(by, columns, bought, accounts[trait]))
            rows = [*groups, *(_narrowed(by, columns, group, lines) for group, lines in apart)]
            matrices[trait, by] = add_up(rows, columns, everybody=_everybody(rows))
        rows = _segments(by, columns, basis)
        whole = matrices["category", by].total
        everybody = Group(TOTAL, whole.customers, whole.total)
        matrices[SEGMENT, by] = add_up(rows, columns, everybody=everybody, overlapping=True)
    return MatrixTotals(matrices, _cents(_net_sales(totals)) != net_sales_of_lines(run))


def column_of(by: str, bought: Bought) -> str:
    """The column that a product stands in, before small ones are put together."""
    if by == "product":
        return str(bought.product) if bought.product else OTHERS
    return str(bought.family)


def _columns(by: str, everything: Iterable[Bought], basis: Basis) -> dict[str, Amounts]:
    """The columns, best-selling first, with their totals over everybody; small families stand together at the end."""
    found = _by_column(by, everything)
    last = {OTHERS, NO_FAMILY}
    order = sorted(found, key=lambda key: (key in last, -found[key].net_revenue, key))
    kept = order if by == "product" else order[:MOST_FAMILIES]
    merged = {key: found[key] for key in kept}
    for key in order[len(kept) :]:
        merged[OTHERS] = merged.get(OTHERS, Exact()) + found[key]
    return column_totals(merged)


def _by_column(by: str, lines: Iterable[Bought], columns: Mapping[str, Amounts] | None = None) -> dict[str, Exact]:
    """What was bought by column; a family without a column of its own belongs to the others."""
    found: dict[str, Exact] = {}
    for bought in lines:
        key = column_of(by, bought)
        if columns is not None and key not in columns:
            key = OTHERS
        found[key] = found.get(key, Exact()) + bought.exact
    return found


def _groups(
    by: str, columns: Mapping[str, Amounts], lines: Iterable[Bought], accounts: Mapping[str, tuple[int, Amounts]]
) -> list[Group]:
    of_group: dict[str, list[Bought]] = defaultdict(list)
    for bought in lines:
        of_group[bought.key].append(bought)
    return [
        Group(key, customers, total, _by_column(by, of_group[key], columns))
        for key, (customers, total) in accounts.items()
    ]


def _ordered(trait: str, groups: list[Group]) -> list[Group]:
    """Categories in their order; else the groups with the largest net revenue first, and small ones as one."""
    if trait == "category":
        return sorted(groups, key=lambda group: group.key or OTHERS)
    order = sorted(groups, key=lambda group: (-group.total.net_revenue, group.key))
    return [*order[:MOST_GROUPS], *([together(OTHERS, order[MOST_GROUPS:])] if len(order) > MOST_GROUPS else [])]


def together(key: str, groups: Iterable[Group]) -> Group:
    """Several groups as one."""
    customers, total, bought = 0, Amounts(), dict[str, Exact]()
    for group in groups:
        customers, total = customers + group.customers, total + group.total
        for column, exact in group.bought.items():
            bought[column] = bought.get(column, Exact()) + exact
    return Group(key, customers, total, bought)


def _everybody(groups: Iterable[Group]) -> Group:
    return together(TOTAL, groups)


def _segments(by: str, columns: Mapping[str, Amounts], basis: Basis) -> list[Group]:
    rows = []
    for segment in Segment.objects.order_by("name")[:MOST_SEGMENTS]:
        members, parameters = members_in_sql(segment, basis.run)
        customers, total = totals_of_members(basis.run, members, parameters)
        bought = _by_column(by, bought_by_members(basis, members, parameters), columns)
        rows.append(Group(str(segment.pk), customers, total, bought))
    return rows


def _anonymous(totals: RunTotals, lines: list[Bought]) -> tuple[Group, list[Bought]]:
    return Group(ANONYMOUS_ROW, 0, _account(totals.anonymous)), lines


def _company_level(totals: RunTotals) -> tuple[Group, list[Bought]]:
    """Costs that nobody is charged: unused capacity and what is kept at company level, less overload."""
    costs = totals.reconciliation
    uncharged = costs.unused_capacity + costs.company_level + costs.rounding_difference - costs.overload
    return Group(COMPANY_ROW, 0, Amounts(cost_to_serve=_cents(uncharged))), []


def _narrowed(by: str, columns: Mapping[str, Amounts], group: Group, lines: list[Bought]) -> Group:
    return Group(group.key, group.customers, group.total, _by_column(by, lines, columns))


def _account(statement: Statement) -> Amounts:
    return Amounts(
        _cents(statement.net_revenue),
        _cents(statement.cost_of_goods),
        _cents(statement.cost_to_serve),
        _cents(statement.direct_costs),
    )


def _net_sales(totals: RunTotals) -> Decimal:
    return sum(
        (part.net_revenue for part in (totals.statement, totals.prospects_statement, totals.anonymous)), Decimal(0)
    )


def _cents(amount: Decimal) -> int:
    return int(amount.scaleb(2))
