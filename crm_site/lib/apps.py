from django.apps import AppConfig


class LibConfig(AppConfig):
    name = "crm_site.lib"
    label = "lib"
