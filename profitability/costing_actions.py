"""What changes costings: drafts are copied, filled and given up; published ones stay as they are."""

from django.db import transaction

from profitability.models import Activity, ActivityShare, Costing, CostPool, CostPoolAmount


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
