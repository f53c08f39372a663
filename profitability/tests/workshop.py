"""A draft to work on in tests of the costing workshop, and people who may."""

from django.test import Client

from customers.tests.factories import CompanyFactory, user_with
from profitability.models import Activity, ActivityShare, Costing
from profitability.permissions import EDIT_COSTING, SEE_VALUE, START_RUN
from profitability.tests.shop import JUNE, MAY, pool

VIEW = "profitability.view_costing"


def client_with(*permissions: str) -> Client:
    CompanyFactory()
    client = Client()
    client.force_login(user_with(*permissions))
    return client


def manager() -> Client:
    """Somebody who may look, edit and recompute."""
    return client_with(SEE_VALUE, EDIT_COSTING, VIEW, START_RUN, "customers.export_customer")


def a_draft(name: str = "Costs of 2026") -> Costing:
    """A warehouse whose costs go by orders, and a desk whose minutes answer calls."""
    costing = Costing.objects.create(name=name)
    warehouse = pool(costing, "Warehouse", {MAY: "12.00", JUNE: "10.00"})
    desk = pool(costing, "Desk", {MAY: "30.00", JUNE: "30.00"}, practical_capacity_minutes=60)
    packing = costing.activities.create(name="Packing", driver="orders", position=1)
    ActivityShare.objects.create(activity=packing, pool=warehouse, percent=60)
    costing.activities.create(
        name="Answering",
        method=Activity.Method.TIME_DRIVEN,
        resource=desk,
        equation="2 * contacts_phone + minutes_phone",
        position=2,
    )
    return costing
