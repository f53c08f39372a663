"""What every page of the shell knows: the company, the navigation, and whether the data are a demonstration."""

from typing import Any

from django.http import HttpRequest
from django.utils.translation import gettext as _

from crm_site.lib.accounts.backend import roles_of
from crm_site.lib.formatting import number
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
        "demo_notice": demo_notice(company),
        "role_names": [_(name) for name in roles_of(user)],
    }


def demo_notice(company: Company) -> str:
    """What to say of demonstration data; '' for a real company."""
    if company.demo_weeks_shifted is None:
        return ""
    return _(
        "Demonstration: real purchases of the CDNOW data set (1997–98) moved forward by %(weeks)s weeks; "
        "names, contact moments, product families and costs are invented."
    ) % {"weeks": number(company.demo_weeks_shifted)}
