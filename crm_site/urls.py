"""The site map: each app under its own address, pages over several apps beside them."""

from django.contrib import admin
from django.urls import include, path

from crm_site import health
from crm_site.lib.accounts.language import set_language
from crm_site.pages import (
    changes,
    customer,
    customer_panels,
    home,
    jobs,
    journey,
    palette,
    search,
    today,
    today_lists,
    walk,
)

urlpatterns = [
    path("", home.home, name="home"),
    path("customers/<int:pk>/", customer.customer_file, name="customer"),
    path("customers/<int:pk>/account/", customer_panels.customer_account, name="customer-account"),
    path("customers/<int:pk>/more/", customer_panels.customer_more, name="customer-more"),
    path("customers/<int:pk>/changes/", changes.customer_changes, name="customer-changes"),
    path("customers/<int:pk>/changes/erase/", changes.customer_changes_erase, name="customer-changes-erase"),
    path("customers/<int:pk>/next/", walk.customer_next, name="customer-next"),
    path("customers/<int:pk>/previous/", walk.customer_previous, name="customer-previous"),
    path("today/", today.today, name="today"),
    path("today/proposals/", today.today_proposals, name="today-proposals"),
    path("today/<slug:block>/", today_lists.TodayList.as_view(), name="today-list"),
    path("changes/", changes.ChangeList.as_view(), name="changes"),
    path("journey/", journey.journey_page, name="journey"),
    path("search/", search.search, name="search"),
    path("palette/", palette.palette, name="palette"),
    path("", include("customers.urls")),
    path("", include("profitability.urls")),
    path("jobs/<int:job_id>/progress", jobs.job_progress, name="job-progress"),
    path("jobs/<int:job_id>/stop", jobs.job_stop, name="job-stop"),
    path("jobs/<int:job_id>/retry", jobs.job_retry, name="job-retry"),
    path("health/live", health.live, name="health-live"),
    path("health/ready", health.ready, name="health-ready"),
    path("accounts/", include("allauth.urls")),
    path("i18n/setlang/", set_language, name="set_language"),
    path("admin/", admin.site.urls),
]
