"""How does ``make demo`` run the example site? With the sandbox, a real worker and a mailbox to look into."""

import os
from pathlib import Path

import dj_database_url

from .base import *  # noqa: F403 - settings are layered this way
from .base import MIDDLEWARE, ROOT
from .environment import memberships_settings

DEMO = True
# Elsewhere for the browser tests, so that they never touch a newcomer's demo.
DEMO_STATE = Path(os.environ.get("DEMO_STATE") or ROOT / ".demo")
DEMO_STATE.mkdir(exist_ok=True, parents=True)
SANDBOX_URL = os.environ.get("LMS_MEMBERSHIPS_STRIPE_API_BASE") or os.environ.get(
    "DEMO_SANDBOX_URL", "http://127.0.0.1:8001"
)
DEMO_URL = os.environ.get("DEMO_URL", "http://127.0.0.1:8000")

SECRET_KEY = "demo: everybody may know this"
DEBUG = True
ALLOWED_HOSTS = ["127.0.0.1", "localhost", "testserver"]
DATABASES = {
    "default": dj_database_url.parse(os.environ.get("DATABASE_URL") or f"sqlite:///{DEMO_STATE / 'db.sqlite3'}")
}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    # Site, worker and daily command share one file: wait for each other instead of failing.
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    }
MIDDLEWARE = ["example_site.middleware.demo_time", *MIDDLEWARE]
MEDIA_ROOT = DEMO_STATE / "media"
EMAIL_BACKEND = "example_site.mail_backend.MailboxBackend"
DEFAULT_FROM_EMAIL = "Alder & Ash <hello@alder-ash.example>"
TASKS = {"default": {"BACKEND": "django_tasks_db.DatabaseBackend"}}
WAGTAILADMIN_BASE_URL = DEMO_URL

LMS_MEMBERSHIPS_STRIPE_SECRET_KEY = "sk_test_demo"
LMS_MEMBERSHIPS_STRIPE_WEBHOOK_SECRETS = ["whsec_sandbox"]
LMS_MEMBERSHIPS_STRIPE_API_BASE = SANDBOX_URL
LMS_MEMBERSHIPS_CLOCK = "example_site.demo_clock.now"
LMS_MEMBERSHIPS_BASE_URL = DEMO_URL
# Everybody who tries the demo out comes from this machine, and its clock makes many days of one.
LMS_MEMBERSHIPS_CHECKOUTS_PER_ADDRESS_A_DAY = 500
LMS_MEMBERSHIPS_GUEST_CHECKOUT = True
LMS_MEMBERSHIPS_TERMS_URL = f"{DEMO_URL}/terms/"
LMS_MEMBERSHIPS_TERMS_VERSION = "2026-11"
# One click less for whoever tries it out: the page says that pressing accepts them.
LMS_MEMBERSHIPS_TERMS_BOX = False
LMS_MEMBERSHIPS_PRIVACY_URL = f"{DEMO_URL}/privacy/"
LMS_MEMBERSHIPS_HELP_EMAIL = "hello@alder-ash.example"

globals().update(memberships_settings())
