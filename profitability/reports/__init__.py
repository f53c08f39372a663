"""What pages read of profitability: frozen values, each function with its number of queries.

sentences        what the whale curve says, in words
dashboard        the current run as managers see it first
profit_and_loss  the account of one customer, to the cent of the run
costing          cost pools, activities, rates, and where each month's costs went
runs             how each recompute went and what it changed
notices          what should be known before figures are trusted
beginning        the way from an empty installation to its first figures
model_words      the lifetime models in plain words
"""

from profitability.reports.profit_and_loss import CustomerProfitAndLoss, customer_profit_and_loss

__all__ = ["CustomerProfitAndLoss", "customer_profit_and_loss"]
