"""Lifetime value of customers who may leave without saying so: BG/NBD, Gamma-Gamma, and value net of cost to serve.

Pure: numpy and scipy only. Data scientists may import it alone:

    x, t_x, T, m = summarise({"customer": ids, "date": dates, "value": values}, end)
    model, spend = fit_bgnbd(x, t_x, T), fit_gamma_gamma(x, m)
    expected_purchases(model, x, t_x, T, 52)
"""

from .base import ServiceCost
from .bgnbd import BgNbd, CustomerLoss, fit_bgnbd, fit_or_assume_bgnbd
from .errors import LifetimeValueError
from .gamma_gamma import GammaGamma, expected_average_value, fit_gamma_gamma, fit_or_assume_gamma_gamma
from .interval import Equity
from .outlook import Horizon, PurchaseModel, expected_purchases, expected_purchases_new, probability_alive
from .summary import Summary, collapse, summarise
from .value import LifetimeValues, ValueNote, lifetime_value

__all__ = [
    "BgNbd",
    "CustomerLoss",
    "Equity",
    "GammaGamma",
    "Horizon",
    "LifetimeValueError",
    "LifetimeValues",
    "PurchaseModel",
    "ServiceCost",
    "Summary",
    "ValueNote",
    "collapse",
    "expected_average_value",
    "expected_purchases",
    "expected_purchases_new",
    "fit_bgnbd",
    "fit_gamma_gamma",
    "fit_or_assume_bgnbd",
    "fit_or_assume_gamma_gamma",
    "lifetime_value",
    "probability_alive",
    "summarise",
]
