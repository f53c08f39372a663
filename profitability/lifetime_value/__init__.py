"""Lifetime value of customers who may leave without saying so: BG/NBD, Gamma-Gamma, and value net of cost to serve.

Pure: numpy and scipy only. Data scientists may import it alone:

    x, t_x, T, m = summarise({"customer": ids, "date": dates, "value": values}, end)
    model, spend = fit_bgnbd(x, t_x, T), fit_gamma_gamma(x, m)
    expected_purchases(model, x, t_x, T, 52)

Which of the models to trust, on one's own orders: `backtest`. Customers under contract: `fit_sbg`, `contract_value`.
"""

from profitability.lifetime_value.backtest import PAST_SPEND, Backtest, backtest
from profitability.lifetime_value.base import ServiceCost
from profitability.lifetime_value.bgnbd import BgNbd, MbgNbd, fit_bgnbd, fit_mbgnbd, fit_or_assume_bgnbd
from profitability.lifetime_value.contracts import Subscribers, contract_value
from profitability.lifetime_value.errors import LifetimeValueError
from profitability.lifetime_value.fits import FITS, FittedModel, fit_or_assume
from profitability.lifetime_value.gamma_gamma import (
    GammaGamma,
    expected_average_value,
    fit_gamma_gamma,
    fit_or_assume_gamma_gamma,
)
from profitability.lifetime_value.interval import Equity, EquityParts
from profitability.lifetime_value.ledger import Ledger
from profitability.lifetime_value.measures import Accuracy, accuracy, normalised_gini
from profitability.lifetime_value.nbd import CustomerLoss
from profitability.lifetime_value.outlook import (
    Horizon,
    PurchaseModel,
    expected_orders_by_period,
    expected_purchases,
    expected_purchases_new,
    probability_alive,
    probability_of_no_order,
)
from profitability.lifetime_value.pareto_nbd import ParetoNbd, fit_pareto_nbd
from profitability.lifetime_value.sbg import ShiftedBetaGeometric, fit_or_assume_sbg, fit_sbg
from profitability.lifetime_value.season import Season, find_season
from profitability.lifetime_value.summary import Summary, collapse, summarise
from profitability.lifetime_value.tracking import Tracking, track
from profitability.lifetime_value.value import LifetimeValues, ValueNote, lifetime_value

__all__ = [
    "FITS",
    "PAST_SPEND",
    "Accuracy",
    "Backtest",
    "BgNbd",
    "CustomerLoss",
    "Equity",
    "EquityParts",
    "FittedModel",
    "GammaGamma",
    "Horizon",
    "Ledger",
    "LifetimeValueError",
    "LifetimeValues",
    "MbgNbd",
    "ParetoNbd",
    "PurchaseModel",
    "Season",
    "ServiceCost",
    "ShiftedBetaGeometric",
    "Subscribers",
    "Summary",
    "Tracking",
    "ValueNote",
    "accuracy",
    "backtest",
    "collapse",
    "contract_value",
    "expected_average_value",
    "expected_orders_by_period",
    "expected_purchases",
    "expected_purchases_new",
    "find_season",
    "fit_bgnbd",
    "fit_gamma_gamma",
    "fit_mbgnbd",
    "fit_or_assume",
    "fit_or_assume_bgnbd",
    "fit_or_assume_gamma_gamma",
    "fit_or_assume_sbg",
    "fit_pareto_nbd",
    "fit_sbg",
    "lifetime_value",
    "normalised_gini",
    "probability_alive",
    "probability_of_no_order",
    "summarise",
    "track",
]
