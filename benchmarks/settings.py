"""How does the example school run while it is measured? As in production, on a scratch database."""

import os

import dj_database_url

from example_site.settings.base import *  # noqa: F403 - settings are layered this way
from example_site.settings.base import INSTALLED_APPS

from .plain import MIDDLEWARE as PLAIN_MIDDLEWARE

SECRET_KEY = "only-for-measuring"  # noqa: S105
DEBUG = False
ALLOWED_HOSTS = ["*"]
DATABASES = {"default": {**dj_database_url.parse(os.environ["BENCH_DATABASE_URL"]), "CONN_MAX_AGE": None}}
INSTALLED_APPS = [app for app in INSTALLED_APPS if not app.startswith("allauth")]
# The same for all three, so that only the views differ.
MIDDLEWARE = PLAIN_MIDDLEWARE
AUTHENTICATION_BACKENDS = ["django.contrib.auth.backends.ModelBackend"]
ROOT_URLCONF = "benchmarks.urls"
LOGIN_URL = "/login/"
# As production has it: a task is a row that another process works off.
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
LOGGING = {"version": 1, "disable_existing_loggers": False, "root": {"handlers": [], "level": "ERROR"}}

LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = "sk_test_benchmark"  # noqa: S105 - the sandbox takes any
LMS_MEMBERSHIPS_STRIPE_WEBHOOK_SECRETS = ["whsec_benchmark"]
LMS_MEMBERSHIPS_BASE_URL = "http://testserver"
LMS_MEMBERSHIPS_CLOCK = ""
LMS_MEMBERSHIPS_ADMIN_EMAILS = ["owner@school.example"]
LMS_MEMBERSHIPS_TERMS_URL = "http://testserver/terms/"
