"""What did an address answer, in one word? And did the question change anything?"""

import hashlib
import re

from django.apps import apps
from django.contrib.messages import get_messages
from django.core import serializers
from django.db import models
from django.http import HttpResponseBase
from django.test import Client
from django.urls import reverse

SIGN_IN, REFUSED, UNKNOWN, OTHER_METHOD, BAD = "sign in", "refused", "unknown", "other method", "bad request"
DONE = "done"
_STATUSES = {403: REFUSED, 404: UNKNOWN, 405: OTHER_METHOD, 400: BAD, 429: REFUSED}
#: Tables whose rows say what happened, beside all of ours.
_ALSO = {
    "auth": {"user", "group"},
    "wagtailcore": {"revision", "modellogentry", "page", "workflowstate", "taskstate", "pageviewrestriction"},
    "wagtail_lms": {"courseenrollment", "scormattempt", "h5pattempt", "h5pcontentuserdata"},
}


def outcome(answer: HttpResponseBase) -> str:
    """Wagtail refuses with a redirect to its front page, Django with 403; a sign-in page is an address."""
    if answer.status_code >= 500:
        return f"broken ({answer.status_code})"
    if answer.status_code in (301, 302, 303, 307, 308):
        to = answer["Location"]
        if re.search(r"/login/", to):
            return SIGN_IN
        return REFUSED if to == reverse("wagtailadmin_home") and _is_told_no(answer) else DONE
    return _STATUSES.get(answer.status_code, DONE)


def _is_told_no(answer: HttpResponseBase) -> bool:
    return any("do not have permission" in str(each) for each in get_messages(answer.wsgi_request)._queued_messages)


def ask(window: Client, method: str, url: str, data: dict | None = None) -> HttpResponseBase:
    """One request, as a browser's form sends it."""
    window.raise_request_exception = False
    answer = window.post(url, data or {}) if method == "POST" else window.get(url)
    if getattr(answer, "streaming", False):
        b"".join(answer.streaming_content)
    return answer


def tables() -> list[type[models.Model]]:
    """Every table that a request of ours could change."""
    ours = list(apps.get_app_config("lms_memberships").get_models(include_auto_created=True))
    return ours + [
        model
        for label, names in _ALSO.items()
        for model in apps.get_models()
        if model._meta.app_label == label and model._meta.model_name in names
    ]


def fingerprint() -> dict[str, str]:
    """One hash a table: equal before and after means that nothing was written."""
    return {
        model._meta.label: hashlib.sha256(
            serializers.serialize("json", model._base_manager.order_by("pk"), ensure_ascii=False).encode()
        ).hexdigest()
        for model in tables()
    }
