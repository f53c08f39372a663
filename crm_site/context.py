"""What every page of the shell knows: the company, the navigation, and whether the data are a demonstration."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from crm_site.lib.accounts.backend import roles_of
from crm_site.navigation import navigation_for
from customers.models import Company


def shell(request: HttpRequest) -> dict[str, Any]:
    """Context of templates/base.html (1 query for the company now and then; rights and roles come with the user)."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    company = Company.of(request)
    return {
        "company": company,
        "navigation": navigation_for(request),
        "demo_notice": company.demo_notice,
        "person": str(user),
        "roles": ", ".join(_(name) for name in roles_of(user)),
    }
