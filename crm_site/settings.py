"""Settings of Compagnon: one file, read from the environment, good for a fresh clone as it stands.

Without DATABASE_URL and REDIS_URL the embedded servers under CRM_DATA_DIR are used (see `embedded.py`).
CRM_PRODUCTION=1 turns on what a public installation needs and refuses to start without it.
"""

import os
from pathlib import Path

import dj_database_url
from csp.constants import NONE, SELF
from django.core.exceptions import ImproperlyConfigured
from django.utils.translation import gettext_lazy as _

from crm_site import embedded


def flag(name: str, *, default: bool = False) -> bool:
    """A yes/no variable of the environment; anything but 1, 0, true, false, yes, no is refused."""
    value = os.environ.get(name, "").strip().lower()
    if value in {"1", "true", "yes"}:
        return True
    if value in {"0", "false", "no"}:
        return False
    if value == "":
        return default
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {value!r}.")


def words(name: str) -> list[str]:
    """A comma-separated variable of the environment."""
    return [word.strip() for word in os.environ.get(name, "").split(",") if word.strip()]


BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = embedded.data_dir()
PRODUCTION = flag("CRM_PRODUCTION")
DEBUG = flag("DEBUG")

SECRET_KEY = os.environ.get("SECRET_KEY", "")
if PRODUCTION and len(SECRET_KEY) < 50:
    raise ImproperlyConfigured("In production SECRET_KEY must be set to at least 50 random characters.")
if PRODUCTION and DEBUG:
    raise ImproperlyConfigured("DEBUG shows internals to visitors and cannot be on in production.")
if not SECRET_KEY:
    SECRET_KEY = embedded.installation_secret(DATA_DIR)

ALLOWED_HOSTS = words("ALLOWED_HOSTS") or ["localhost", "127.0.0.1", "[::1]"]
CSRF_TRUSTED_ORIGINS = words("CSRF_TRUSTED_ORIGINS")
if PRODUCTION and not words("ALLOWED_HOSTS"):
    raise ImproperlyConfigured("In production ALLOWED_HOSTS must name the hosts that may be served.")

# Under which address people reach this installation: e-mails that the clock sends lead there.
PUBLIC_URL = os.environ.get("PUBLIC_URL", "").rstrip("/")
if not PUBLIC_URL and not PRODUCTION:
    PUBLIC_URL = f"http://{os.environ.get('HOST') or '127.0.0.1'}:{os.environ.get('PORT') or '8000'}"

INSTALLED_APPS = [
    "crm_site.lib",
    "crm_site.lib.accounts",
    "crm_site.lib.jobs",
    "crm_site.lib.trail",
    "customers",
    "complaints",
    "satisfaction",
    "profitability",
    "loyalty",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.postgres",
    "django.contrib.humanize",
    "django.forms",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.usersessions",
    "crispy_forms",
    "crispy_bootstrap5",
    "django_htmx",
    "csp",
    "crm_site",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "crm_site.lib.accounts.language.OwnLanguageMiddleware",
    "django.contrib.auth.middleware.LoginRequiredMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "allauth.usersessions.middleware.UserSessionsMiddleware",
    "crm_site.lib.middleware.PrivatePagesMiddleware",
    "crm_site.lib.trail.actor.ActorMiddleware",
]

ROOT_URLCONF = "crm_site.urls"
# Said of a library that stands in for Django's `i18n` on purpose; see TEMPLATES.
SILENCED_SYSTEM_CHECKS = ["templates.W003"]
WSGI_APPLICATION = "crm_site.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            # Quicker editions of what every template uses in dozens.
            "builtins": ["crm_site.lib.templatetags.quick"],
            "libraries": {"i18n": "crm_site.lib.templatetags.quick"},
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "crm_site.context.shell",
            ],
        },
    },
]

# --- Data at rest -----------------------------------------------------------------------------------------------------

DATABASES = {
    "default": dj_database_url.parse(
        os.environ.get("DATABASE_URL") or embedded.database_url(DATA_DIR), conn_max_age=60, conn_health_checks=True
    )
}
DATABASES["default"].setdefault("OPTIONS", {}).update(
    connect_timeout=3,
    application_name=os.environ.get("CRM_PROCESS", "compagnon"),
    # Web pages set a short limit (wsgi.py); background work cuts itself into pieces instead.
    options=f"-c statement_timeout={os.environ.get('CRM_STATEMENT_TIMEOUT', '0')} -c lock_timeout=5s",
)
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# The cache holds sign-in limits, which must hold even while Redis is down: it lives in the database.
CACHES = {"default": {"BACKEND": "django.core.cache.backends.db.DatabaseCache", "LOCATION": "django_cache"}}

MEDIA_ROOT = DATA_DIR / "media"

# Whether `manage.py up` fills an empty database with the demonstration.
LOAD_DEMO = not PRODUCTION and not flag("CRM_NO_DEMO")

# --- Background work --------------------------------------------------------------------------------------------------

