"""Addresses of customers and orders; the file of one customer joins several apps and stands in `crm_site/urls.py`."""

from django.urls import include, path

from customers import import_views, opportunity_views, saved_view_views, segment_views, task_views, views

urlpatterns = [
    path("customers/", views.CustomerList.as_view(), name="customers"),
    path("customers/new/", views.customer_create, name="customer-create"),
    path("customers/<int:pk>/edit/", views.customer_edit, name="customer-edit"),
    path("customers/<int:pk>/moments/new/", views.moment_create, name="moment-create"),
    path("customers/<int:pk>/tasks/new/", task_views.task_quick_add, name="task-quick-add"),
    path("tasks/", task_views.TaskList.as_view(), name="tasks"),
    path("tasks/new/", task_views.task_create, name="task-create"),
    path("tasks/calendar/", task_views.task_calendar_page, name="task-calendar"),
    path("tasks/calendar/<str:token>.ics", task_views.task_feed, name="task-feed"),
    path("tasks/<int:pk>/", task_views.task_page, name="task"),
    path("tasks/<int:pk>/edit/", task_views.task_edit, name="task-edit"),
    path("tasks/<int:pk>/complete/", task_views.task_complete, name="task-complete"),
    path("tasks/<int:pk>/reopen/", task_views.task_reopen, name="task-reopen"),
    path("opportunities/", opportunity_views.board, name="opportunities"),
    path("opportunities/list/", opportunity_views.OpportunityList.as_view(), name="opportunity-list"),
    path("opportunities/new/", opportunity_views.opportunity_create, name="opportunity-create"),
    path("opportunities/<int:pk>/edit/", opportunity_views.opportunity_edit, name="opportunity-edit"),
    path("opportunities/<int:pk>/move/", opportunity_views.opportunity_move, name="opportunity-move"),
    path("orders/", views.OrderList.as_view(), name="orders"),
    path("orders/<int:pk>/", views.order_page, name="order"),
    path("segments/", segment_views.SegmentList.as_view(), name="segments"),
    path("segments/new/", segment_views.segment_create, name="segment-create"),
    path("segments/<int:pk>/", segment_views.segment_page, name="segment"),
    path("segments/<int:pk>/edit/", segment_views.segment_edit, name="segment-edit"),
    path("segments/<int:pk>/delete/", segment_views.segment_delete, name="segment-delete"),
    path("views/new/", saved_view_views.saved_view_create, name="saved-view-create"),
    path("views/<int:pk>/edit/", saved_view_views.saved_view_edit, name="saved-view-edit"),
    path("views/<int:pk>/replace/", saved_view_views.saved_view_replace, name="saved-view-replace"),
    path("views/<int:pk>/delete/", saved_view_views.saved_view_delete, name="saved-view-delete"),
    path("imports/", import_views.ImportList.as_view(), name="imports"),
    path("imports/new/", import_views.import_new, name="import-new"),
    path("imports/<int:pk>/", import_views.import_page, name="import"),
    path("imports/<int:pk>/rejections/", import_views.import_rejections, name="import-rejections"),
    path("", include("customers.contacting.urls")),
    path("", include("customers.duplicates.urls")),
]
