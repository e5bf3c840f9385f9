"""One settings module for every place it runs: values differ, code does not."""

import re
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import django_stubs_ext
from django.utils.csp import CSP

from config.env import Env

django_stubs_ext.monkeypatch()

env = Env()
ROOT = Path(__file__).resolve().parent.parent
DATA = Path(env.text("DATA_DIR", str(ROOT / ".data")))
VERSION = "0.1.0"

DEBUG = env.flag("DEBUG", default=False)
SECRET_KEY = env.signing_key("SECRET_KEY")
SEALING_KEYS = env.keys("SEALING_KEYS")  # newest first

PUBLIC_URL = env.url("PUBLIC_URL")
_public = urlsplit(PUBLIC_URL)
ALLOWED_HOSTS = [str(_public.hostname), *env.items("FURTHER_HOSTS")]
CSRF_TRUSTED_ORIGINS = [PUBLIC_URL]
IS_HTTPS = _public.scheme == "https"
TRUSTED_PROXIES = env.networks("TRUSTED_PROXIES")

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django_htmx",
    "axes",
    "core.apps.CoreConfig",
    "connectors.apps.ConnectorsConfig",
    "reviews.apps.ReviewsConfig",
]

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "core.http.further_headers",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "core.http.refuse_large",
    "core.http.refuse_unreadable",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "core.http.Networks",
    "core.http.Sessions",
    "core.http.SignedIn",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "core.http.trail_source",
    "core.http.DomainErrors",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": False,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "core.views.shell.shell",
            ],
            "libraries": {"reeve": "core.templatetags.reeve"},
            "builtins": ["core.templatetags.reeve", "core.templatetags.trail"],
        },
    },
]

DATABASES = {"default": env.database("DATABASE_URL", DATA)}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}}

AUTH_USER_MODEL = "core.User"
LOGIN_URL = "core:sign_in"
LOGIN_REDIRECT_URL = "core:home"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("name", "email")},
    },
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]
PASSWORD_RESET_TIMEOUT = 3600  # seconds
SETUP_LINK_AGE = 24 * 3600  # seconds

# How long a session lasts is the organisation's affair (core/http/sessions.py); this is the longest.
SESSION_COOKIE_AGE = 20 * 3600  # seconds
_prefix = "__Host-" if IS_HTTPS else ""  # browsers then keep it to this host, TLS and path /
SESSION_COOKIE_NAME = f"{_prefix}reeve_session"
CSRF_COOKIE_NAME = f"{_prefix}reeve_csrf"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "core.views.problems.forged"
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"  # no cookie of their own
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = IS_HTTPS
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if IS_HTTPS else None
SECURE_SSL_REDIRECT = False  # the proxy in front does it, and health checks come without TLS
SECURE_HSTS_SECONDS = 31_536_000 if IS_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = IS_HTTPS
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_CSP = {
    "default-src": [CSP.NONE],
    "script-src": [CSP.SELF],
    "style-src": [CSP.SELF],
    "img-src": [CSP.SELF, "data:"],  # Tabler draws the marks of select and check boxes from data: images
    "font-src": [CSP.SELF],
    "connect-src": [CSP.SELF],
    "form-action": [CSP.SELF],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "frame-ancestors": [CSP.NONE],
}

# Lockout: core/actions/lockout.py asks django-axes, which counts.
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_USERNAME_FORM_FIELD = "username"
AXES_CLIENT_IP_CALLABLE = "core.http.client_address"
AXES_RESET_ON_SUCCESS = True
AXES_DISABLE_ACCESS_LOG = True
AXES_ENABLE_ADMIN = AXES_VERBOSE = False
# Our own pages say what is locked and for how long: neither its middleware nor its backend is wanted.
# security.W008: the proxy in front leads http to https, see SECURE_SSL_REDIRECT.
SILENCED_SYSTEM_CHECKS = ["axes.W002", "axes.W003", "security.W008"]

STATIC_URL = "static/"
STATIC_ROOT = DATA / "static"
STATICFILES_DIRS = [ROOT / "config" / "static"]
WHITENOISE_USE_FINDERS = env.flag("STATIC_FROM_SOURCE", default=True)
WHITENOISE_ALLOW_ALL_ORIGINS = False

