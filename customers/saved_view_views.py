"""Screens of saved views: what the menu beside a list's title sends. Everybody may save; only the owner may change."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from customers.models import SavedView
from customers.saved_view_actions import NameTaken, change_view, replace_query, save_view
from customers.saved_view_forms import LONGEST_QUERY, NewSavedViewForm, SavedViewForm


def own_view(request: HttpRequest, pk: int) -> SavedView:
    """The view, if it is this person's."""
    return get_object_or_404(SavedView.objects.select_related("owner__team"), pk=pk, owner=request.user)


def opened(view: SavedView) -> str:
    """The address that shows a view."""
    return f"{reverse(view.list_name)}?{view.query}{'&' if view.query else ''}view={view.pk}"


@require_POST
def saved_view_create(request: HttpRequest) -> HttpResponse:
    """Keep a list as it stands under a name."""
    form = NewSavedViewForm(request.POST, user=request.user)  # type: ignore[arg-type]
    if form.is_valid() and (view := _created(request, form)):
        messages.success(request, _("The view “%(name)s” was saved.") % {"name": view})
        return redirect(opened(view))
    context = {"page_title": _("Save this view"), "form": form, "cancel_url": reverse("home")}
    return render(request, "generic/form.html", context, status=422)


def _created(request: HttpRequest, form: NewSavedViewForm) -> SavedView | None:
    given = form.cleaned_data
    try:
        return save_view(
            owner=request.user,  # type: ignore[arg-type]
            list_name=given["list_name"],
            name=given["name"],
            query=given["query"],
            shared=form.wants_sharing,
        )
    except NameTaken:
        form.name_taken()
        return None


def saved_view_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Rename, share or pin a view."""
    view = own_view(request, pk)
    address, name = opened(view), view.name
    form = SavedViewForm(request.POST or None, instance=view, user=request.user)  # type: ignore[arg-type]
    if request.method == "POST" and form.is_valid() and _changed(view, form):
        messages.success(request, _("The view “%(name)s” was saved.") % {"name": view})
        return redirect(address)
    context = {
        "page_title": _("Edit the view “%(name)s”") % {"name": name},
        "form": form,
        "cancel_url": address,
        "view": view,
    }
    return render(request, "customers/saved_view_form.html", context, status=422 if form.is_bound else 200)


def _changed(view: SavedView, form: SavedViewForm) -> bool:
    given = form.cleaned_data
    try:
        change_view(view=view, name=given["name"], shared=form.wants_sharing, pinned=given["is_pinned"])
    except NameTaken:
        form.name_taken()
        return False
    return True


@require_POST
def saved_view_replace(request: HttpRequest, pk: int) -> HttpResponse:
    """Let a view show the list as it is now."""
    view = replace_query(view=own_view(request, pk), query=request.POST.get("query", "")[:LONGEST_QUERY])
    messages.success(request, _("The view “%(name)s” was saved.") % {"name": view})
    return redirect(opened(view))


def saved_view_delete(request: HttpRequest, pk: int) -> HttpResponse:
    """Ask, then forget a view; the rows of its list are not concerned."""
    view = own_view(request, pk)
    if request.method == "POST":
        view.delete()
        messages.success(request, _("The view “%(name)s” was deleted.") % {"name": view})
        return redirect(view.list_name)
    context = {
        "page_title": _("Delete the view “%(name)s”?") % {"name": view},
        "confirm_text": _("Only the saved filters, order and columns are deleted, no data."),
        "confirm_label": _("Delete"),
        "confirm_tone": "danger",
        "cancel_url": opened(view),
    }
    return render(request, "generic/confirm.html", context)
