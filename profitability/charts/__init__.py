"""What the pages of profitability show besides lists: charts and key figures, finished on the server."""

from profitability.charts.drawings import (
    category_name,
    category_url,
    month_url,
    profit_by_category,
    profit_by_month,
    use_of_capacity,
    whale_curve,
)
from profitability.charts.figures import category_cards, key_figures

__all__ = [
    "category_cards",
    "category_name",
    "category_url",
    "key_figures",
    "month_url",
    "profit_by_category",
    "profit_by_month",
    "use_of_capacity",
    "whale_curve",
]
