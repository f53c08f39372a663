"""The nouns of the customer file, one module each."""

from customers.models.company import Company
from customers.models.customer import AcquisitionSource, Customer
from customers.models.imports import Import, ImportRejection
from customers.models.moment import ContactMoment, Touchpoint
from customers.models.order import Order, OrderLine, Product, ProductFamily
from customers.models.scorecard import Run, Scorecard

__all__ = [
    "AcquisitionSource",
    "Company",
    "ContactMoment",
    "Customer",
    "Import",
    "ImportRejection",
    "Order",
    "OrderLine",
    "Product",
    "ProductFamily",
    "Run",
    "Scorecard",
    "Touchpoint",
]
