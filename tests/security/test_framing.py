"""Who may show a page of ours in a frame, and who may read one across sites? Every address of the table (S54)."""

import pytest
from django.http import HttpResponse

from .asking import ask
from .matrix import MATRIX
from .test_matrix import address

pytestmark = pytest.mark.django_db

OTHER = "https://owner.test"


def is_framed_by_others(answer: HttpResponse) -> bool:
    """Unless both say no: old browsers hear the one, and sites without a policy of their own have only that."""
    policy = answer.headers.get("Content-Security-Policy", "")
    is_inside = "frame-ancestors 'self'" in policy or "frame-ancestors 'none'" in policy
    return not (is_inside and answer.headers.get("X-Frame-Options") in {"DENY", "SAMEORIGIN"})


def crawled(stage, judge) -> set[str]:
    """The addresses of which one of these three is answered so."""
    found = set()
    for role in ("anonymous", "member", "superuser"):
        window = stage.window(role, headers={"origin": OTHER})
        found |= {name for name, row in MATRIX.items() if judge(ask(window, "GET", address(name, row, stage)))}
    return found


def test_nothing_but_the_card_is_framed_by_others(stage, settings):
    """S54: and the card only by the sites that are named."""
    settings.LMS_MEMBERSHIPS_EMBED_ORIGINS = [OTHER]
    assert crawled(stage, is_framed_by_others) == {"lms_memberships:embed"}
    card = ask(
        stage.window("anonymous"), "GET", address("lms_memberships:embed", MATRIX["lms_memberships:embed"], stage)
    )
    assert f"frame-ancestors {OTHER}" in card.headers["Content-Security-Policy"]


def test_nothing_is_read_across_sites(stage, settings):
    """S54: no address allows another origin to read it, with or without credentials."""
    settings.LMS_MEMBERSHIPS_EMBED_ORIGINS = [OTHER]
    assert (
        crawled(stage, lambda answer: any(name.lower().startswith("access-control-") for name in answer.headers))
        == set()
    )


def test_without_the_middleware_it_is_noticed(stage, settings):
    """S54, negative control"""
    settings.MIDDLEWARE = [each for each in settings.MIDDLEWARE if "XFrameOptions" not in each]
    assert len(crawled(stage, is_framed_by_others)) > len(MATRIX) / 2
