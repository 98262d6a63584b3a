"""Django settings of the portal: one file, a handful of KUAI_* switches, safe values unless one says otherwise.

Everything a tenant may set is read from the environment here and nowhere else. The work database is
`work.sqlite3` in the store unless KUAI_DATABASE_URL names a PostgreSQL; keys lie beside the store.
"""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from csp.constants import NONE, SELF

from kuai.kit.store import Store
from kuai.web.settings.databases import read_database_setting
from kuai.web.settings.secrets import read_or_create_secret, read_secret_file

WEB_FOLDER = Path(__file__).resolve().parents[1]


def _is_on(name: str) -> bool:
    return os.environ.get(name, "").strip().lower() in ("1", "true", "yes", "on")


def _list_of(name: str, *, default: str = "") -> list[str]:
    return [item.strip() for item in os.environ.get(name, default).split(",") if item.strip()]


# --- the tenant -------------------------------------------------------------------------------------
KUAI_STORE = Path(os.environ.get("KUAI_STORE", "var/store")).resolve()
STORE = Store(KUAI_STORE)
SECRET_KEY = read_or_create_secret(STORE.keys / "web.secret")
DEBUG = _is_on("KUAI_DEBUG")
ALLOWED_HOSTS = _list_of("KUAI_HOSTS", default="localhost,127.0.0.1,[::1]")
CSRF_TRUSTED_ORIGINS = _list_of("KUAI_ORIGINS")

# Which doors the pages read by; tests put fakes in their place.
KUAI_OPEN_BLOCKS = "kuai.blocks.queries.open_blocks"
KUAI_OPEN_SEARCH = "kuai.flows.searching.open_search"
KUAI_LIST_SOURCES = "kuai.flows.queries.list_sources"

# --- rooms ------------------------------------------------------------------------------------------
INSTALLED_APPS = [
    "django.contrib.contenttypes",
    "django.contrib.auth",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "axes",
    "csp",
    "django_tasks",
    "django_tasks_db",
    "kuai.guard.apps.GuardConfig",
    "kuai.sources.apps.SourcesConfig",
    "kuai.address.apps.AddressConfig",
    "kuai.registry.apps.RegistryConfig",
    "kuai.services.residence.apps.ResidenceConfig",
    "kuai.services.forms.apps.FormsConfig",
    "kuai.services.questions.apps.QuestionsConfig",
    "kuai.services.proactive.apps.ProactiveConfig",
    "kuai.web",
]
ROOT_URLCONF = "kuai.web.urls"
WSGI_APPLICATION = "kuai.web.wsgi.application"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# --- work database ----------------------------------------------------------------------------------
DATABASES = {"default": read_database_setting(os.environ.get("KUAI_DATABASE_URL", ""), STORE)}
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

# --- the way of a request ---------------------------------------------------------------------------
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "kuai.web.language.ChosenLanguageMiddleware",
    "kuai.web.caching.PrivatePagesMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "kuai.guard.sessions.SessionLimitsMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    # A view without a rule is not reached, whoever asks.
    "kuai.guard.route_rules.RouteRuleMiddleware",
    "kuai.web.refusals.RefusalPageMiddleware",
    "axes.middleware.AxesMiddleware",
]
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [WEB_FOLDER / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.template.context_processors.i18n",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "kuai.web.context.frame",
            ]
        },
    }
]
# --- who comes in -----------------------------------------------------------------------------------
AUTH_USER_MODEL = "guard.Account"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",
    "django.contrib.auth.backends.ModelBackend",
]
# One identity provider (OpenID Connect), beside our own logins; none unless set.
KUAI_OIDC_ISSUER = os.environ.get("KUAI_OIDC_ISSUER", "")
KUAI_OIDC_CLIENT = os.environ.get("KUAI_OIDC_CLIENT", "")
KUAI_OIDC_NAME = os.environ.get("KUAI_OIDC_NAME", "统一身份认证")
KUAI_OIDC_SECRET = read_secret_file(os.environ.get("KUAI_OIDC_SECRET_FILE", ""))
# How a one-time code of a declaration is sent: `file` or `console` (demos alone), or a dotted path (phone, text).
KUAI_CODE_GATEWAY = os.environ.get("KUAI_CODE_GATEWAY", "file")
# Questions: how a message is sent (`file` for demos, `smtp`, or a dotted path), where its link leads, who answers
# for it, and how many doors a grid is asked to visit in a week.
KUAI_MESSAGE_GATEWAY = os.environ.get("KUAI_MESSAGE_GATEWAY", "file")
KUAI_SMTP_HOST = os.environ.get("KUAI_SMTP_HOST", "")
KUAI_SMTP_SENDER = os.environ.get("KUAI_SMTP_SENDER", "")
KUAI_SMTP_SMS_DOMAIN = os.environ.get("KUAI_SMTP_SMS_DOMAIN", "")
KUAI_ANSWER_ORIGIN = os.environ.get("KUAI_ANSWER_ORIGIN", "")
KUAI_QUESTION_OFFICIAL = os.environ.get("KUAI_QUESTION_OFFICIAL", "社区服务窗口负责人")
KUAI_QUESTION_CHANNEL = os.environ.get("KUAI_QUESTION_CHANNEL", "社区服务窗口，或拨打 12345")
KUAI_VISITS_PER_WEEK = int(os.environ.get("KUAI_VISITS_PER_WEEK", "20"))
# Who reads figures from another machine shows this; without it they are told to this machine alone.
KUAI_METRICS_TOKEN = read_secret_file(os.environ.get("KUAI_METRICS_TOKEN_FILE", ""))
LOGIN_URL = "/login/"
LOGIN_REDIRECT_URL = "/"
LOGOUT_REDIRECT_URL = "/login/"
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {
        "NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator",
        "OPTIONS": {"user_attributes": ("username", "display_name")},
    },
    {
        "NAME": "django.contrib.auth.password_validation.MinimumLengthValidator",
        "OPTIONS": {"min_length": 12},
    },
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "django.contrib.auth.password_validation.NumericPasswordValidator"},
]

