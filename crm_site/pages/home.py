"""The first page after signing in: each person's most useful one."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect


def home(request: HttpRequest) -> HttpResponse:
    """Managers begin with the portfolio's value, whoever has tasks with the day, everybody else with the customers."""
    if request.user.has_perm("profitability.view_profitability"):
        return redirect("dashboard")
    return redirect("today" if request.user.has_perm("customers.view_task") else "customers")
