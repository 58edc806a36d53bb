"""Does it work at every supported end? ``make matrix`` runs the suite on each, with SQLite and without a browser."""

import os
import shutil
import subprocess

import nox

nox.options.sessions = ["tests"]
nox.options.error_on_missing_interpreters = True
nox.options.default_venv_backend = "virtualenv"
nox.options.reuse_venv = "yes"

#: Python, Wagtail and Django: the oldest of all, the newest of all, and the LTS of Django on the newest Wagtail.
ENDS = [
    nox.param("3.11", ">=7.4.3,<7.5", ">=5.2,<5.3", id="3.11-wagtail7.4-django5.2"),
    nox.param("3.12", ">=8.0,<8.1", ">=5.2,<5.3", id="3.12-wagtail8.0-django5.2"),
    nox.param("3.13", ">=8.0,<8.1", ">=6.1,<6.2", id="3.13-wagtail8.0-django6.1"),
]


def _wake_pyenv() -> None:
    # pyenv's python3.13 does nothing until a version is named, and nox would take it for a Python.
    if shutil.which("pyenv"):
        listed = subprocess.run(["pyenv", "versions", "--bare"], capture_output=True, text=True, check=True)
        os.environ["PYENV_VERSION"] = ":".join(v for v in listed.stdout.split() if v.startswith("3."))


_wake_pyenv()


@nox.session
@nox.parametrize(("python", "wagtail", "django"), ENDS)
def tests(session: nox.Session, wagtail: str, django: str) -> None:
    session.install("--editable", ".[dev,lms]", f"wagtail{wagtail}", f"Django{django}")
    session.env["TEST_DATABASE_URL"] = ""
    session.env["DJANGO_SETTINGS_MODULE"] = "example_site.settings.test"
    session.run(
        "python", "-c", "import sys, django, wagtail; print(sys.version, django.__version__, wagtail.__version__)"
    )
    labels = ["lms_memberships", "example_site"]
    session.run("python", "manage.py", "makemigrations", "--check", "--dry-run", *labels)
    session.run("pytest", "-q", "-n", "auto", "-m", "not browser and not postgres")


@nox.session(python="3.11", name="stripe-majors")
@nox.parametrize("stripe", [">=15,<16", ">=16.1,<17"])
def stripe_majors(session: nox.Session, stripe: str) -> None:
    """The border to Stripe on the client before ours too: only payments/stripe_gateway may notice the difference (D14)."""
    session.install("--editable", ".[dev,lms]")
    # Older than setup.cfg asks for, on purpose: it is what a site that cannot move yet would have.
    session.install("--no-deps", f"stripe{stripe}")
    session.env["TEST_DATABASE_URL"] = ""
    session.env["DJANGO_SETTINGS_MODULE"] = "example_site.settings.test"
    session.run("python", "-c", "import stripe; print(stripe.VERSION)")
    paths = ["test_gateway.py", "test_snapshots.py", "test_failures.py"]
    session.run("pytest", "-q", "-n", "0", *(f"tests/payments/{name}" for name in paths), "tests/contract")
