"""How would a real school run this? PostgreSQL, anymail, a proxy in front; all secrets from the environment."""

import os

import dj_database_url

from .base import *  # noqa: F403 - settings are layered this way
from .base import INSTALLED_APPS, MIDDLEWARE, ROOT
from .environment import memberships_settings

SECRET_KEY = os.environ["SECRET_KEY"]
DEBUG = False
ALLOWED_HOSTS = os.environ["ALLOWED_HOSTS"].split(",")
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS]
WAGTAILADMIN_BASE_URL = os.environ.get("BASE_URL", f"https://{ALLOWED_HOSTS[0]}")
DATABASES = {"default": dj_database_url.parse(os.environ["DATABASE_URL"], conn_max_age=60, conn_health_checks=True)}

if os.environ.get("REDIS_URL"):
    # One cache for all processes, and sessions that survive its loss.
    CACHES = {
        "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": os.environ["REDIS_URL"]}
    }
    SESSION_ENGINE = "django.contrib.sessions.backends.cached_db"

INSTALLED_APPS = [*INSTALLED_APPS, "anymail"]
MIDDLEWARE = [MIDDLEWARE[0], "whitenoise.middleware.WhiteNoiseMiddleware", *MIDDLEWARE[1:]]
STATIC_ROOT = os.environ.get("STATIC_ROOT", str(ROOT / "static_root"))
MEDIA_ROOT = os.environ.get("MEDIA_ROOT", str(ROOT / "media"))
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}

# Any provider that anymail knows: ANYMAIL_BACKEND=postmark, ANYMAIL_POSTMARK_SERVER_TOKEN=…
EMAIL_BACKEND = f"anymail.backends.{os.environ.get('ANYMAIL_BACKEND', 'postmark')}.EmailBackend"
ANYMAIL = {name[len("ANYMAIL_") :]: value for name, value in os.environ.items() if name.startswith("ANYMAIL_")}
DEFAULT_FROM_EMAIL = os.environ.get("DEFAULT_FROM_EMAIL", f"school@{ALLOWED_HOSTS[0]}")
SERVER_EMAIL = DEFAULT_FROM_EMAIL

TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}

# The proxy serves the renditions of pictures, /media/images/, and nothing else under /media/. Originals,
# products and course packages lie beside them and are handed out by views that ask first, or not at all.
LMS_MEMBERSHIPS_BASE_URL = WAGTAILADMIN_BASE_URL
LMS_MEMBERSHIPS_TERMS_URL = f"{WAGTAILADMIN_BASE_URL}/terms/"
LMS_MEMBERSHIPS_PRIVACY_URL = f"{WAGTAILADMIN_BASE_URL}/privacy/"
LMS_MEMBERSHIPS_HELP_EMAIL = DEFAULT_FROM_EMAIL

SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = True
SECURE_HSTS_SECONDS = 31_536_000
SECURE_HSTS_INCLUDE_SUBDOMAINS = True
SECURE_HSTS_PRELOAD = True
SESSION_COOKIE_SECURE = True
CSRF_COOKIE_SECURE = True
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
LANGUAGE_COOKIE_SECURE = True

globals().update(memberships_settings())
