"""How does a site of the rig run? As the tests' site does, in processes of its own: all from the environment."""

import os

import dj_database_url

from example_site.settings.test import *  # noqa: F403 - settings are layered this way
from example_site.settings.test import INSTALLED_APPS

INSTALLED_APPS = [*INSTALLED_APPS, "anymail", "tests.faults.rig"]

DATABASES = {
    # As in production: connections are kept, and looked at before they are used again.
    "default": dj_database_url.parse(os.environ["RIG_DATABASE_URL"], conn_max_age=60, conn_health_checks=True)
}
DATABASES["default"]["ATOMIC_REQUESTS"] = os.environ.get("TEST_ATOMIC_REQUESTS") == "1"

BACKENDS = {
    "immediate": "django_tasks.backends.immediate.ImmediateBackend",
    "db": "django_tasks_db.DatabaseBackend",
    "rq": "django_tasks_rq.RQBackend",
    # Tasks are noted nowhere: only the draining loop works.
    "none": "django_tasks.backends.dummy.DummyBackend",
}
RIG_TASKS = os.environ.get("RIG_TASKS", "none")
TASKS = {"default": {"BACKEND": BACKENDS[RIG_TASKS]}}
if RIG_TASKS == "rq":
    INSTALLED_APPS += ["django_rq", "django_tasks_rq"]
    RQ_QUEUES = {"default": {"URL": os.environ["RIG_REDIS_URL"]}}

if redis_cache := os.environ.get("RIG_CACHE_URL"):
    CACHES = {"default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": redis_cache}}

ROOT_URLCONF = "tests.access.urls"
MEDIA_ROOT = os.environ.get("RIG_MEDIA", "")
# In files: what one process keeps, another hands out.
STORAGES = {**STORAGES, "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"}}  # noqa: F405

EMAIL_BACKEND = "tests.faults.rig.mail.RigBackend"
DEFAULT_FROM_EMAIL = "school@rig.test"
ANYMAIL = {"RIG_API_URL": os.environ.get("RIG_ESP_URL", "http://127.0.0.1:9/"), "REQUESTS_TIMEOUT": 5}

LMS_MEMBERSHIPS_STRIPE_API_BASE = os.environ.get("RIG_STRIPE_URL", "http://127.0.0.1:9")
LMS_MEMBERSHIPS_BASE_URL = WAGTAILADMIN_BASE_URL = os.environ.get("RIG_SITE_URL", "http://testserver")
LMS_MEMBERSHIPS_LEASE_SECONDS = 2
# All the students of the rig sit behind one address.
LMS_MEMBERSHIPS_CHECKOUTS_PER_ADDRESS_A_DAY = 0
LMS_MEMBERSHIPS_GUEST_CHECKOUT = True
LMS_MEMBERSHIPS_WITHDRAWAL_DAYS = 14
LMS_MEMBERSHIPS_CLOCK = "tests.faults.rig.clock.now"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(process)d %(levelname)s %(name)s %(message)s"}},
    "handlers": {"stderr": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["stderr"], "level": "WARNING"},
}
