"""The nouns of the customer file, one module each."""

from customers.models.channel import Channel
from customers.models.company import Company
from customers.models.consent import Consent, ContactLimit, Purpose
from customers.models.custom_field import CustomField
from customers.models.customer import AcquisitionSource, Customer, Tag
from customers.models.duplicate import DuplicatePair, Merge
from customers.models.imports import Import, ImportChange, ImportRejection
from customers.models.journey import JourneyStep
from customers.models.message import Attachment, Message, MessageTemplate
from customers.models.moment import ContactMoment, Touchpoint
from customers.models.opportunity import Opportunity, OpportunityStage
from customers.models.order import Order, OrderLine, Product, ProductFamily
from customers.models.scorecard import RankStep, Run, Scorecard
from customers.models.segment import SavedView, Segment, SegmentFigures
from customers.models.task import CalendarFeed, Task

__all__ = [
    "AcquisitionSource",
    "Attachment",
    "CalendarFeed",
    "Channel",
    "Company",
    "Consent",
    "ContactLimit",
    "ContactMoment",
    "CustomField",
    "Customer",
    "DuplicatePair",
    "Import",
    "ImportChange",
    "ImportRejection",
    "JourneyStep",
    "Merge",
    "Message",
    "MessageTemplate",
    "Opportunity",
    "OpportunityStage",
    "Order",
    "OrderLine",
    "Product",
    "ProductFamily",
    "Purpose",
    "RankStep",
    "Run",
    "SavedView",
    "Scorecard",
    "Segment",
    "SegmentFigures",
    "Tag",
    "Task",
    "Touchpoint",
]
