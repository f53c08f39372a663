"""Addresses of consent, messages and documents."""

from django.urls import path

from customers.contacting import views

urlpatterns = [
    path("customers/<int:pk>/consent/", views.consent_page, name="consent"),
    path("customers/<int:pk>/message/", views.message_write, name="message-write"),
    path("customers/<int:pk>/documents/", views.documents_page, name="documents"),
    path("documents/<int:pk>/", views.document_download, name="document"),
    path("documents/<int:pk>/delete/", views.document_delete, name="document-delete"),
    path("u/<str:token>/", views.unsubscribe_page, name="unsubscribe"),
]
