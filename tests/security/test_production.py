"""Does the example site really run as it says a school would: checked, served by gunicorn, behind a proxy? (S55)"""

import gzip
import json
import os
import re
import secrets
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from http.cookiejar import CookieJar
from pathlib import Path

import pytest
import stripe
from django.contrib.auth.hashers import PBKDF2PasswordHasher
from django.db import connection
from wagtail.models import Locale, Page, Site

from lms_memberships.models import WebhookEvent
from tests.factories import UserFactory

ROOT = Path(__file__).resolve().parents[2]
HOST = "school.example"
WEBHOOK_SECRET = f"whsec_{secrets.token_hex(16)}"
PASSWORD = "correct horse battery staple"
REDIS = ("127.0.0.1", 6379)
PATIENCE = 90


def environment(folder: Path, database: str) -> dict[str, str]:
    """What a host sets, and nothing of the tests."""
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {
        **kept,
        "DJANGO_SETTINGS_MODULE": "example_site.settings.production",
        "SECRET_KEY": secrets.token_urlsafe(50),
        "ALLOWED_HOSTS": HOST,
        "DATABASE_URL": database,
        "STATIC_ROOT": str(folder / "static"),
        "MEDIA_ROOT": str(folder / "media"),
        "ANYMAIL_BACKEND": "postmark",
        "ANYMAIL_POSTMARK_SERVER_TOKEN": secrets.token_hex(16),
        "LMS_MEMBERSHIPS_STRIPE_SECRET_KEY": f"rk_live_{secrets.token_hex(16)}",
        "LMS_MEMBERSHIPS_STRIPE_WEBHOOK_SECRETS": WEBHOOK_SECRET,
        **({"REDIS_URL": f"redis://{REDIS[0]}:{REDIS[1]}/6"} if _answers(*REDIS) else {}),
    }


def manage(*words: str, env: dict[str, str]) -> str:
    done = subprocess.run(
        [sys.executable, "manage.py", *words], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )
    return done.stdout + done.stderr


def test_the_deployment_check_has_nothing_to_say(tmp_path):
    """S55: nothing found, and nothing silenced to get there."""
    env = environment(tmp_path, "postgresql://school@127.0.0.1/school")
    assert "System check identified no issues (0 silenced)." in manage("check", "--deploy", env=env)


def test_the_deployment_check_notices_what_is_missing(tmp_path):
    """S55, negative control: a short key, and a webhook without a secret."""
    env = environment(tmp_path, "postgresql://school@127.0.0.1/school")
    env |= {"SECRET_KEY": "short", "LMS_MEMBERSHIPS_STRIPE_WEBHOOK_SECRETS": ""}
    said = manage("check", "--deploy", env=env)
    assert "security.W009" in said
    assert "lms_memberships." in said


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_gunicorn_serves_the_school_behind_a_proxy(tmp_path):
    """S55, S18, S54: redirects to https, answers, signs an admin in, serves files for ever, hears Stripe."""
    _a_site_with_a_front_page()
    password = PBKDF2PasswordHasher().encode(PASSWORD, "salt", iterations=1)
    UserFactory(username="owner", is_superuser=True, is_staff=True, password=password)
    env = environment(tmp_path, _address_of_the_test_database())
    said = manage("collectstatic", "--noinput", "--verbosity=0", env=env)
    assert said == ""
    with _gunicorn(env) as port:
        plain = Visitor(port, forwarded="http").get("/memberships/")
        assert (plain.status, plain.headers["Location"]) == (301, f"https://{HOST}/memberships/")
        _reads_pages(Visitor(port))
        _signs_in(Visitor(port))
        _stripe_calls(Visitor(port))


def _reads_pages(visitor: "Visitor") -> None:
    front = visitor.get("/")
    assert front.status == 200
    page = visitor.get("/memberships/")
    assert page.status == 200
    assert page.headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains; preload"
    assert page.headers["X-Content-Type-Options"] == "nosniff"
    assert "unsafe-inline" not in page.headers["Content-Security-Policy"]
    (file,) = re.findall(r'href="(/static/lms_memberships/portal[^"]*\.css)"', page.text)[:1]
    assert re.search(r"\.[0-9a-f]{12}\.css$", file), "hashed"
    served = visitor.get(file, **{"Accept-Encoding": "gzip, br"})
    assert served.status == 200
    assert served.headers["Cache-Control"] == "max-age=315360000, public, immutable"
    assert served.headers["Content-Encoding"] in ("gzip", "br")
    if served.headers["Content-Encoding"] == "gzip":
        assert gzip.decompress(served.body)
    assert visitor.get("/memberships/", Host="evil.example").status == 400, "S18"
    assert visitor.get("/media/documents/x.pdf").status == 404


