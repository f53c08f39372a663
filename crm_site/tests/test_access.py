"""Who may open what: every address of the application against every role, in one table.

A new address without a row fails the build. `OK` is any answer that shows or does what was asked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from django.contrib.admin.sites import site
from django.contrib.auth.models import Group
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from crm_site import roles
from crm_site.lib.accounts.models import User
from crm_site.lib.jobs.models import Job
from customers.contacting.consent import unsubscribe_token
from customers.contacting.documents import attach
from customers.duplicates.merging import merge_customers
from customers.models import Scorecard
from customers.task_actions import renew_calendar
from customers.task_calendar import token_of
from customers.tests.factories import (
    CompanyFactory,
    ContactMomentFactory,
    CustomerFactory,
    DuplicatePairFactory,
    ImportFactory,
    OpportunityFactory,
    OrderLineFactory,
    PurposeFactory,
    SavedViewFactory,
    SegmentFactory,
    TaskFactory,
    UserFactory,
)
from profitability.models import RunCohorts, Scenario
from profitability.tests.compared import a_comparison
from profitability.tests.published import publish
from profitability.tests.workshop import a_draft

pytestmark = pytest.mark.django_db

SIGN_IN = ("/accounts/login/", "/admin/login/")
OK, LOGIN, FORBIDDEN, MISSING = "ok", "login", "forbidden", "missing"
VISITOR = "visitor"
ROLES = (roles.SALES, roles.MANAGER, roles.SERVICE_AGENT, roles.ADMIN)


@dataclass(frozen=True)
class Row:
    """Who is let in at an address; everybody else signed in is refused, a visitor is sent to sign in."""

    allowed: frozenset[str]
    method: str = "get"
    # Which object of the world below the address names.
    argument: str = ""
    refusal: str = FORBIDDEN
    visitor: str = LOGIN


EVERYBODY = frozenset(role.name for role in ROLES)
PUBLIC = EVERYBODY | {VISITOR}
SALES_SIDE = frozenset({roles.SALES.name, roles.MANAGER.name, roles.ADMIN.name})
MANAGEMENT = frozenset({roles.MANAGER.name, roles.ADMIN.name})

TABLE = {
    "home": Row(EVERYBODY),
    "search": Row(EVERYBODY),
    "palette": Row(EVERYBODY),
    "customers": Row(EVERYBODY),
    "customer-choices": Row(EVERYBODY),
    "customer-filter": Row(EVERYBODY),
    "customers-totals": Row(EVERYBODY),
    "customers-bulk": Row(MANAGEMENT, method="post"),
    "customers-bulk-result": Row(MANAGEMENT, argument="bulk change"),
    "customers-bulk-undo": Row(MANAGEMENT, method="post", argument="bulk change"),
    "customer": Row(EVERYBODY, argument="customer"),
    "customer-account": Row(MANAGEMENT, argument="valued customer"),
    "customer-profit-and-loss": Row(MANAGEMENT, argument="valued customer"),
    "value-policy": Row(MANAGEMENT),
    "customer-value-history": Row(MANAGEMENT, argument="valued customer"),
    "customer-more": Row(EVERYBODY, argument="customer"),
    "customer-changes": Row(EVERYBODY, argument="customer"),
    "customer-changes-erase": Row(frozenset({roles.ADMIN.name}), argument="customer"),
    "changes": Row(MANAGEMENT),
    "customer-next": Row(EVERYBODY, argument="customer"),
    "customer-previous": Row(EVERYBODY, argument="customer"),
    "journey": Row(EVERYBODY),
    "segments": Row(SALES_SIDE),
    "segment-create": Row(SALES_SIDE),
    "segment": Row(MANAGEMENT, argument="segment", refusal=MISSING),
    "segment-edit": Row(MANAGEMENT, argument="segment", refusal=MISSING),
    "segment-filters": Row(MANAGEMENT, argument="segment", refusal=MISSING),
    "segment-delete": Row(MANAGEMENT, argument="segment", refusal=MISSING),
    "saved-view-create": Row(EVERYBODY, method="post"),
    "saved-view-edit": Row(frozenset(), argument="saved-view", refusal=MISSING),
    "saved-view-replace": Row(frozenset(), method="post", argument="saved-view", refusal=MISSING),
    "saved-view-delete": Row(frozenset(), argument="saved-view", refusal=MISSING),
    "customer-create": Row(SALES_SIDE),
    "customer-edit": Row(SALES_SIDE, argument="customer"),
    "customer-field": Row(SALES_SIDE, argument="customer-field"),
    "moments": Row(EVERYBODY, argument="customer"),
    "moment-create": Row(EVERYBODY, argument="customer"),
    "moment-edit": Row(EVERYBODY, argument="moment"),
    "moment-settle": Row(EVERYBODY, argument="moment"),
    "today": Row(EVERYBODY),
    "today-list": Row(EVERYBODY, argument="today-list"),
    "today-proposals": Row(EVERYBODY),
    "tasks": Row(EVERYBODY),
    "task": Row(EVERYBODY, argument="task"),
    "task-create": Row(EVERYBODY),
    "task-edit": Row(EVERYBODY, argument="task"),
    "task-complete": Row(EVERYBODY, method="post", argument="task"),
    "task-reopen": Row(EVERYBODY, method="post", argument="task"),
    "task-quick-add": Row(EVERYBODY, method="post", argument="customer"),
    "task-calendar": Row(EVERYBODY),
    "task-feed": Row(PUBLIC, argument="feed", visitor=OK),
    "opportunities": Row(SALES_SIDE),
    "opportunity-list": Row(SALES_SIDE),
    "opportunity-create": Row(SALES_SIDE),
    "opportunity-edit": Row(SALES_SIDE, argument="opportunity"),
    "opportunity-move": Row(SALES_SIDE, argument="opportunity"),
    "consent": Row(EVERYBODY, argument="customer"),
    "message-write": Row(EVERYBODY, argument="customer"),
    "documents": Row(EVERYBODY, argument="customer"),
    "document": Row(EVERYBODY, argument="document"),
    "document-delete": Row(EVERYBODY, argument="document"),
    "unsubscribe": Row(PUBLIC, argument="token", visitor=OK),
    "duplicates": Row(SALES_SIDE),
    "duplicates-find": Row(SALES_SIDE, method="post"),
    "duplicate-different": Row(SALES_SIDE, method="post", argument="pair"),
    "customer-merge": Row(SALES_SIDE, argument="two customers"),
    "merges": Row(SALES_SIDE),
    "merge-undo": Row(SALES_SIDE, argument="merge"),
    "orders": Row(EVERYBODY),
    "order": Row(EVERYBODY, argument="order"),
    "imports": Row(MANAGEMENT),
    "import-new": Row(MANAGEMENT),
    "import": Row(MANAGEMENT, argument="import"),
    "import-columns": Row(MANAGEMENT, argument="import"),
    "import-preview": Row(MANAGEMENT, argument="import"),
    "import-drop": Row(MANAGEMENT, method="post", argument="import"),
    "import-undo": Row(MANAGEMENT, argument="import"),
    "import-rejections": Row(MANAGEMENT, argument="import"),
    "dashboard": Row(MANAGEMENT),
    "management-report": Row(MANAGEMENT),
    "report-wishes": Row(MANAGEMENT),
    "ranking": Row(MANAGEMENT),
    "equity": Row(MANAGEMENT),
    "equity-customers": Row(MANAGEMENT),
    "ranking-groups": Row(MANAGEMENT),
    "ranking-moves": Row(MANAGEMENT),
    "ranking-changes": Row(MANAGEMENT),
    "ranking-moved": Row(MANAGEMENT),
    "ranking-sizes": Row(MANAGEMENT),
    "matrix": Row(MANAGEMENT),
    "matrix-cell": Row(MANAGEMENT),
    "scenarios": Row(MANAGEMENT),
    "scenario-new": Row(MANAGEMENT),
    "scenario-compare": Row(MANAGEMENT),
    "scenario": Row(frozenset(), argument="scenario", refusal=MISSING),
    "scenario-lever-add": Row(frozenset(), argument="scenario", refusal=MISSING),
    "scenario-lever": Row(frozenset(), argument="scenario lever", refusal=MISSING),
    "scenario-lever-remove": Row(frozenset(), method="post", argument="scenario lever", refusal=MISSING),
    "scenario-save": Row(frozenset(), method="post", argument="scenario", refusal=MISSING),
    "scenario-compute": Row(frozenset(), method="post", argument="scenario", refusal=MISSING),
    "scenario-copy": Row(frozenset(), method="post", argument="scenario", refusal=MISSING),
    "scenario-delete": Row(frozenset(), argument="scenario", refusal=MISSING),
    "costing": Row(MANAGEMENT),
    "costing-month": Row(MANAGEMENT, argument="month"),
    "costing-reconciliation": Row(MANAGEMENT),
    "costing-rates": Row(MANAGEMENT),
    "costing-equation": Row(MANAGEMENT),
    "costing-versions": Row(MANAGEMENT),
    "costing-new": Row(MANAGEMENT, method="post"),
    "costing-compare": Row(MANAGEMENT),
    "costing-version": Row(MANAGEMENT, argument="costing"),
    "costing-edit": Row(MANAGEMENT, argument="costing"),
    "costing-publish": Row(MANAGEMENT, argument="costing"),
    "costing-delete": Row(MANAGEMENT, argument="costing"),
    "costing-amounts": Row(MANAGEMENT, argument="costing"),
    "costing-amounts-rejected": Row(MANAGEMENT, argument="costing"),
    "costing-amounts-import": Row(MANAGEMENT, argument="costing"),
    "costing-pool-new": Row(MANAGEMENT, argument="costing"),
    "costing-activity-new": Row(MANAGEMENT, argument="costing"),
    "costing-pool": Row(MANAGEMENT, argument="cost pool"),
    "costing-pool-delete": Row(MANAGEMENT, argument="cost pool"),
    "costing-activity": Row(MANAGEMENT, argument="activity"),
    "costing-activity-delete": Row(MANAGEMENT, argument="activity"),
    "rfm": Row(MANAGEMENT),
    "cohorts": Row(MANAGEMENT),
    "portfolio": Row(MANAGEMENT),
    "portfolio-customers": Row(MANAGEMENT),
    "portfolio-concentration": Row(MANAGEMENT),
    "portfolio-let-go": Row(MANAGEMENT, method="post"),
    "value-models": Row(MANAGEMENT),
    "value-models-compare": Row(MANAGEMENT, method="post"),
    "runs": Row(MANAGEMENT),
    "run-start": Row(MANAGEMENT, method="post"),
    "run-as-of": Row(MANAGEMENT),
    "run": Row(MANAGEMENT, argument="run"),
    "job-progress": Row(MANAGEMENT, argument="job", refusal=MISSING),
    "job-stop": Row(MANAGEMENT, method="post", argument="job", refusal=MISSING),
    "job-retry": Row(MANAGEMENT, method="post", argument="job", refusal=MISSING),
    "health-live": Row(PUBLIC, visitor=OK),
    "health-ready": Row(PUBLIC, visitor=OK),
    "set_language": Row(PUBLIC, method="post", visitor=OK),
}
# Pages of the sign-in library: these are for visitors, all the others ask for a sign-in.
FOR_VISITORS = {
    "account_login",
    "account_logout",
    "account_signup",
    "account_inactive",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "account_confirm_email",
    "account_email_verification_sent",
    "account_confirm_login_code",
    "mfa_authenticate",
    "mfa_trust",
}
LIBRARY_PREFIXES = ("account_", "mfa_", "usersessions_")


@pytest.fixture
def world() -> dict[str, Any]:
    """One object of each kind that an address may name."""
    CompanyFactory()
    moment = ContactMomentFactory()
    line = OrderLineFactory(order__customer=moment.customer)
    a_comparison()
    run, source = publish(500, -100), ImportFactory()
    RunCohorts.objects.create(run=run, computed_at=run.published_at)
    job = run.job or source.job or make_job()
    scenario = Scenario.objects.create(owner=UserFactory(), name="Without paper", levers=[])
    return {
        "customer": [moment.customer.pk],
        "moment": [moment.pk],
        "valued customer": [Scorecard.objects.in_run(run).values_list("customer", flat=True)[0]],
        "customer-field": [moment.customer.pk, "email"],
        "task": [TaskFactory(customer=moment.customer).pk],
        "feed": [token_of(renew_calendar(owner=UserFactory()))],
        "opportunity": [OpportunityFactory(customer=moment.customer).pk],
        "today-list": ["incomplete"],
        "document": [attach(customer=moment.customer, name="a.txt", content=ContentFile(b"a")).pk],
        "token": [unsubscribe_token(customer_id=moment.customer.pk, purpose_id=PurposeFactory().pk, channel="email")],
        "segment": [SegmentFactory(owner=UserFactory()).pk],
        "saved-view": [SavedViewFactory().pk],
        "two customers": [moment.customer.pk, (other := CustomerFactory()).pk],
        "pair": [DuplicatePairFactory(first=moment.customer, second=other).pk],
        "merge": [merge_customers(kept=other, gone=CustomerFactory(), fields={}, by=UserFactory()).pk],
        "order": [line.order.pk],
        "import": [source.pk],
        "run": [run.pk],
        "job": [job.pk],
        "bulk change": [Job.objects.create(kind="bulk-change", state=Job.State.DONE).pk],
        "scenario": [scenario.pk],
        "scenario lever": [scenario.pk, 0],
        "month": [run.as_of.replace(day=1)],
        "costing": [(draft := a_draft()).pk],
        "cost pool": [draft.pools.all()[0].pk],
        "activity": [draft.activities.all()[0].pk],
        "": [],
    }


def make_job() -> Job:
    """A job that nobody in the table asked for."""
    return Job.objects.create(kind="recompute", state=Job.State.FAILED)


def own_patterns() -> Iterator[URLPattern]:
    """Every address but the admin's, which have their own table."""
    waiting: list[URLPattern | URLResolver] = list(get_resolver().url_patterns)
    while waiting:
        pattern = waiting.pop()
        if isinstance(pattern, URLResolver):
            waiting.extend([] if pattern.app_name == "admin" else pattern.url_patterns)
        else:
            yield pattern


