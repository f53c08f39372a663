"""The nouns of costing and of the figures that it leads to, one module each."""

from profitability.models.activity import Activity, ActivityShare
from profitability.models.answers import RunAnswer
from profitability.models.cohorts import RunCohorts
from profitability.models.comparison import ModelComparison, PurchaseModel
from profitability.models.costing import Costing, CostPool, CostPoolAmount
from profitability.models.equity import EquityBridge
from profitability.models.family import MainFamily
from profitability.models.figures import ActivityRate, CustomerMonth, ReadAnew, RunActivity, RunMonth
from profitability.models.history import ValuePoint, ValueSnapshot
from profitability.models.matrix import ProductMatrix
from profitability.models.period import PeriodFigure, PeriodRanking
from profitability.models.policy import CategoryPolicy, ValuePolicy
from profitability.models.pools import RunPool, RunPoolMonth
from profitability.models.portfolio import PortfolioAnalysis, RunPortfolio
from profitability.models.profit import ProfitChange
from profitability.models.report import ReportMail, ReportSubscription
from profitability.models.scenario import Scenario

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
    "MainFamily",
    "ModelComparison",
    "PeriodFigure",
    "PeriodRanking",
    "PortfolioAnalysis",
    "ProductMatrix",
    "ProfitChange",
    "PurchaseModel",
    "ReadAnew",
    "ReportMail",
    "ReportSubscription",
    "RunActivity",
    "RunAnswer",
    "RunCohorts",
    "RunMonth",
    "RunPool",
    "RunPoolMonth",
    "RunPortfolio",
    "Scenario",
    "ValuePoint",
    "ValuePolicy",
    "ValueSnapshot",
]
