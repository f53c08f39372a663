"""What the pages of profitability show besides lists: charts and key figures, finished on the server."""

from profitability.charts.accounts import profit_of_customer
from profitability.charts.drawings import (
    category_name,
    category_url,
    curve_around,
    month_url,
    profit_by_category,
    profit_by_month,
    use_of_capacity,
    whale_curve,
)
from profitability.charts.figures import category_cards, key_figures, key_figures_of_equity
from profitability.charts.groups import profit_by_group, profit_by_size, return_by_size

__all__ = [
    "category_cards",
    "category_name",
    "category_url",
    "curve_around",
    "key_figures",
    "key_figures_of_equity",
    "month_url",
    "profit_by_category",
    "profit_by_group",
    "profit_by_month",
    "profit_by_size",
    "profit_of_customer",
    "return_by_size",
    "use_of_capacity",
    "whale_curve",
]