# Files that people ask for and hand in: private, no address leads to them, a view checks who asks.
MEDIA_ROOT = DATA / "files"
STORAGES = {
    "default": {
        "BACKEND": "django.core.files.storage.FileSystemStorage",
        "OPTIONS": {"file_permissions_mode": 0o600, "directory_permissions_mode": 0o700},
    },
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

LANGUAGE_CODE = "en"
USE_I18N = False
USE_TZ = True
TIME_ZONE = "UTC"
USE_THOUSAND_SEPARATOR = False
DATETIME_FORMAT = "j M Y H:i"
DATE_FORMAT = "j M Y"

# Mail: without MAIL_URL letters go through the mail server of the settings page, or wait in the outbox.
MAIL_URL = env.mail_server("MAIL_URL")
MAIL_FROM = env.sender("MAIL_FROM", f"Reeve <reeve@{_public.hostname}>")
MAIL_DOMAIN = str(_public.hostname)

# Upwards news (core.queue.announce): which jobs of higher rooms are told of what happens in a lower one.
LISTENERS: dict[str, tuple[str, ...]] = {
    "connectors.order_moved": ("reviews.follow_order",),
    "connectors.run_done": ("reviews.follow_run",),
    "core.person_left": ("reviews.route_anew", "connectors.read_console"),
    "core.access_changed": ("connectors.read_console",),
    "core.person_only_reads": ("reviews.route_anew",),
}

# Work queue. The visibility timeout must exceed the longest job, or it runs twice at once.
REDIS_URL = env.broker("REDIS_URL", "redis://127.0.0.1:6379/0")
SOLE_WORKER = env.flag("SOLE_WORKER", default=False)
CELERY_BROKER_URL = re.sub(r"^unix://", "redis+socket://", REDIS_URL)  # Celery's name for it
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 3600,
    "unacked_restore_interval": 5,
    "unacked_restore_throttle": 1,
    "unacked_mutex_expire": 30,
    "socket_connect_timeout": 1,
    "socket_timeout": 30,
}
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ALWAYS_EAGER = False
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_WORKER_SEND_TASK_EVENTS = False

# What connectors may reach beyond the vendors' own hosts: host[:port], or http://host[:port] for loopback.
CONNECTOR_HOSTS = env.hosts("CONNECTOR_HOSTS")
CA_FILE = env.file("CA_FILE")
SYNC_DEFAULT_MINUTES = env.number("SYNC_DEFAULT_MINUTES", default=24 * 60, least=30, most=366 * 24 * 60)
LOG_LEVEL = env.word("LOG_LEVEL", "INFO", known=("DEBUG", "INFO", "WARNING", "ERROR"))
LOG_FORMAT = env.word("LOG_FORMAT", "plain", known=("plain", "json"))
METRICS_TOKEN = env.token("METRICS_TOKEN")  # empty: nobody reads them

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"},
        "json": {"()": "core.logs.OneLine"},
    },
    "filters": {"black_out": {"()": "core.logs.BlackOut"}},
    "handlers": {
        "stderr": {"class": "logging.StreamHandler", "formatter": LOG_FORMAT, "filters": ["black_out"]},
    },
    "root": {"handlers": ["stderr"], "level": LOG_LEVEL},
    "loggers": {
        "httpx": {"level": "WARNING"},  # its INFO lines carry whole addresses
        "httpcore": {"level": "WARNING"},
        "django.request": {"level": "ERROR"},
        "django": {"handlers": [], "propagate": True},  # ours alone, with its filter; the server's likewise
        "django.server": {"handlers": [], "propagate": True},
        "_granian": {"handlers": [], "propagate": True},
        "granian.access": {"handlers": [], "propagate": True},
        "celery": {"level": LOG_LEVEL if LOG_LEVEL in ("DEBUG", "ERROR") else "WARNING"},  # INFO: each job
        "axes": {"level": "ERROR"},  # the trail tells of failed sign-ins
    },
}
