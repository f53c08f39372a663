"""What changes costings: drafts are copied, filled and given up; published ones stay as they are.

Whoever edits says what they saw. A change to something that somebody else changed meanwhile is refused, and tells what
stands there now; cells of the grid of amounts are compared one by one, so that two people may fill one grid together.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.db import transaction
from django.db.models import Max

from profitability.actions import publish_costing
from profitability.models import Activity, ActivityShare, Costing, CostPool, CostPoolAmount

# What is compared before a change is written, by model.
COMPARED: dict[type, tuple[str, ...]] = {
    Costing: ("name", "default_cost_ratio"),
    CostPool: ("name", "name_fr", "practical_capacity_minutes", "company_level"),
    Activity: ("name", "name_fr", "method", "driver", "resource_id", "equation", "estimated_percent"),
}


class Published(Exception):
    """The costing was published, so nothing of it can be changed any more."""


class ChangedMeanwhile(Exception):
    """Somebody else changed the same things since this person saw them: what stands there now, by name."""

    def __init__(self, present: Mapping[str, str]) -> None:
        super().__init__(", ".join(present))
        self.present = dict(present)


@dataclass(frozen=True, order=True)
class CellKey:
    """A cell of the grid of amounts."""

    pool: int
    month: dt.date
    is_capacity: bool = False

    @property
    def name(self) -> str:
        """What its field in the form is called."""
        return f"{'capacity' if self.is_capacity else 'amount'}-{self.pool}-{self.month:%Y-%m}"


# What stands in cells; none where nothing was entered.
Cells = Mapping[CellKey, Decimal | None]


def stood_in(row: Costing | CostPool | Activity) -> dict[str, str]:
    """What somebody who opens a form sees of a row, as text; shares of cost pools too (1 query for an activity)."""
    values = {name: _text(getattr(row, name)) for name in COMPARED[type(row)]}
    if isinstance(row, Activity) and row.pk:
        values |= {f"share_{share.pool_id}": _text(share.percent) for share in row.shares.all()}
    return values


def _text(value: Any) -> str:
    if value is None:
        return ""
    return f"{value.normalize():f}" if isinstance(value, Decimal) else str(value)


# --- Versions -------------------------------------------------------------------------------------------------------


def begin_costing(*, name: str) -> Costing:
    """A draft without anything in it."""
    return Costing.objects.create(name=name)


@transaction.atomic
def copy_costing(*, costing: Costing, name: str) -> Costing:
    """A draft with everything that the costing holds: cost pools and their amounts, activities and their shares."""
    draft = Costing.objects.create(name=name, default_cost_ratio=costing.default_cost_ratio, copied_from=costing)
    pools = {pool.pk: pool for pool in costing.pools.all()}
    activities = {activity.pk: activity for activity in costing.activities.all()}
    amounts = list(CostPoolAmount.objects.filter(pool__costing=costing))
    shares = list(ActivityShare.objects.filter(activity__costing=costing))
    for pool in pools.values():
        pool.pk, pool.costing = None, draft
    CostPool.objects.bulk_create(pools.values())
    for activity in activities.values():
        activity.pk, activity.costing = None, draft
        activity.resource = None if activity.resource_id is None else pools[activity.resource_id]
    Activity.objects.bulk_create(activities.values())
    for amount in amounts:
        amount.pk, amount.pool = None, pools[amount.pool_id]
    CostPoolAmount.objects.bulk_create(amounts)
    for share in shares:
        share.pk, share.pool, share.activity = None, pools[share.pool_id], activities[share.activity_id]
    ActivityShare.objects.bulk_create(shares)
    return draft


@transaction.atomic
def change_costing(*, costing_id: int, stood: Mapping[str, str], values: Mapping[str, Any]) -> Costing:
    """Write the name and the assumed cost of goods of a draft. Raises Published and ChangedMeanwhile."""
    costing = _draft(costing_id)
    _refuse_changed(costing, stood)
    return _written(costing, values)


@transaction.atomic
def publish(*, costing_id: int, at: dt.datetime) -> Costing:
    """Make a version the one in force from the next recompute on; a draft stays as it is from now on."""
    costing = Costing.objects.select_for_update(of=("self",)).get(pk=costing_id)
    publish_costing(costing=costing, at=at)
    return costing


@transaction.atomic
def delete_draft(*, costing_id: int) -> None:
    """Give a draft up, with everything in it. Raises Published."""
    costing = _draft(costing_id)
    costing.activities.all().delete()  # before the cost pools, which they hold on to
    costing.delete()


# --- Cost pools and activities ---------------------------------------------------------------------------------------


@transaction.atomic
def add_pool(*, costing_id: int, values: Mapping[str, Any]) -> CostPool:
    """A new cost pool of a draft. Raises Published."""
    return _written(CostPool(costing=_draft(costing_id)), values)


@transaction.atomic
def change_pool(*, pool_id: int, stood: Mapping[str, str], values: Mapping[str, Any]) -> CostPool:
    """Write what was edited of a cost pool. Raises Published and ChangedMeanwhile."""
    pool = CostPool.objects.get(pk=pool_id)
    _draft(pool.costing_id)
    pool.refresh_from_db()
    _refuse_changed(pool, stood)
    return _written(pool, values)


@transaction.atomic
def delete_pool(*, pool_id: int) -> None:
    """Take a cost pool and its amounts out of a draft. Raises Published, and ProtectedError while activities use it."""
    pool = CostPool.objects.get(pk=pool_id)
    _draft(pool.costing_id)
    pool.delete()


@transaction.atomic
def add_activity(*, costing_id: int, values: Mapping[str, Any], shares: Mapping[int, Decimal]) -> Activity:
    """A new activity behind the others of a draft, with its shares in per cent by cost pool. Raises Published."""
    costing = _draft(costing_id)
    last = costing.activities.aggregate(last=Max("position"))["last"] or 0
    activity = _written(Activity(costing=costing, position=last + 1), values)
    _write_shares(activity, shares)
    return activity


@transaction.atomic
def change_activity(
    *, activity_id: int, stood: Mapping[str, str], values: Mapping[str, Any], shares: Mapping[int, Decimal]
) -> Activity:
    """Write what was edited of an activity and its shares. Raises Published and ChangedMeanwhile."""
    activity = Activity.objects.get(pk=activity_id)
    _draft(activity.costing_id)
    activity.refresh_from_db()
    _refuse_changed(activity, stood)
    _written(activity, values)
    _write_shares(activity, shares)
    return activity


@transaction.atomic
def delete_activity(*, activity_id: int) -> None:
    """Take an activity and its shares out of a draft. Raises Published."""
    activity = Activity.objects.get(pk=activity_id)
    _draft(activity.costing_id)
    activity.delete()


# --- Amounts --------------------------------------------------------------------------------------------------------


@transaction.atomic
def change_cells(*, costing_id: int, seen_cells: Cells, typed: Cells) -> int:
    """Write the cells that were typed differently from what was seen; how many.

    Raises Published, and ChangedMeanwhile with the cells that somebody else filled differently, having written nothing.
    """
    costing = _draft(costing_id)
    present = cells_of(costing, {key.month for key in typed})
    changed = {key: value for key, value in typed.items() if value != seen_cells.get(key)}
    fought = [key for key, value in changed.items() if present.get(key) not in (seen_cells.get(key), value)]
    if fought:
        raise ChangedMeanwhile({key.name: _text(present.get(key)) for key in fought})
    _write_cells(costing, {key: value for key, value in changed.items() if value != present.get(key)}, present)
    return len(changed)


@transaction.atomic
def fill_cells(*, costing_id: int, cells: Cells) -> int:
    """Write cells whatever stood there before, as a file says; how many were different. Raises Published."""
    costing = _draft(costing_id)
    present = cells_of(costing, {key.month for key in cells})
    different = {key: value for key, value in cells.items() if value != present.get(key)}
    _write_cells(costing, different, present)
    return len(different)


@transaction.atomic
def copy_month(*, costing_id: int, source: dt.date, target: dt.date) -> int:
    """Fill the empty cells of a month from another one; how many were filled. Raises Published."""
    costing = _draft(costing_id)
    present = cells_of(costing, {source, target})
    filled = {
        CellKey(key.pool, target, key.is_capacity): value
        for key, value in present.items()
        if key.month == source and present.get(CellKey(key.pool, target, key.is_capacity)) is None
    }
    _write_cells(costing, filled, present)
    return len(filled)


def cells_of(costing: Costing, months: Iterable[dt.date]) -> dict[CellKey, Decimal | None]:
    """What was entered for these months (1 query)."""
    cells: dict[CellKey, Decimal | None] = {}
    for row in CostPoolAmount.objects.filter(pool__costing=costing, month__in=list(months)):
        cells[CellKey(row.pool_id, row.month)] = row.amount
        if row.capacity_minutes is not None:
            cells[CellKey(row.pool_id, row.month, True)] = row.capacity_minutes
    return cells


def _write_cells(costing: Costing, cells: Cells, present: Cells) -> None:
    """Write cells of the costing's own pools; a month without an amount has no row, and so no capacity either."""
    own = set(costing.pools.values_list("pk", flat=True))
    places = {(key.pool, key.month) for key in cells if key.pool in own}
    after = dict(present) | dict(cells)
    kept = [place for place in places if after.get(CellKey(*place)) is not None]
    rows = [
        CostPoolAmount(pool_id=pool, month=month, amount=amount, capacity_minutes=after.get(CellKey(pool, month, True)))
        for pool, month in sorted(kept)
        if (amount := after[CellKey(pool, month)]) is not None
    ]
    for pool, month in places - set(kept):
        CostPoolAmount.objects.filter(pool_id=pool, month=month).delete()
    CostPoolAmount.objects.bulk_create(
        rows,
        update_conflicts=True,
        unique_fields=["pool", "month"],
        update_fields=["amount", "capacity_minutes"],
    )


# --- What they share ------------------------------------------------------------------------------------------------


def _draft(costing_id: int) -> Costing:
    """The costing, held until the change is written."""
    costing = Costing.objects.select_for_update(of=("self",)).get(pk=costing_id)
    if not costing.is_draft:
        raise Published
    return costing


def _refuse_changed(row: Costing | CostPool | Activity, stood: Mapping[str, str]) -> None:
    present = stood_in(row)
    names = [name for name in {**present, **stood} if present.get(name, "") != stood.get(name, "")]
    if names:
        raise ChangedMeanwhile({name: present.get(name, "") for name in names})


def _written(row: Any, values: Mapping[str, Any]) -> Any:
    for name, value in values.items():
        setattr(row, name, value)
    row.save()
    return row


def _write_shares(activity: Activity, shares: Mapping[int, Decimal]) -> None:
    activity.shares.exclude(pool__in=shares).delete()
    present = {share.pool_id: share for share in activity.shares.all()}
    for pool_id, percent in shares.items():
        share = present.get(pool_id) or ActivityShare(activity=activity, pool_id=pool_id)
        if share.percent != percent:
            share.percent = percent
            share.save()
