"""The first page after signing in: each person's most useful one."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect


def home(request: HttpRequest) -> HttpResponse:
    """Managers begin with the portfolio's value, everybody else with the customers."""
    may_see_value = request.user.has_perm("profitability.view_profitability")
    return redirect("dashboard" if may_see_value else "customers")
