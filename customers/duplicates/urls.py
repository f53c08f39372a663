"""Addresses of likely duplicates and merges."""

from django.urls import path

from customers.duplicates import views

urlpatterns = [
    path("customers/duplicates/", views.duplicates_page, name="duplicates"),
    path("customers/duplicates/find/", views.duplicates_find, name="duplicates-find"),
    path("customers/duplicates/<int:pk>/different/", views.duplicate_different, name="duplicate-different"),
    path("customers/<int:pk>/merge/<int:other_pk>/", views.customer_merge, name="customer-merge"),
    path("merges/", views.MergeList.as_view(), name="merges"),
    path("merges/<int:pk>/undo/", views.merge_undo, name="merge-undo"),
]
