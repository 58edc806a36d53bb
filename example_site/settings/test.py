"""How do the tests run the example site? In memory, or on the database that ``TEST_DATABASE_URL`` names."""

import os
import tempfile
from pathlib import Path

import dj_database_url

from .base import *  # noqa: F403 - settings are layered this way

SECRET_KEY = "only-for-tests"
DEBUG = False
ALLOWED_HOSTS = ["*"]
DATABASES = {"default": dj_database_url.parse(os.environ.get("TEST_DATABASE_URL") or "sqlite://:memory:")}
# The whole suite once as a site that wraps each request in a transaction (A14).
DATABASES["default"]["ATOMIC_REQUESTS"] = os.environ.get("TEST_ATOMIC_REQUESTS") == "1"
if template := os.environ.get("TEST_DATABASE_TEMPLATE"):
    # A migrated database to copy from: migrating takes longer than most tests.
    DATABASES["default"]["TEST"] = {"TEMPLATE": template}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # In a file, so that the server thread of a browser test sees what the test wrote.
    DATABASES["default"]["OPTIONS"] = {"transaction_mode": "IMMEDIATE", "timeout": 20}

PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
MEDIA_ROOT = Path(tempfile.gettempdir()) / "lms_memberships_test_media"
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.InMemoryStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}
TASKS = {"default": {"BACKEND": "django_tasks.backends.immediate.ImmediateBackend"}}
WAGTAILADMIN_BASE_URL = "http://testserver"
LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = "sk_test_memberships"
LMS_MEMBERSHIPS_STRIPE_WEBHOOK_SECRETS = ["whsec_sandbox"]
LMS_MEMBERSHIPS_BASE_URL = "http://testserver"
LMS_MEMBERSHIPS_CLOCK = "tests.clock.now"
# Whoever buys must accept them; the tests that ask about that name some.
LMS_MEMBERSHIPS_TERMS_URL = ""
LMS_MEMBERSHIPS_PRIVACY_URL = "http://testserver/privacy/"
LMS_MEMBERSHIPS_HELP_EMAIL = "help@school.test"
