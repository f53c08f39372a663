"""News from below that asks for new figures."""

import pytest

from crm_site.lib.jobs.models import Job
from customers.duplicates.merging import merge_customers
from customers.duplicates.undoing import undo_merge
from customers.tests.factories import CustomerFactory, UserFactory


@pytest.mark.django_db
def test_a_merge_and_its_undoing_each_ask_for_a_recompute() -> None:
    staff = UserFactory()
    merge = merge_customers(kept=CustomerFactory(), gone=CustomerFactory(), fields={}, by=staff)
    assert Job.objects.get().kind == "recompute"
    Job.objects.all().delete()
    undo_merge(merge=merge, by=staff)
    assert Job.objects.get().requested_by == staff
