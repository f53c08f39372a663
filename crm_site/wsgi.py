"""The web application, as gunicorn serves it."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "crm_site.settings")
# A page that takes longer than this helps nobody and holds a connection that others need.
os.environ.setdefault("CRM_STATEMENT_TIMEOUT", "15s")
os.environ.setdefault("CRM_PROCESS", "compagnon-web")

application = get_wsgi_application()