CELERY_BROKER_URL = os.environ.get("REDIS_URL") or embedded.broker_url(DATA_DIR)
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "global_keyprefix": os.environ.get("CRM_QUEUE_PREFIX", "compagnon:"),
    "visibility_timeout": 7200,
    "unacked_restore_interval": 10,
    "unacked_restore_throttle": 1,
    "socket_timeout": 60,
    "socket_connect_timeout": 1,
    "socket_keepalive": True,
}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_PUBLISH_RETRY = False
CELERY_TASK_SOFT_TIME_LIMIT = 3300
CELERY_TASK_TIME_LIMIT = 3600
CELERY_TASK_SERIALIZER = "json"
CELERY_ACCEPT_CONTENT = ["json"]
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_CANCEL_LONG_RUNNING_TASKS_ON_CONNECTION_LOSS = True
CELERY_WORKER_SOFT_SHUTDOWN_TIMEOUT = 20
CELERY_WORKER_MAX_TASKS_PER_CHILD = 200
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
# A job whose worker is silent for this long is given to another.
JOB_LEASE_SECONDS = float(os.environ.get("CRM_JOB_LEASE_SECONDS", "20"))
# How often jobs are looked for whose doorbell was lost or whose worker died.
JOB_SWEEP_SECONDS = float(os.environ.get("CRM_JOB_SWEEP_SECONDS", "5"))

# --- People -----------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = [
    "crm_site.lib.accounts.backend.StaffBackend",
    "allauth.account.auth_backends.AuthenticationBackend",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "home"
ACCOUNT_ADAPTER = "crm_site.lib.accounts.adapter.StaffAccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email", "username"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "username*", "password1*", "password2*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_LOGOUT_ON_PASSWORD_CHANGE = True
ACCOUNT_SESSION_REMEMBER = None
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
# Accounts are made by an administrator, who vouches for the address.
MFA_ALLOW_UNVERIFIED_EMAIL = True

SESSION_ENGINE = "django.contrib.sessions.backends.db"
SESSION_COOKIE_AGE = 12 * 60 * 60
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True

EMAIL_BACKEND = os.environ.get("EMAIL_BACKEND", "django.core.mail.backends.console.EmailBackend")
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", "compagnon@localhost")
EMAIL_HOST = os.environ.get("EMAIL_HOST", "localhost")
EMAIL_PORT = int(os.environ.get("EMAIL_PORT", "25"))
EMAIL_HOST_USER = os.environ.get("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = os.environ.get("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = flag("EMAIL_USE_TLS")
EMAIL_TIMEOUT = 20
# The box in which customers' e-mail arrives, over IMAP with TLS; without a host none is fetched.
MAIL_IN_HOST = os.environ.get("MAIL_IN_HOST", "")
MAIL_IN_PORT = int(os.environ.get("MAIL_IN_PORT", "993"))
MAIL_IN_USER = os.environ.get("MAIL_IN_USER", "")
MAIL_IN_PASSWORD = os.environ.get("MAIL_IN_PASSWORD", "")
MAIL_IN_FOLDER = os.environ.get("MAIL_IN_FOLDER", "INBOX")

# --- Languages and formats --------------------------------------------------------------------------------------------

LANGUAGES = [("en", _("English")), ("fr", _("French"))]
# The company's language: for whoever has not chosen one, and for browsers that ask for none of these.
LANGUAGE_CODE = os.environ.get("CRM_LANGUAGE", "en")
if LANGUAGE_CODE not in dict(LANGUAGES):
    raise ImproperlyConfigured(f"CRM_LANGUAGE must be one of {', '.join(dict(LANGUAGES))}, not {LANGUAGE_CODE!r}.")
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGE_COOKIE_SAMESITE = "Lax"
USE_I18N = True
USE_TZ = True
TIME_ZONE = os.environ.get("CRM_TIME_ZONE", "Europe/Paris")
USE_THOUSAND_SEPARATOR = True

# --- Pages ------------------------------------------------------------------------------------------------------------

STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = BASE_DIR / "staticfiles"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"
        if PRODUCTION
        else "django.contrib.staticfiles.storage.StaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = not PRODUCTION
WHITENOISE_KEEP_ONLY_HASHED_FILES = True
CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"
FORM_RENDERER = "crm_site.lib.widgets.TextRenderer"

DATA_UPLOAD_MAX_NUMBER_FIELDS = 1000
FILE_UPLOAD_PERMISSIONS = 0o600

# --- Protection -------------------------------------------------------------------------------------------------------

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
        "manifest-src": [SELF],
    }
}
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = LANGUAGE_COOKIE_SECURE = PRODUCTION
SECURE_REDIRECT_EXEMPT = [r"^health/"]
SECURE_SSL_REDIRECT = PRODUCTION and flag("SECURE_SSL_REDIRECT", default=True)
SECURE_HSTS_SECONDS = 31_536_000 if PRODUCTION else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = PRODUCTION
if flag("TRUST_PROXY_HEADERS"):
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": os.environ.get("LOG_LEVEL", "WARNING")},
    "loggers": {"compagnon": {"level": "INFO"}},
}