def client_of(role: str) -> Client:
    client = Client(raise_request_exception=False)
    if role != VISITOR:
        user = UserFactory(is_staff=role == roles.ADMIN.name)
        user.groups.add(Group.objects.get(name=role))
        client.force_login(user)
    return client


def outcome(client: Client, row: Row, url: str) -> str:
    response = getattr(client, row.method)(url)
    if response.status_code == 302 and response["Location"].startswith(SIGN_IN):
        return LOGIN
    names = {403: FORBIDDEN, 404: MISSING}
    # Not ready (503) and "nothing to retry" (409) are answers, given to those who may ask.
    return names.get(response.status_code, OK if response.status_code in (200, 302, 409, 422, 503) else "error")


def test_every_address_has_a_row() -> None:
    names = {pattern.name or str(pattern.pattern) for pattern in own_patterns()}
    ours = {name for name in names if not name.startswith(LIBRARY_PREFIXES)}
    assert ours == set(TABLE)


@pytest.mark.parametrize("name", TABLE)
def test_an_address_admits_whom_the_table_says(name: str, world: dict[str, Any]) -> None:
    row = TABLE[name]
    url = reverse(name, args=world[row.argument])
    expected = {role.name: OK if role.name in row.allowed else row.refusal for role in ROLES} | {VISITOR: row.visitor}
    assert {role: outcome(client_of(role), row, url) for role in expected} == expected


