"""The demonstration: what is real stays exactly as it is, what is invented is marked and harmless."""

import datetime as dt
import gzip
import re
from collections import Counter
from zoneinfo import ZoneInfo

import pytest
from django.conf import settings
from django.db.models import Avg, F, Sum
from django.test import TestCase

from customers.demo.history import LAST_PURCHASE, weeks_to_shift
from customers.demo.loading import PURCHASES, Request, load
from customers.demo.moments import Staff
from customers.forms import members_of
from customers.models import (
    Company,
    ContactMoment,
    Customer,
    Import,
    Opportunity,
    Order,
    OrderLine,
    Product,
    Segment,
    Task,
)
from customers.segment_actions import filters_of
from customers.tests.factories import RunFactory, UserFactory

TODAY = dt.date(2026, 6, 12)
CUSTOMERS = 400
IN_FILE = 23_570
FICTIONAL_PHONES = (
    r"\+1 \d{3} 555 01\d\d",
    r"\+44 20 7946 0\d{3}",
    r"\+44 1(13|14|17|21|31|41|51|61) 496 0\d{3}",
    r"\+33 1 99 00 \d\d \d\d",
)


Purchase = tuple[str, dt.date, int, int]


def purchases_of_file() -> list[Purchase]:
    """Customer, day, discs and cents of those customers, straight from the file, where they are numbered from 1 on."""
    with gzip.open(PURCHASES, "rt") as lines:
        next(lines)
        rows = [line.split() for line in lines]
    wanted = {f"{1 + each * IN_FILE // CUSTOMERS:05d}" for each in range(CUSTOMERS)}
    return [
        (reference, dt.datetime.strptime(day, "%Y%m%d").date(), int(discs), round(float(dollars) * 100))
        for reference, day, discs, dollars in rows
        if reference in wanted
    ]


@pytest.mark.parametrize("day", [TODAY + dt.timedelta(days=days) for days in range(14)])
def test_the_history_ends_in_the_seven_days_before_today(day: dt.date) -> None:
    moved = LAST_PURCHASE + dt.timedelta(weeks=weeks_to_shift(day))
    assert day - dt.timedelta(days=7) <= moved < day


