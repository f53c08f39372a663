"""The roof of Compagnon: settings, URLs, background work, roles, navigation and the pages that show several apps.

May import every app; is imported by none. Its floor, `crm_site.lib`, imports no app and may be imported by all.
"""

from crm_site.celery import app as celery_app

__all__ = ["celery_app"]
