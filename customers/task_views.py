"""Screens of tasks: the list, one task and its forms, and the calendar that other programs read."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required, permission_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, override
from django.views.decorators.http import require_POST

from crm_site.lib import formatting
from crm_site.lib.components import Tab
from crm_site.lib.tables import Table
from crm_site.lib.views import ListPage
from customers import task_calendar
from customers.models import CalendarFeed, Customer, Task
from customers.models.task import TaskQuerySet
from customers.permissions import ADD_TASK, CHANGE_TASK, EXPORT, VIEW_TASKS
from customers.task_actions import add_task, change_task, complete_task, renew_calendar, reopen_task
from customers.task_forms import QuickTaskForm, TaskFilters, TaskForm
from customers.task_tables import LISTED, task_facts, task_table


class TaskList(ListPage):
    """Tasks that one may see, the most urgent first; open ones unless the address says otherwise."""

    permission_required = VIEW_TASKS
    export_permission = EXPORT
    title = gettext_lazy("Tasks")
    template_name = "customers/task_list.html"

    def get_table(self) -> Table:
        return task_table(timezone.localdate())

    def get_filters(self) -> TaskFilters:
        return TaskFilters(self.request.GET, user=self.request.user, today=timezone.localdate())  # type: ignore[arg-type]

    def get_rows(self) -> TaskQuerySet:
        return Task.objects.visible_to(self.request.user).select_related("customer", "owner").only(*LISTED)

    def get_context(self) -> dict[str, Any]:
        whose = self.filters_in_force.get("whose", "")
        offered = {"": _("All that I may see"), "mine": _("Mine"), "team": _("My team's")}
        tabs = [Tab(label, self.url(whose=name or None), active=name == whose) for name, label in offered.items()]
        return {"tabs": tabs}


def visible_task(request: HttpRequest, pk: int) -> Task:
    """The task, if this person may see it."""
    tasks = Task.objects.visible_to(request.user).select_related("customer", "owner")
    return get_object_or_404(tasks, pk=pk)


@permission_required(VIEW_TASKS, raise_exception=True)
def task_page(request: HttpRequest, pk: int) -> HttpResponse:
    """One task, with what can be done about it."""
    task = visible_task(request, pk)
    context = {
        "page_title": task.title,
        "breadcrumbs": [(_("Tasks"), reverse("tasks"))],
        "task": task,
        "facts": task_facts(task),
        "overdue": task.done_at is None and task.due_on < timezone.localdate(),
        "follower": Task.objects.visible_to(request.user).filter(follows=task).first(),
    }
    return render(request, "customers/task.html", context)


@permission_required(ADD_TASK, raise_exception=True)
def task_create(request: HttpRequest) -> HttpResponse:
    """A new task, for the customer that the address names by reference or for nobody."""
    initial = {
        "owner": request.user.pk,
        "due_on": timezone.localdate(),
        "customer": request.GET.get("customer", "").replace("\x00", ""),
    }
    form = TaskForm(request.POST or None, user=request.user, initial=initial)  # type: ignore[arg-type]
    if request.method == "POST" and form.is_valid():
        task = add_task(created_by=request.user, fields=form.entries())  # type: ignore[arg-type]
        messages.success(request, _("“%(task)s” was added.") % {"task": task})
        return redirect(back(request, task.get_absolute_url()))
    context = {
        "page_title": _("New task"),
        "breadcrumbs": [(_("Tasks"), reverse("tasks"))],
        "form": form,
        "cancel_url": reverse("tasks"),
    }
    return render(request, "generic/form.html", context, status=422 if form.is_bound else 200)


@permission_required(CHANGE_TASK, raise_exception=True)
def task_edit(request: HttpRequest, pk: int) -> HttpResponse:
    """Change a task, unless somebody else did so since this form was opened."""
    task = visible_task(request, pk)
    title = task.title
    form = TaskForm(request.POST or None, user=request.user, instance=task)  # type: ignore[arg-type]
    if request.method == "POST" and _changed(form):
        messages.success(request, _("The task was saved."))
        return redirect("task", pk)
    context = {
        "page_title": _("Edit task"),
        "breadcrumbs": [(_("Tasks"), reverse("tasks")), (title, reverse("task", args=[pk]))],
        "form": form,
        "cancel_url": reverse("task", args=[pk]),
    }
    return render(request, "generic/form.html", context, status=422 if form.is_bound else 200)


@transaction.atomic
def _changed(form: TaskForm) -> bool:
    """Checked and written in one go: nobody comes between."""
    if not form.is_valid():
        return False
    change_task(task_id=form.instance.pk, changes=form.entries())
    return True


@require_POST
@permission_required(CHANGE_TASK, raise_exception=True)
def task_complete(request: HttpRequest, pk: int) -> HttpResponse:
    """Note that a task is done, and go back to where that was said."""
    task = visible_task(request, pk)
    following = complete_task(task_id=task.pk, at=timezone.now())
    if following:
        words = {"task": task, "day": formatting.day(following.due_on)}
        messages.success(request, _("“%(task)s” is done; it comes back on %(day)s.") % words)
    else:
        messages.success(request, _("“%(task)s” is done.") % {"task": task})
    return redirect(back(request, task.get_absolute_url()))


@require_POST
@permission_required(CHANGE_TASK, raise_exception=True)
def task_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    """Take back that a task is done."""
    task = visible_task(request, pk)
    reopen_task(task_id=task.pk)
    messages.success(request, _("“%(task)s” is open again.") % {"task": task})
    return redirect(back(request, task.get_absolute_url()))


@require_POST
@permission_required(ADD_TASK, raise_exception=True)
def task_quick_add(request: HttpRequest, pk: int) -> HttpResponse:
    """A task for a customer, from the customer's file; what is missing is asked for in the whole form."""
    customer = get_object_or_404(Customer.objects.visible_to(request.user), pk=pk)
    form = QuickTaskForm(request.POST)
    if form.is_valid():
        task = add_task(created_by=request.user, fields={**form.cleaned_data, "customer": customer})  # type: ignore[arg-type]
        messages.success(request, _("“%(task)s” was added.") % {"task": task})
    else:
        messages.error(request, _("Nothing was added: a task needs a title and a day."))
    return redirect(customer.get_absolute_url() + "#tasks")


