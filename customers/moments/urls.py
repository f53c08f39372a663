"""Addresses of contact moments."""

from django.urls import path

from customers.moments import views

urlpatterns = [
    path("customers/<int:pk>/moments/", views.moments_page, name="moments"),
    path("customers/<int:pk>/moments/new/", views.moment_create, name="moment-create"),
    path("moments/<int:pk>/edit/", views.moment_edit, name="moment-edit"),
    path("moments/<int:pk>/settle/", views.moment_settle, name="moment-settle"),
]
