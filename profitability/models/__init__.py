"""The nouns of costing and of the figures that it leads to, one module each."""

from profitability.models.activity import Activity, ActivityShare, TimeTerm
from profitability.models.comparison import ModelComparison, PurchaseModel
from profitability.models.costing import Costing, CostPool, CostPoolAmount
from profitability.models.equity import EquityBridge
from profitability.models.figures import ActivityRate, CustomerMonth, RunActivity, RunMonth
from profitability.models.period import PeriodFigure, PeriodRanking
from profitability.models.policy import CategoryPolicy, ValuePolicy

__all__ = [
    "Activity",
    "ActivityRate",
    "ActivityShare",
    "CategoryPolicy",
    "CostPool",
    "CostPoolAmount",
    "Costing",
    "CustomerMonth",
    "EquityBridge",
    "ModelComparison",
    "PeriodFigure",
    "PeriodRanking",
    "PurchaseModel",
    "RunActivity",
    "RunMonth",
    "TimeTerm",
    "ValuePolicy",
]