class TestDemonstration(TestCase):
    """Some customers of the demonstration, loaded once for all of these tests."""

    said: list[str]
    purchases: list[Purchase]

    @classmethod
    def setUpTestData(cls) -> None:
        cls.said, cls.purchases = [], purchases_of_file()
        people = UserFactory.create_batch(4)
        staff = Staff(sales=[people[0].pk, people[1].pk], service=[people[2].pk, people[3].pk])
        load(Request(today=TODAY, seed=1997, staff=staff, customers=CUSTOMERS), say=cls.said.append)

    # --- What is real -------------------------------------------------------------------------------------------------

    def test_every_purchase_is_an_order_moved_by_whole_weeks(self) -> None:
        shift = dt.timedelta(weeks=weeks_to_shift(TODAY))
        orders = Order.objects.values_list("customer__reference", "ordered_on")
        assert Counter(orders) == Counter((reference, day + shift) for reference, day, _, _ in self.purchases)

    def test_money_and_discs_of_every_customer_and_day_are_those_of_the_file(self) -> None:
        shift = dt.timedelta(weeks=weeks_to_shift(TODAY))
        expected: Counter[tuple] = Counter()
        for reference, day, discs, cents in self.purchases:
            expected[reference, day + shift, "discs"] += discs
            expected[reference, day + shift, "cents"] += cents
        found: Counter[tuple] = Counter()
        lines = OrderLine.objects.values_list("order__customer__reference", "order__ordered_on", "quantity", "gross")
        for reference, day, discs, gross in lines:
            found[reference, day, "discs"] += int(discs)
            found[reference, day, "cents"] += int(gross * 100)
        assert found == expected

    def test_no_discount_is_invented(self) -> None:
        assert OrderLine.objects.exclude(discount=0).count() == 0

    def test_no_return_is_invented(self) -> None:
        assert OrderLine.objects.filter(quantity__lte=0).count() == 0

    def test_free_orders_are_kept_and_cost_something(self) -> None:
        free = Order.objects.annotate(paid=Sum("lines__gross"), cost=Sum("lines__cost")).filter(paid=0)
        assert free.count() == sum(cents == 0 for _, _, _, cents in self.purchases)
        assert not free.filter(cost__lte=0).exists()

    def test_the_import_accounts_for_every_row(self) -> None:
        done = Import.objects.get()
        assert (done.rows, done.accepted, done.rejected, done.skipped) == (
            len(self.purchases),
            len(self.purchases),
            0,
            0,
        )

    def test_the_company_says_how_far_its_orders_were_moved(self) -> None:
        company = Company.current()
        assert (company.currency, company.demo_weeks_shifted) == ("USD", weeks_to_shift(TODAY))

    def test_progress_is_told_step_by_step(self) -> None:
        assert len(self.said) == 8
        assert f"{CUSTOMERS} customers" in self.said[0]

    def test_sales_people_have_tasks_chances_and_messages_to_answer(self) -> None:
        assert Task.objects.overdue(TODAY).exists()
        assert Task.objects.filter(due_on__gt=TODAY).exists()
        lost = Opportunity.objects.filter(stage__outcome="lost")
        assert lost.exists()
        assert not lost.filter(loss_reason="").exists()
        assert not Opportunity.objects.filter(stage__outcome="open", closed_at__isnull=False).exists()
        assert Customer.objects.exclude(needs="").exists()
        assert ContactMoment.objects.filter(needs_reply=True).exists()

    def test_each_segment_can_be_read_and_says_how_its_customers_are_treated(self) -> None:
        run = RunFactory()
        segments = Segment.objects.all()
        assert Counter(segments.values_list("kind", flat=True)) == {"dynamic": 3, "static": 1}
        assert not segments.filter(policy="").exists()
        assert segments.get(kind="static").members.exists()
        for segment in segments.filter(kind="dynamic"):
            assert filters_of(segment.query) == segment.query
            assert not members_of(segment, run).query.is_empty()

    # --- What is invented ---------------------------------------------------------------------------------------------

    def test_every_customer_of_the_file_has_one_invented_identity(self) -> None:
        assert Customer.objects.count() == CUSTOMERS
        assert not Customer.objects.filter(is_synthetic=False).exists()
        assert not Customer.objects.filter(name=F("reference")).exists()

    def test_mail_can_only_go_to_domains_kept_for_examples(self) -> None:
        addresses = list(Customer.objects.exclude(email="").values_list("email", flat=True))
        assert {address.partition("@")[2] for address in addresses} == {"example.com", "example.org", "example.net"}
        assert all(re.fullmatch(r"[a-z0-9.-]+", address.partition("@")[0]) for address in addresses)
        assert len(set(addresses)) == len(addresses) > 0

    def test_telephone_numbers_ring_nowhere(self) -> None:
        numbers = list(Customer.objects.exclude(phone="").values_list("phone", flat=True))
        assert numbers
        assert [
            number for number in numbers if not any(re.fullmatch(known, number) for known in FICTIONAL_PHONES)
        ] == []

    def test_there_are_persons_households_and_companies(self) -> None:
        kinds = Counter(Customer.objects.values_list("kind", flat=True))
        assert kinds["company"] == CUSTOMERS * 0.03
        assert CUSTOMERS * 0.05 < kinds["household"] <= CUSTOMERS * 0.07

    def test_households_have_members_of_their_name_under_their_roof(self) -> None:
        members = Customer.objects.filter(member_of__kind="household").select_related("member_of")
        assert members
        for member in members:
            home = member.member_of
            assert member.kind == "person"
            assert member.name in home.name
            assert (member.street, member.city, member.country) == (home.street, home.city, home.country)
        several = Counter(members.values_list("member_of", flat=True))
        assert set(several.values()) <= {2, 3}

    def test_companies_have_contact_persons_and_branches_that_bear_their_name(self) -> None:
        belonging = Customer.objects.filter(member_of__kind="company").select_related("member_of")
        assert {customer.kind for customer in belonging} == {"person", "company"}
        assert all(branch.name.startswith(branch.member_of.name) for branch in belonging if branch.kind == "company")
        assert not Customer.objects.filter(member_of__member_of=F("pk")).exists()

    def test_whoever_belongs_to_others_is_found_by_the_name_they_share(self) -> None:
        member = Customer.objects.filter(member_of__kind="household").earliest("pk")
        assert member in Customer.objects.matching(f"{member.given_name} {member.name}")

    def test_customers_are_found_by_their_invented_names(self) -> None:
        person = Customer.objects.filter(kind="person").latest("pk")
        assert person in Customer.objects.matching(f"{person.given_name} {person.name}")

    def test_each_customer_was_won_on_the_day_of_the_first_order_at_a_known_cost(self) -> None:
        first_order = Order.objects.filter(customer=Customer.objects.first()).earliest("ordered_on")
        assert Customer.objects.first().acquired_on == first_order.ordered_on
        assert not Customer.objects.filter(source=None).exists()
        assert not Customer.objects.filter(acquisition_cost=None).exists()

    def test_products_earn_in_most_families_and_lose_in_some(self) -> None:
        families = OrderLine.objects.values("product__family__name").annotate(margin=Sum(F("gross") - F("cost")))
        losing = {family["product__family__name"] for family in families if family["margin"] < 0}
        assert losing == {"Box sets", "Imports and rarities"}
        assert len(families) == 10

    def test_every_product_has_a_family_a_french_name_of_it_and_a_cost(self) -> None:
        assert Product.objects.count() == 60
        assert not Product.objects.filter(family=None).exists()
        assert not Product.objects.filter(family__name_fr="").exists()
        assert not Product.objects.filter(unit_cost=None).exists()

    # --- Contact moments ----------------------------------------------------------------------------------------------

    def test_nothing_happens_before_the_first_or_after_the_last_order(self) -> None:
        zone = ZoneInfo(settings.TIME_ZONE)
        days = [at.astimezone(zone).date() for at in ContactMoment.objects.values_list("occurred_at", flat=True)]
        assert min(days) >= Order.objects.earliest("ordered_on").ordered_on
        assert max(days) <= Order.objects.latest("ordered_on").ordered_on

    def test_staff_work_in_working_hours_and_not_on_sundays(self) -> None:
        zone = ZoneInfo(settings.TIME_ZONE)
        worked = ContactMoment.objects.exclude(employee=None).values_list("occurred_at", flat=True)
        times = [at.astimezone(zone) for at in worked]
        assert {time.isoweekday() for time in times} == {1, 2, 3, 4, 5, 6}
        assert min(time.time() for time in times) >= dt.time(8, 30)
        assert max(time.time() for time in times) < dt.time(19)

    def test_what_takes_staff_takes_minutes_and_nothing_else_does(self) -> None:
        assert ContactMoment.objects.filter(employee=None).exists()
        assert not ContactMoment.objects.filter(employee=None, minutes__gt=0).exists()
        assert not ContactMoment.objects.exclude(employee=None).filter(minutes=0).exists()

    def test_staff_note_the_mood_of_some_whom_they_deal_with_and_invoices_please_less_than_answers(self) -> None:
        noted = ContactMoment.objects.exclude(sentiment=None)
        assert not noted.filter(employee=None).exists()
        assert 0.3 < noted.count() / ContactMoment.objects.exclude(employee=None).count() < 0.5
        mean = dict(noted.values_list("touchpoint__name").annotate(Avg("sentiment")))
        assert mean["Question by phone"] > mean["Question about an invoice"]

    def test_customers_are_visited_by_the_person_who_looks_after_them(self) -> None:
        visits = ContactMoment.objects.filter(touchpoint__channel="visit")
        assert visits.filter(employee=F("customer__owner")).count() == visits.count() > 0

    def test_notes_are_in_the_language_of_the_customer(self) -> None:
        notes = ContactMoment.objects.filter(touchpoint__name="Order confirmation").values_list(
            "customer__language", "summary"
        )
        assert set(notes) == {("en", "Order confirmed by e-mail."), ("fr", "Commande confirmée par e-mail.")}

    def test_every_touchpoint_of_the_journey_is_met(self) -> None:
        met = Counter(ContactMoment.objects.values_list("touchpoint__name", flat=True))
        assert len(met) == 15
