"""The site map: each app under its own address, pages over several apps beside them."""

from django.contrib import admin
from django.urls import include, path

from crm_site.pages import home

urlpatterns = [
    path("", home.home, name="home"),
    path("", include("customers.urls")),
    path("", include("profitability.urls")),
    path("accounts/", include("allauth.urls")),
    path("i18n/", include("django.conf.urls.i18n")),
    path("admin/", admin.site.urls),
]