def _signs_in(visitor: "Visitor") -> None:
    form = visitor.get("/admin/login/")
    (token,) = re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', form.text)[:1]
    fields = {"username": "owner", "password": PASSWORD, "csrfmiddlewaretoken": token, "next": "/admin/"}
    assert visitor.post("/admin/login/", fields, Referer="https://evil.example/").status == 403, "S35"
    assert visitor.post("/admin/login/", fields, Referer=f"https://{HOST}/admin/login/").status == 302
    assert visitor.get("/admin/memberships/").status == 200
    assert {cookie.name for cookie in visitor.cookies if cookie.secure} >= {"sessionid", "csrftoken"}
    assert [cookie.name for cookie in visitor.cookies if not cookie.secure] == []


def _stripe_calls(visitor: "Visitor") -> None:
    event = {
        "id": "evt_live",
        "object": "event",
        "api_version": "2026-01-28.clover",
        "type": "invoice.paid",
        "created": int(time.time()),
        "livemode": True,
        "data": {"object": {"id": "in_1", "object": "invoice"}},
    }
    body = json.dumps(event)
    signature = stripe.WebhookSignature.generate_signature_header(body, WEBHOOK_SECRET)
    forged = stripe.WebhookSignature.generate_signature_header(body, "whsec_other")
    address = "/memberships/webhooks/stripe/"
    assert visitor.post(address, body, **{"Stripe-Signature": forged}).status == 400
    assert not WebhookEvent.objects.exists()
    assert visitor.post(address, body, **{"Stripe-Signature": signature}).status == 200
    assert WebhookEvent.objects.get().event_id == "evt_live"


class Visitor:
    """A browser on the other side of the proxy, which tells gunicorn how it was asked."""

    def __init__(self, port: int, *, forwarded: str = "https") -> None:
        self.address = f"http://127.0.0.1:{port}"
        self.usual = {"Host": HOST, "X-Forwarded-Proto": forwarded}
        self.cookies = CookieJar()

    def get(self, path: str, **headers: str) -> "Answer":
        return self._ask(urllib.request.Request(self.address + path, headers=self.usual | headers))

    def post(self, path: str, data: dict[str, str] | str, **headers: str) -> "Answer":
        body = data if isinstance(data, str) else urllib.parse.urlencode(data)
        kind = "application/json" if isinstance(data, str) else "application/x-www-form-urlencoded"
        headers = self.usual | {"Content-Type": kind} | headers
        return self._ask(urllib.request.Request(self.address + path, body.encode(), headers))

    def _ask(self, request: urllib.request.Request) -> "Answer":
        # The proxy's own connection is not encrypted, and secure cookies travel all the same.
        request.add_header("Cookie", "; ".join(f"{cookie.name}={cookie.value}" for cookie in self.cookies))
        opener = urllib.request.build_opener(_NoRedirect)
        try:
            answer = opener.open(request, timeout=PATIENCE)
        except urllib.error.HTTPError as refused:
            answer = refused
        self.cookies.extract_cookies(answer, request)
        return Answer(answer.status, answer.headers, answer.read())


class Answer:
    def __init__(self, status: int, headers, body: bytes) -> None:
        self.status, self.headers, self.body = status, headers, body

    @property
    def text(self) -> str:
        return self.body.decode()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_args: object, **_named: object) -> None:
        return None


@contextmanager
def _gunicorn(env: dict[str, str]) -> Iterator[int]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "gunicorn", "example_site.wsgi", "--bind", f"127.0.0.1:{port}"]
    command += ["--workers", "1", "--threads", "2", "--log-level", "warning"]
    process = subprocess.Popen(command, cwd=ROOT, env=env)
    try:
        until = time.monotonic() + PATIENCE
        while not _answers("127.0.0.1", port):
            assert process.poll() is None, "gunicorn did not start"
            assert time.monotonic() < until
            time.sleep(0.1)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=PATIENCE)


def _answers(host: str, port: int) -> bool:
    with socket.socket() as knock:
        knock.settimeout(1)
        return knock.connect_ex((host, port)) == 0


def _address_of_the_test_database() -> str:
    known = connection.settings_dict
    name = f"{known['USER']}:{known['PASSWORD']}" if known["PASSWORD"] else known["USER"]
    return f"postgresql://{name}@{known['HOST']}:{known['PORT'] or 5432}/{known['NAME']}"


def _a_site_with_a_front_page() -> None:
    """Tests before this one may have emptied the database, Wagtail's own rows included."""
    from example_site.models import SchoolHomePage

    locale, _created = Locale.objects.get_or_create(language_code="en")
    root = Page.get_first_root_node() or Page.add_root(instance=Page(title="Root", slug="root", locale=locale))
    texts = ("hero_title", "hero_text", "memberships_title", "courses_title", "sessions_title", "questions_title")
    home = SchoolHomePage(title="Alder & Ash", slug="school", locale=locale, **dict.fromkeys(texts, "Pots"))
    root.add_child(instance=home)
    Site.objects.all().delete()
    Site.objects.create(hostname=HOST, root_page=home, is_default_site=True)
