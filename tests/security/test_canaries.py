"""Does any screen show what somebody typed, or what Stripe said, as code? A canary in every stored text (S13, S14)."""

import copy

import pytest
from django.apps import apps
from django.contrib.auth import get_user_model
from django.db import models
from django.urls import reverse

from example_site.models import LiveSession
from lms_memberships.memberships import ladder_making
from lms_memberships.models import Invoice, Item, Ladder, Membership

from .asking import ask
from .matrix import AGAIN, MATRIX
from .test_matrix import address

pytestmark = pytest.mark.django_db

#: Short enough for almost every column. Seen as it stands here, it was not escaped.
CANARY = '"><u>13'
LOUD = "<u>13"
#: What decides, rather than being shown: with a canary in it the row would not be found any more.
DECIDES = {
    *("slug", "kind", "object_id", "currency", "interval", "lang", "language", "account", "url", "stripe_id"),
    *("key_fingerprint", "country", "default_currency", "origin", "price_id", "product_id", "idempotency_key"),
    *(
        "description_html",
        "customer_id",
        "session_id",
        "flag",
        "username",
        "password",
        "translation_key",
        "state",
        "key",
    ),
}


def plant() -> set[str]:
    """The canary in every text of every row. Returns where it sits."""
    planted = set()
    ours = list(apps.get_app_config("lms_memberships").get_models())
    for model in [*ours, get_user_model(), LiveSession]:
        for column in model._meta.concrete_fields:
            if not _is_shown(column):
                continue
            for row in model._base_manager.order_by("pk"):
                text = CANARY if column.max_length is None or column.max_length >= len(CANARY) else LOUD
                model._base_manager.filter(pk=row.pk).update(**{column.name: text[: column.max_length]})
                planted.add(f"{model.__name__}.{column.name}")
    Invoice.objects.update(status=CANARY)
    for membership in Membership.objects.all():
        membership._render_description()
        Membership.objects.filter(pk=membership.pk).update(description_html=membership.description_html)
    for ladder in Ladder.objects.all():
        ladder_making.render(ladder)
        ladder.save()
    return planted


def _is_shown(column: models.Field) -> bool:
    is_text = isinstance(column, models.CharField | models.TextField) and not isinstance(column, models.JSONField)
    return is_text and not column.choices and not column.unique and column.name not in DECIDES | {"status", "type"}


def screens(stage) -> dict[str, str]:
    """Every page of ours that answers GET with a page: a member's, and those of somebody who may see everything."""
    found = {}
    for role in ("member", "superuser"):
        window = stage.window(role)
        for name, row in MATRIX.items():
            answer = ask(window, "GET", address(name, row, stage))
            assert answer.status_code < 500, name
            if answer.headers.get("Content-Type", "").startswith("text/html") and not answer.streaming:
                found[f"{name} as {role}"] = answer.content.decode()
    return found


def test_no_screen_shows_a_stored_text_as_code(stage):
    """S13"""
    planted = plant()
    assert {"Membership.title", "User.first_name", "Account.name", "Invoice.number", "Item.title"} <= planted
    assert {"WebhookEvent.error", "Email.subject", "Email.recipient", "Email.failure", "Delivery.failure"} <= planted
    shown = screens(stage)
    assert [name for name, page in shown.items() if LOUD in page] == []
    escaped = [name for name, page in shown.items() if "&lt;u&gt;13" in page]
    assert len(escaped) >= 15, "the canary is seen, and it is quiet"
    assert {f"lms_memberships_{queue}_list as superuser" for queue in AGAIN} <= set(escaped)


def test_without_escaping_the_same_crawl_finds_it(stage, settings):
    """S13, negative control: the same templates with autoescape off."""
    templates = copy.deepcopy(settings.TEMPLATES)
    templates[0]["OPTIONS"]["autoescape"] = False
    settings.TEMPLATES = templates
    plant()
    assert len([name for name, page in screens(stage).items() if LOUD in page]) >= 15


def test_a_title_cannot_end_the_data_for_search_engines(stage):
    """S13, S11: JSON-LD."""
    Membership.objects.filter(pk=stage.membership.pk).update(title="</script><script>alert(13)</script>")
    page = (
        stage.window("anonymous").get(reverse("lms_memberships:detail", args=[stage.membership.slug])).content.decode()
    )
    assert "<script>alert(13)" not in page
    assert "application/ld+json" in page


def test_a_catalogue_title_is_escaped_on_the_paywall(stage):
    """S13"""
    Item.objects.update(title=CANARY)
    Membership.objects.update(title=CANARY)
    page = stage.window("student").get(stage.lesson.url).content.decode()
    assert LOUD not in page
    assert "&lt;u&gt;13" in page
