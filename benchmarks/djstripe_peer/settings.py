"""How does dj-stripe run while it is measured? Django's own middleware, as ours, on a scratch database."""

import os
from urllib.parse import urlsplit

from benchmarks.plain import MIDDLEWARE as PLAIN_MIDDLEWARE

SECRET_KEY = "only-for-measuring"  # noqa: S105
DEBUG = False
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "djstripe",
]
MIDDLEWARE = PLAIN_MIDDLEWARE
ROOT_URLCONF = "benchmarks.djstripe_peer.urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
LOGGING = {"version": 1, "disable_existing_loggers": False, "root": {"handlers": [], "level": "ERROR"}}

_database = urlsplit(os.environ["BENCH_DATABASE_URL"])
DATABASES = {
    "default": {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": _database.path.lstrip("/"),
        "USER": _database.username or "",
        "PASSWORD": _database.password or "",
        "HOST": _database.hostname or "",
        "PORT": str(_database.port or ""),
        "CONN_MAX_AGE": None,
    }
}

STRIPE_TEST_SECRET_KEY = "sk_test_51BenchmarkAAAAAAAAAAAAAAAAAAAAAAAAAAAA"  # noqa: S105 - of nobody's account
STRIPE_LIVE_MODE = False
DJSTRIPE_FOREIGN_KEY_TO_FIELD = "id"
