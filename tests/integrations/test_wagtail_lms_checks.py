"""Do the system checks name each door of wagtail-lms that is open, and is raw media closed?"""

import pytest
from django.http import Http404
from wagtail_lms import conf

from lms_memberships.integrations.wagtail_lms import checks, media


def ids(found) -> list[str]:
    return [message.id for message in found]


def test_the_example_site_has_no_open_door():
    """V3, X4"""
    assert [*checks.check_urls(), *checks.check_setting(), *checks.check_raw_media()] == []


def test_their_own_addresses_are_named_one_by_one(settings):
    """V3, X4"""
    settings.ROOT_URLCONF = "tests.integrations.open_urls"
    found = checks.check_urls()
    assert set(ids(found)) == {"lms_memberships.E101"}
    assert len(found) == 7


def test_addresses_that_are_mounted_nowhere_or_elsewhere_are_missed(settings):
    """V3, X4"""
    settings.ROOT_URLCONF = "wagtail.urls"
    assert ids(checks.check_urls()) == ["lms_memberships.E102"]


def test_lessons_that_do_not_ask_us_are_named(monkeypatch):
    """V3, X4"""
    monkeypatch.setattr(conf, "WAGTAIL_LMS_CHECK_LESSON_ACCESS", "wagtail_lms.access.default_lesson_access_check")
    assert ids(checks.check_setting()) == ["lms_memberships.E103"]


def test_raw_media_that_gives_packages_away_is_named(settings):
    """S29"""
    settings.ROOT_URLCONF = "tests.integrations.open_urls"
    assert ids(checks.check_raw_media()) == ["lms_memberships.E104"]
    settings.ROOT_URLCONF = "tests.integrations.closed_urls"
    assert checks.check_raw_media() == []


@pytest.mark.parametrize(
    "path",
    [
        "scorm_content/package_1_x/index.html",
        "Scorm_Content/package_1_x/index.html",
        "images/../scorm_content/package_1_x/index.html",
        "images\\..\\h5p_content\\h5p_1\\h5p.json",
        "h5p_packages/quiz.h5p",
        "scorm_packages/clay.zip",
        "/scorm_content//package_1_x/index.html",
        "scorm_content",
    ],
)
def test_the_media_view_refuses_packages_however_they_are_spelled(rf, tmp_path, path):
    """S29"""
    with pytest.raises(Http404):
        media.serve(rf.get("/"), path, document_root=str(tmp_path))


def test_the_media_view_serves_the_rest(rf, tmp_path):
    """S29"""
    (tmp_path / "pot.txt").write_text("a pot")
    response = media.serve(rf.get("/"), "pot.txt", document_root=str(tmp_path))
    assert b"".join(response.streaming_content) == b"a pot"
    assert not media.is_closed("scorm_content_of_mine/pot.txt")