def back(request: HttpRequest, otherwise: str) -> str:
    """The page of this site where a button was pressed."""
    url = request.POST.get("next", "")
    return url if url_has_allowed_host_and_scheme(url, {request.get_host()}, request.is_secure()) else otherwise


# --- Calendar ---------------------------------------------------------------------------------------------------------


@permission_required(VIEW_TASKS, raise_exception=True)
def task_calendar_page(request: HttpRequest) -> HttpResponse:
    """The address of one's own calendar; asking for a new one ends the old."""
    if request.method == "POST":
        had_one = CalendarFeed.objects.filter(owner=request.user.pk).exists()
        renew_calendar(owner=request.user)  # type: ignore[arg-type]
        ended = _("Your calendar has a new address. The old one shows nothing any more.")
        messages.success(request, ended if had_one else _("Your calendar has an address now."))
        return redirect("task-calendar")
    feed = CalendarFeed.objects.filter(owner=request.user.pk).first()
    url = feed and request.build_absolute_uri(reverse("task-feed", args=[task_calendar.token_of(feed)]))
    context = {
        "page_title": _("Tasks in your calendar"),
        "breadcrumbs": [(_("Tasks"), reverse("tasks"))],
        "feed_url": url,
    }
    return render(request, "customers/task_calendar.html", context)


@login_not_required
def task_feed(request: HttpRequest, token: str) -> HttpResponse:
    """Somebody's tasks for a calendar program, which cannot sign in: the address is the key."""
    feed = task_calendar.feed_at(token)
    if feed is None:
        raise Http404
    now = timezone.now()
    with override(feed.owner.reading_language):
        body = task_calendar.written(task_calendar.tasks_of(feed, timezone.localdate(now)), now)
    response = HttpResponse(body, content_type="text/calendar; charset=utf-8")
    response["Cache-Control"] = "private, max-age=300"
    response["Content-Disposition"] = 'inline; filename="tasks.ics"'
    response["X-Robots-Tag"] = "noindex"
    return response