def test_pages_of_the_sign_in_library_ask_for_a_sign_in_but_for_those_that_make_one() -> None:
    visitor = client_of(VISITOR)
    for pattern in own_patterns():
        name = pattern.name or ""
        if not name.startswith(LIBRARY_PREFIXES) or name in FOR_VISITORS or pattern.pattern.converters:
            continue
        assert outcome(visitor, Row(PUBLIC), reverse(name)) == LOGIN, name


def test_nobody_can_sign_up_by_himself() -> None:
    response = client_of(VISITOR).post(
        reverse("account_signup"),
        {"email": "a@example.com", "username": "a", "password1": "correct-horse-7", "password2": "correct-horse-7"},
    )
    assert not User.objects.exists()
    assert response.status_code == 200


@pytest.mark.parametrize("model", site._registry, ids=lambda model: model._meta.label)
def test_the_admin_pages_of_a_model_are_for_administrators(model: Any) -> None:
    url = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_changelist")
    seen = {role.name: outcome(client_of(role.name), Row(PUBLIC), url) for role in ROLES}
    library = model._meta.app_label in {"account", "mfa", "usersessions"}
    assert seen.pop(roles.ADMIN.name) == (FORBIDDEN if library else OK)
    assert set(seen.values()) <= {LOGIN, FORBIDDEN}
    assert outcome(client_of(VISITOR), Row(PUBLIC), url) == LOGIN


def test_a_permission_taken_away_counts_at_once() -> None:
    CompanyFactory()
    client = client_of(roles.MANAGER.name)
    assert client.get(reverse("ranking")).status_code == 200
    Group.objects.get(name=roles.MANAGER.name).user_set.clear()
    assert client.get(reverse("ranking")).status_code == 403
