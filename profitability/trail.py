"""What is recorded of how costs reach customers and how their value is judged: who changed a cost pool, and when."""

from crm_site.lib.trail.registry import Tracked, track
from profitability.models import (
    Activity,
    ActivityShare,
    CategoryPolicy,
    Costing,
    CostPool,
    CostPoolAmount,
    ValuePolicy,
)
from profitability.permissions import SEE_VALUE

_POOL = "(select name from profitability_costpool where id = {row}.pool_id)"
_ACTIVITY = "(select name from profitability_activity where id = {row}.activity_id)"

track(
    Tracked(
        Costing,
        fields=("name", "is_current", "published_at", "default_cost_ratio"),
        title="{row}.name",
        permission=SEE_VALUE,
    ),
    Tracked(
        CostPool,
        fields=("costing", "name", "name_fr", "practical_capacity_minutes", "company_level"),
        title="{row}.name",
        permission=SEE_VALUE,
    ),
    Tracked(
        CostPoolAmount,
        fields=("pool", "month", "amount", "capacity_minutes"),
        title="concat_ws(' · ', " + _POOL + ", to_char({row}.month, 'YYYY-MM'))",
        permission=SEE_VALUE,
    ),
    Tracked(
        Activity,
        fields=(
            "costing",
            "name",
            "name_fr",
            "method",
            "driver",
            "resource",
            "equation",
            "estimated_percent",
            "position",
        ),
        title="{row}.name",
        permission=SEE_VALUE,
    ),
    Tracked(
        ActivityShare,
        fields=("activity", "pool", "percent"),
        title="concat_ws(' · ', " + _ACTIVITY + ", " + _POOL + ")",
        permission=SEE_VALUE,
    ),
    Tracked(
        CategoryPolicy,
        fields=("text", "text_fr"),
        title="{row}.category::text",
        permission=SEE_VALUE,
    ),
    Tracked(
        ValuePolicy,
        fields=("best_share", "fair_profit", "desirable_value", "yearly_discount_rate", "horizon_years"),
        title="''",
        permission=SEE_VALUE,
    ),
)