# Locked by (user, address), never by address alone: a whole sub-district office shares one NAT address.
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]
AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_RESET_ON_SUCCESS = True
AXES_ENABLE_ADMIN = False
# Because the ledger keeps logins; a second list of who came when would need its own retention.
AXES_DISABLE_ACCESS_LOG = True
AXES_VERBOSE = False
AXES_LOCKOUT_CALLABLE = "kuai.web.accounts.views.show_locked_out"
# Else a colleague at the next desk could keep an account locked for ever.
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_CLIENT_IP_CALLABLE = "kuai.guard.sessions.client_address"
AXES_ALLOWED_CORS_ORIGINS = "null"

SESSION_COOKIE_AGE = 30 * 60
SESSION_EXPIRE_AT_BROWSER_CLOSE = True
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
KUAI_SESSION_LONGEST = timedelta(hours=12)

# --- what leaves the machine ------------------------------------------------------------------------
_OVER_HTTPS = _is_on("KUAI_HTTPS")
SECURE_SSL_REDIRECT = _OVER_HTTPS
# Asked by machines on our side of the proxy.
SECURE_REDIRECT_EXEMPT = [r"^health/", r"^metrics$"]
SESSION_COOKIE_SECURE = _OVER_HTTPS
CSRF_COOKIE_SECURE = _OVER_HTTPS
CSRF_COOKIE_HTTPONLY = True
CSRF_COOKIE_SAMESITE = "Lax"
SECURE_HSTS_SECONDS = 31_536_000 if _OVER_HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = _OVER_HTTPS
# Set only where a proxy of ours stands in front and writes X-Forwarded-For and -Proto itself.
KUAI_BEHIND_PROXY = _is_on("KUAI_BEHIND_PROXY")
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if KUAI_BEHIND_PROXY else None
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_REFERRER_POLICY = "same-origin"
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
# An optional base map's origin is the one thing that may be added, by setting.
_MAP_ORIGINS = _list_of("KUAI_BASE_MAP_ORIGINS")
# Raster tiles below our own map, e.g. https://tiles.example.cn/{z}/{x}/{y}.png; none unless set.
KUAI_BASE_MAP_TILES = os.environ.get("KUAI_BASE_MAP_TILES", "")
KUAI_BASE_MAP_CREDIT = os.environ.get("KUAI_BASE_MAP_CREDIT", "")
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "font-src": [SELF],
        "img-src": [SELF, "data:", "blob:", *_MAP_ORIGINS],
        "connect-src": [SELF, *_MAP_ORIGINS],
        "worker-src": [SELF],
        "manifest-src": [SELF],
        "form-action": [SELF],
        "base-uri": [NONE],
        "object-src": [NONE],
        "frame-ancestors": [NONE],
    }
}

# --- files handed in --------------------------------------------------------------------------------
KUAI_UPLOAD_LIMIT_BYTES = int(os.environ.get("KUAI_UPLOAD_LIMIT_MB", "512")) * 1024 * 1024
FILE_UPLOAD_HANDLERS = ["kuai.web.uploads.limits.LimitedUploadHandler"]
FILE_UPLOAD_PERMISSIONS = 0o600
CSRF_FAILURE_VIEW = "kuai.web.about.views.show_csrf_failure"

# --- files served by us -----------------------------------------------------------------------------
STATIC_URL = "/static/"
STATICFILES_DIRS = [folder for folder in (WEB_FOLDER / "static",) if folder.exists()]
# No collect step: the front end's build already names its files by content.
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = DEBUG
WHITENOISE_ALLOW_ALL_ORIGINS = False
# The build names these by their content, so a browser may keep them for good.
WHITENOISE_IMMUTABLE_FILE_TEST = r"^/static/built/assets/"

# --- language and time ------------------------------------------------------------------------------
LANGUAGE_CODE = "zh-hans"
LANGUAGES = [("zh-hans", "简体中文"), ("en", "English")]
LOCALE_PATHS = [WEB_FOLDER / "locale"]
USE_I18N = True
TIME_ZONE = os.environ.get("KUAI_TIME_ZONE", "Asia/Shanghai")
USE_TZ = True
