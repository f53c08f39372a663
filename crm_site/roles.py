"""The four roles and what each may do: the only place that ties permissions to roles."""

from dataclasses import dataclass

from django.apps import apps as django_apps
from django.db import transaction
from django.utils.translation import gettext_noop


@dataclass(frozen=True)
class Role:
    """A group of Django with the permissions that it always has."""

    name: str
    permissions: frozenset[str]
    # The sign-in that the demonstration creates for this role.
    demo_login: str


_READ_FILES = frozenset(
    {
        "customers.view_customer",
        "customers.view_contactmoment",
        "customers.view_touchpoint",
        "customers.view_order",
        "customers.view_orderline",
        "customers.view_product",
        "customers.view_productfamily",
        "customers.view_scorecard",
        "customers.view_consent",
        "customers.view_message",
        "customers.view_attachment",
        "trail.view_change",
    }
)
_TASKS = frozenset({"customers.view_task", "customers.add_task", "customers.change_task"})
_OPPORTUNITIES = frozenset({"customers.view_opportunity", "customers.add_opportunity", "customers.change_opportunity"})
_SEGMENTS = frozenset(f"customers.{verb}_segment" for verb in ("view", "add", "change", "delete"))
_SALES = (
    _READ_FILES
    | _TASKS
    | _OPPORTUNITIES
    | _SEGMENTS
    | {
        "customers.see_team_customers",
        "customers.add_customer",
        "customers.change_customer",
        "customers.add_contactmoment",
        "customers.change_contactmoment",
        "customers.export_customer",
        "customers.merge_customer",
    }
)
_MANAGER = _SALES | {
    "customers.see_all_customers",
    "customers.change_many_customers",
    "customers.import_orders",
    "customers.import_customers",
    "customers.view_import",
    "customers.view_run",
    "customers.request_run",
    "jobs.view_job",
    "jobs.change_job",
    "profitability.view_profitability",
    "profitability.view_costing",
    "profitability.change_costing",
    "profitability.change_valuepolicy",
    "trail.see_company_changes",
}
_AGENT = (
    _READ_FILES
    | _TASKS
    | {"customers.see_all_customers", "customers.add_contactmoment", "customers.change_contactmoment"}
)

_CONTACTING = frozenset(
    {"customers.add_consent", "customers.add_message", "customers.add_attachment", "customers.delete_attachment"}
)

SALES = Role(gettext_noop("Sales"), _SALES | _CONTACTING, "sales")
MANAGER = Role(gettext_noop("Manager"), _MANAGER | _CONTACTING, "manager")
SERVICE_AGENT = Role(gettext_noop("Service agent"), _AGENT | _CONTACTING, "agent")
# Administrators hold every permission of the five apps and may enter the admin pages.
ADMIN = Role(gettext_noop("Admin"), frozenset(), "admin")
ROLES = (SALES, MANAGER, SERVICE_AGENT, ADMIN)

# Demonstration only: one sign-in for each role, printed when the demonstration starts.
DEMO_PASSWORD = "compagnon-demo"

_APPS = ("customers", "complaints", "satisfaction", "profitability", "loyalty")
_ADMINISTERED = (*_APPS, "accounts", "auth", "jobs", "trail")


@transaction.atomic
def set_up_roles() -> None:
    """Create the groups and give each exactly its permissions; safe to repeat, run after every migration."""
    known = {f"{app}.{codename}": pk for app, codename, pk in _all_permissions()}
    groups = django_apps.get_model("auth", "Group").objects
    for role in ROLES:
        group, _ = groups.get_or_create(name=role.name)
        if role is ADMIN:
            wanted = {pk for name, pk in known.items() if name.partition(".")[0] in _ADMINISTERED}
        else:
            wanted = {known[name] for name in role.permissions}
        group.permissions.set(wanted)


def _all_permissions() -> list[tuple[str, str, int]]:
    labels = {config.label for config in django_apps.get_app_configs()}
    rows = django_apps.get_model("auth", "Permission").objects.filter(content_type__app_label__in=labels)
    return list(rows.values_list("content_type__app_label", "codename", "pk"))
