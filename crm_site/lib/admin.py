"""Admin pages that stay quick and safe over tables of a million rows: every app starts from `SafeModelAdmin`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.contrib.admin.options import InlineModelAdmin, ShowFacets
from django.contrib.admin.utils import unquote
from django.contrib.admin.views.main import ChangeList
from django.core.paginator import Paginator
from django.db.models import CASCADE, PROTECT, RESTRICT, ForeignObjectRel, Model, Q, QuerySet
from django.forms.models import _get_foreign_key
from django.http import HttpRequest, HttpResponse
from django.utils.functional import cached_property
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _

from crm_site.lib.counting import COUNT_LIMIT, capped_count
from crm_site.lib.formatting import labelled
from crm_site.lib.trail.models import Change
from crm_site.lib.trail.registry import declaration_of
from crm_site.lib.trail.together import SEEN, guarded
from crm_site.lib.trail.words import in_words

SAMPLE = 10
LATEST_CHANGES = 200

# Administrators sign in where everybody does, under the same limits and with the same second factor.
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]
admin.site.site_title = admin.site.site_header = _("Compagnon administration")
admin.site.index_title = _("Everything that can be set up")


class CappedPaginator(Paginator):
    """A paginator that counts no further than the limit, so that no page lies deep in the table either."""

    @cached_property
    def count(self) -> int:
        rows = self.object_list
        return capped_count(rows).rows if isinstance(rows, QuerySet) else len(rows)


class CappedChangeList(ChangeList):
    """A list that knows whether it was cut off; its template says so."""

    @property
    def is_capped(self) -> bool:
        return self.result_count >= COUNT_LIMIT


class SafeModelAdmin(admin.ModelAdmin):
    """Lists by primary key, sorted by indexed columns only, counted to a limit, searched by what an index answers.

    A subclass names in `sortable_by` the columns that have an index, and in `autocomplete_fields` every foreign key: a
    plain select would hold the whole other table.
    """

    paginator = CappedPaginator
    show_full_result_count = False
    show_facets = ShowFacets.NEVER
    list_per_page = 50
    list_max_show_all = 200
    ordering: ClassVar[Any] = ("-pk",)
    sortable_by: ClassVar[Any] = ()
    change_list_template = "admin/capped_change_list.html"
    object_history_template = "admin/trail_history.html"

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return CappedChangeList

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """What is found, no more of it than is counted: a beginning that millions share must not be read and sorted.

        Found first and apart: in one statement the database would walk along the order of the list through the table.
        """
        if not search_term.strip():
            return queryset, False
        found = self.matching(request, queryset, search_term).order_by().values_list("pk", flat=True)
        return queryset.filter(pk__in=list(found[: COUNT_LIMIT + 1])), False

    def matching(self, request: HttpRequest, queryset: QuerySet[Any], search_term: str) -> QuerySet[Any]:
        """The rows that a search means, by `search_fields` unless a subclass knows better."""
        found, _may_repeat = super().get_search_results(request, queryset, search_term)
        return found

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        """A form that tells the second of two people what the first changed."""
        if self.has_change_permission(request, obj):
            kwargs.setdefault("form", guarded(self.form, self.model))
        return super().get_form(request, obj, change, **kwargs)

    def get_inline_instances(self, request: HttpRequest, obj: Any = None) -> list[InlineModelAdmin]:
        """The same for the parts that are edited on the page of the whole."""
        inlines = super().get_inline_instances(request, obj)
        for inline in inlines:
            if declaration_of(inline.model) and inline.has_change_permission(request, obj):
                inline.form = guarded(inline.form, inline.model)
                inline.fields = [*inline.fields, SEEN] if inline.fields else None  # type: ignore[misc]
        return inlines

    def history_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """Django's own history, and the trail of the object with that of the parts that are edited on its page."""
        thing = self.get_object(request, unquote(object_id))
        trail = in_words(self._trail(request, thing)[:LATEST_CHANGES]) if thing else []
        return super().history_view(request, object_id, (extra_context or {}) | {"trail": trail})

    def _trail(self, request: HttpRequest, thing: Model) -> QuerySet[Change]:
        # What is not tracked may have keys that are no numbers.
        mine = Q(model=self.opts.label_lower, object_id=thing.pk if declaration_of(self.model) else None)
        for inline in self.get_inline_instances(request, thing):
            if declaration_of(inline.model):
                parent = _get_foreign_key(self.model, inline.model, fk_name=inline.fk_name)
                parts = inline.model._base_manager.filter(**{parent.name: thing}).values_list("pk", flat=True)
                mine |= Q(model=inline.model._meta.label_lower, object_id__in=list(parts))
        return Change.objects.readable_by(request.user).filter(mine).select_related("user").latest_first()

    def get_deleted_objects(self, objs: Iterable[Any], request: HttpRequest) -> tuple[list[str], dict, set, list[str]]:
        """What deleting means: the objects, how many rows go with them, and a sample of those that forbid it.

        Django's own answer loads every related row, which may be millions.
        """
        objects = list(objs)
        opts = self.model._meta
        counts: dict[Any, Any] = {opts.verbose_name_plural: len(objects)}
        for relation, rows in _related_rows(self.model, objects, CASCADE):
            if found := capped_count(rows).rows:
                counts[relation.related_model._meta.verbose_name_plural] = found
        needed = {opts.verbose_name} if not self.has_delete_permission(request) else set()
        protected = [
            _shown(row) for _, rows in _related_rows(self.model, objects, PROTECT, RESTRICT) for row in rows[:SAMPLE]
        ]
        return [_shown(each) for each in objects], counts, needed, protected


class ReadOnlyAdmin(SafeModelAdmin):
    """Rows that the application writes by itself: looked at, never edited."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


def _related_rows(
    model: type[Model], objects: list[Any], *on_delete: Any
) -> Iterator[tuple[ForeignObjectRel, QuerySet[Any]]]:
    for relation in model._meta.related_objects:
        if relation.on_delete in on_delete:
            yield relation, relation.related_model._base_manager.filter(**{f"{relation.field.name}__in": objects})


def _shown(row: Model) -> str:
    return labelled(capfirst(row._meta.verbose_name), row)
