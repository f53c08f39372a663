"""Own, team, all: one rule for lists, files, orders, contact moments and whatever else is asked for."""

import pytest
from django.test import Client
from django.urls import reverse

from crm_site.lib.accounts.models import Team, User
from customers.models import ContactMoment, Customer, Order
from customers.tests.factories import (
    CompanyFactory,
    ContactMomentFactory,
    CustomerFactory,
    OrderFactory,
    UserFactory,
    user_with,
)

pytestmark = pytest.mark.django_db

READ = ("customers.view_customer", "customers.view_order", "customers.view_contactmoment")
TEAM, ALL = "customers.see_team_customers", "customers.see_all_customers"


@pytest.fixture
def team() -> Team:
    return Team.objects.create(name="North")


@pytest.fixture
def files(team: Team) -> dict[str, Customer]:
    """A customer in every relation to a member of the team."""
    colleague, stranger = UserFactory(team=team), UserFactory()
    return {
        "nobody's": CustomerFactory(),
        "team's": CustomerFactory(team=team),
        "colleague's": CustomerFactory(owner=colleague),
        "stranger's": CustomerFactory(owner=stranger),
    }


def seen_by(user: User, files: dict[str, Customer]) -> set[str]:
    visible = set(Customer.objects.visible_to(user))
    return {name for name, customer in files.items() if customer in visible}


def test_whoever_sees_own_customers_also_sees_those_who_are_nobodys(files: dict[str, Customer], team: Team) -> None:
    user = user_with(*READ, team=team)
    files["own"] = CustomerFactory(owner=user)
    assert seen_by(user, files) == {"own", "nobody's"}


def test_whoever_sees_the_team_sees_its_customers_and_its_colleagues(files: dict[str, Customer], team: Team) -> None:
    assert seen_by(user_with(*READ, TEAM, team=team), files) == {"nobody's", "team's", "colleague's"}


def test_without_a_team_the_teams_permission_adds_nothing(files: dict[str, Customer]) -> None:
    assert seen_by(user_with(*READ, TEAM), files) == {"nobody's"}


def test_whoever_sees_all_sees_all(files: dict[str, Customer]) -> None:
    assert seen_by(user_with(*READ, ALL), files) == set(files)


def test_without_the_permission_to_view_customers_nobody_is_seen(files: dict[str, Customer]) -> None:
    assert seen_by(user_with(ALL), files) == set()


def test_orders_and_contact_moments_follow_their_customer(files: dict[str, Customer], team: Team) -> None:
    user = user_with(*READ, TEAM, team=team)
    orders = {name: OrderFactory(customer=customer) for name, customer in files.items()}
    moments = {name: ContactMomentFactory(customer=customer) for name, customer in files.items()}
    anonymous = OrderFactory(customer=None)
    assert orders["stranger's"] not in Order.objects.visible_to(user)
    assert moments["stranger's"] not in ContactMoment.objects.visible_to(user)
    assert anonymous not in Order.objects.visible_to(user)
    assert Order.objects.visible_to(user).count() == ContactMoment.objects.visible_to(user).count() == 3
    assert anonymous in Order.objects.visible_to(user_with(*READ, ALL))


@pytest.mark.parametrize(("page", "found"), [("customer", 404), ("customer-edit", 404), ("moment-create", 404)])
def test_the_pages_of_a_strangers_customer_do_not_exist(
    client: Client, files: dict[str, Customer], page: str, found: int
) -> None:
    CompanyFactory()
    client.force_login(user_with(*READ, "customers.change_customer", "customers.add_contactmoment"))
    assert client.get(reverse(page, args=[files["stranger's"].pk])).status_code == found
    assert client.get(reverse(page, args=[files["nobody's"].pk])).status_code == 200


def test_lists_search_and_exports_leave_a_strangers_customer_out(client: Client, files: dict[str, Customer]) -> None:
    CompanyFactory()
    client.force_login(user_with(*READ, "customers.export_customer"))
    hidden = files["stranger's"].reference
    for url in (reverse("customers"), f"{reverse('search')}?q={hidden}", f"{reverse('customers')}?format=csv"):
        response = client.get(url)
        body = b"".join(response) if response.streaming else response.content
        assert f">{hidden}" not in body.decode()
        assert f"\n{hidden}," not in body.decode()


def test_a_household_that_one_may_not_see_cannot_be_joined(client: Client) -> None:
    CompanyFactory()
    rights = ("customers.view_customer", "customers.change_customer", "customers.add_customer")
    client.force_login(user := user_with(*rights))
    hidden = CustomerFactory(kind="company", owner=UserFactory())
    customer = CustomerFactory(owner=user)
    address = f"/customers/{customer.pk}/edit/"
    entries = {name: value for name, value in client.get(address).context["form"].initial.items() if value is not None}
    response = client.post(address, entries | {"member_of": hidden.reference, "custom": ""})
    assert list(response.context["form"].errors) == ["member_of"]
    Customer.objects.filter(pk=customer.pk).update(member_of=hidden)
    assert str(hidden.pk) in str(client.get(address).context["form"].fields["member_of"].queryset.values_list("pk"))


def test_a_contact_person_that_one_may_not_see_is_not_offered(client: Client) -> None:
    CompanyFactory()
    rights = ("customers.view_customer", "customers.add_contactmoment")
    client.force_login(user := user_with(*rights))
    firm = CustomerFactory(kind="company", owner=user)
    seen = CustomerFactory(member_of=firm, owner=user)
    CustomerFactory(member_of=firm, owner=UserFactory())
    form = client.get(f"/customers/{firm.pk}/moments/new/").context["form"]
    assert list(form.fields["person"].queryset) == [seen]
