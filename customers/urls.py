"""Addresses of customers and orders; the file of one customer joins several apps and stands in `crm_site/urls.py`."""

from django.urls import include, path

from customers import import_views, views

urlpatterns = [
    path("customers/", views.CustomerList.as_view(), name="customers"),
    path("customers/new/", views.customer_create, name="customer-create"),
    path("customers/<int:pk>/edit/", views.customer_edit, name="customer-edit"),
    path("customers/<int:pk>/moments/new/", views.moment_create, name="moment-create"),
    path("orders/", views.OrderList.as_view(), name="orders"),
    path("orders/<int:pk>/", views.order_page, name="order"),
    path("imports/", import_views.ImportList.as_view(), name="imports"),
    path("imports/new/", import_views.import_new, name="import-new"),
    path("imports/<int:pk>/", import_views.import_page, name="import"),
    path("imports/<int:pk>/rejections/", import_views.import_rejections, name="import-rejections"),
    path("", include("customers.contacting.urls")),
]
