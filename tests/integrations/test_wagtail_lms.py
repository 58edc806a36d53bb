"""Are the holes of wagtail-lms closed for sold courses, and is everything as before for the others?"""

import json
from datetime import timedelta

import pytest
from django.contrib.auth.models import AnonymousUser
from wagtail_lms.models import CourseEnrollment, H5PAttempt, H5PContentUserData, H5PXAPIStatement, SCORMAttempt

from lms_memberships.bundles import registry
from lms_memberships.integrations.wagtail_lms import check_lesson_access
from lms_memberships.models import Item
from tests.access import school
from tests.factories import UserFactory

DAY = timedelta(days=1)
pytestmark = pytest.mark.django_db
STATEMENT = {"verb": {"id": "http://adlnet.gov/expapi/verbs/completed", "display": {"en": "completed"}}}


def text_of(response) -> str:
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return body.decode()


def is_private(response) -> bool:
    return response["Cache-Control"] == "private, no-store"


@pytest.fixture
def rig(course, scorm_package, h5p_activity, scorm_lesson, h5p_lesson):
    """One course with a lesson of each kind, in no membership yet."""

    class Rig:
        package, activity = scorm_package(), h5p_activity()
        scorm, h5p = scorm_lesson(course, package), h5p_lesson(course, activity)
        player = f"/lms/scorm-lesson/{scorm.pk}/play/"
        enrol = f"/lms/course/{course.pk}/enroll/"
        scorm_file = f"/lms/scorm-content/{package.extracted_path}/index.html"
        film = f"/lms/scorm-content/{package.extracted_path}/film.mp4"
        h5p_file = f"/lms/h5p-content/{activity.extracted_path}/content/content.json"
        xapi = f"/lms/h5p-xapi/{activity.pk}/"
        user_data = f"/lms/h5p-content-user-data/{activity.pk}/?dataType=state"
        pages = (player, scorm_file, film, h5p_file, user_data, scorm.url, h5p.url, enrol)

    Rig.course = course
    return Rig


@pytest.fixture
def gold(rig, now):
    return school.sold(rig.course, now=now)


def test_courses_are_a_kind_of_item(rig):
    """U4"""
    row = Item.objects.get(page=rig.course)
    assert (row.kind, row.title, row.live) == ("course", "Clay", True)
    assert row.url == rig.course.get_url()
    assert registry.type_of(rig.course).kind == "course"


def test_a_stranger_reaches_no_address_of_a_sold_course(rig, gold, student, client_for):
    """V3, X4"""
    browser = client_for(student)
    for address in rig.pages:
        response = browser.get(address)
        assert response.status_code == 403, address
        assert is_private(response), address
        assert school.CANARY not in text_of(response), address
    assert browser.post(rig.xapi, json.dumps(STATEMENT), content_type="application/json").status_code == 403
    assert browser.post(rig.user_data, {"data": "x"}).status_code == 403
    assert not CourseEnrollment.objects.exists()
    assert not H5PAttempt.objects.exists()


def test_a_visitor_reaches_none_either(rig, gold, visitor):
    """V3, X4"""
    for address in (*rig.pages, rig.xapi):
        response = visitor.get(address)
        assert response.status_code in {302, 403}, address
        assert school.CANARY not in text_of(response), address


def test_an_enrolment_made_before_the_sale_opens_nothing(rig, gold, student, client_for):
    """V3: anybody could have enrolled free."""
    CourseEnrollment.objects.create(user=student, course=rig.course)
    attempt = SCORMAttempt.objects.create(user=student, scorm_package=rig.package)
    browser = client_for(student)
    assert {browser.get(address).status_code for address in rig.pages} == {403}
    call = {"method": "SetValue", "parameters": ["cmi.core.lesson_status", "completed"]}
    response = browser.post(f"/lms/scorm-api/{attempt.pk}/", json.dumps(call), content_type="application/json")
    assert response.status_code == 403
    attempt.refresh_from_db()
    assert attempt.completion_status == "not_attempted"


def test_a_member_learns_without_ever_pressing_enrol(rig, gold, student, client_for, now):
    """V3, W19"""
    school.subscribe(student, gold, until=now + DAY)
    browser = client_for(student)
    assert browser.get(rig.course.url).status_code == 200
    assert CourseEnrollment.objects.get(user=student).course_id == rig.course.pk
    for address in (rig.player, rig.scorm_file, rig.film, rig.h5p_file, rig.user_data, rig.scorm.url, rig.h5p.url):
        response = browser.get(address)
        assert response.status_code == 200, address
        assert is_private(response), address
    assert school.CANARY in text_of(browser.get(rig.scorm_file))
    assert school.CANARY in text_of(browser.get(rig.h5p_file))
    assert browser.get(rig.enrol).status_code == 302


@pytest.mark.parametrize("door", ["scorm", "h5p", "player"])
def test_whichever_lesson_is_opened_first_enrols(rig, gold, student, client_for, now, door):
    """W19"""
    school.subscribe(student, gold, until=now + DAY)
    address = rig.player if door == "player" else getattr(rig, door).url
    assert client_for(student).get(address).status_code == 200
    assert CourseEnrollment.objects.filter(user=student, course=rig.course).exists()


def test_progress_is_written_while_access_lasts_and_kept_afterwards(rig, gold, student, client_for, now):
    """X2, W19"""
    subscription = school.subscribe(student, gold, until=now + DAY)
    browser = client_for(student)
    browser.get(rig.player)
    attempt = SCORMAttempt.objects.get(user=student)
    call = {"method": "SetValue", "parameters": ["cmi.core.lesson_status", "completed"]}
    api = f"/lms/scorm-api/{attempt.pk}/"
    assert browser.post(api, json.dumps(call), content_type="application/json").json()["result"] == "true"
    assert browser.post(rig.xapi, json.dumps(STATEMENT), content_type="application/json").status_code == 200
    assert browser.post(rig.user_data, {"data": "page 3"}).json() == {"success": True}
    subscription.access_until = now
    subscription.save()
    assert browser.get(rig.player).status_code == 403
    assert browser.post(rig.user_data, {"data": "page 4"}).status_code == 403
    assert browser.post(api, json.dumps(call), content_type="application/json").status_code == 403
    enrolment = CourseEnrollment.objects.get(user=student)
    assert enrolment.completed_at is not None
    assert H5PContentUserData.objects.get().value == "page 3"
    assert H5PXAPIStatement.objects.count() == 1


def test_a_course_in_no_membership_is_as_it_was(rig, student, client_for, visitor):
    """V3: the LMS goes on by itself."""
    browser = client_for(student)
    assert browser.get(rig.course.url).status_code == 200
    assert browser.get(rig.h5p.url).status_code == 302
    assert browser.get(rig.player).status_code == 302
    assert browser.get(rig.enrol).status_code == 302
    assert CourseEnrollment.objects.filter(user=student).exists()
    for address in (rig.player, rig.h5p.url, rig.scorm.url, rig.scorm_file, rig.h5p_file, rig.user_data):
        assert browser.get(address).status_code == 200, address
    assert browser.get(rig.scorm_file)["Cache-Control"] == "no-cache"
    assert browser.post(rig.xapi, json.dumps(STATEMENT), content_type="application/json").status_code == 200
    assert "/accounts/login/" in visitor.get(rig.scorm_file)["Location"]


def test_a_file_that_a_free_lesson_shows_too_is_free(rig, gold, student, client_for, scorm_lesson, h5p_lesson):
    """V3"""
    free = school.course("Free")
    scorm_lesson(free, rig.package)
    h5p_lesson(free, rig.activity)
    browser = client_for(student)
    assert browser.get(rig.scorm_file).status_code == 200
    assert browser.get(rig.h5p_file).status_code == 200
    assert browser.get(rig.player).status_code == 403


def test_a_draft_of_a_free_lesson_opens_nothing(rig, gold, student, client_for, scorm_lesson, h5p_lesson):
    """S26"""
    free = school.course("Free")
    scorm_lesson(free, rig.package, live=False)
    h5p_lesson(free, rig.activity, live=False)
    browser = client_for(student)
    assert browser.get(rig.scorm_file).status_code == 403
    assert browser.get(rig.h5p_file).status_code == 403


def test_a_draft_lesson_of_a_sold_course_is_not_played_by_members(rig, gold, student, client_for, now, scorm_lesson):
    """S26"""
    school.subscribe(student, gold, until=now + DAY)
    draft = scorm_lesson(rig.course, rig.package, live=False, slug="draft")
    assert client_for(student).get(f"/lms/scorm-lesson/{draft.pk}/play/").status_code == 404


def test_a_file_that_no_page_shows_is_closed(rig, student, client_for, admin, scorm_package, h5p_activity):
    """X4: unknown means closed."""
    package, activity = scorm_package("lonely"), h5p_activity("lonely")
    browser = client_for(student)
    assert browser.get(f"/lms/scorm-content/{package.extracted_path}/index.html").status_code == 403
    assert browser.get(f"/lms/h5p-content/{activity.extracted_path}/h5p.json").status_code == 403
    assert browser.get("/lms/scorm-content/nobody/index.html").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "{free}/../{sold}/index.html",
        "{free}/..%2F{sold}/index.html",
        "{free}\\..\\{sold}\\index.html",
        "./{sold}/index.html",
        "/{sold}/index.html",
        "../scorm_content/{sold}/index.html",
        "..%2f..%2fetc/passwd",
        "{sold}%00/index.html",
        "{sold}/./index.html",
    ],
)
def test_no_spelling_of_a_path_leads_round_the_decision(
    rig, gold, student, client_for, scorm_package, scorm_lesson, path
):
    """V3, S44"""
    free = scorm_package("free")
    scorm_lesson(school.course("Free"), free)
    browser = client_for(student)
    assert browser.get(f"/lms/scorm-content/{free.extracted_path}/index.html").status_code == 200
    address = path.format(free=free.extracted_path, sold=rig.package.extracted_path)
    response = browser.get(f"/lms/scorm-content/{address}")
    assert response.status_code in {403, 404}
    assert school.CANARY not in text_of(response)


def test_the_attempt_of_another_is_not_found(rig, gold, student, client_for, now):
    """S19"""
    other = UserFactory()
    for person in (student, other):
        school.subscribe(person, gold, until=now + DAY)
    attempt = SCORMAttempt.objects.create(user=other, scorm_package=rig.package)
    assert (
        client_for(student).post(f"/lms/scorm-api/{attempt.pk}/", "{}", content_type="application/json").status_code
        == 404
    )


def test_films_of_sold_courses_are_not_sent_to_the_storage(rig, gold, student, client_for, now, monkeypatch):
    """S29"""
    from wagtail_lms import conf

    monkeypatch.setattr(conf, "WAGTAIL_LMS_REDIRECT_MEDIA", True)
    school.subscribe(student, gold, until=now + DAY)
    assert client_for(student).get(rig.film).status_code == 200


def test_the_lms_asks_us_before_a_lesson(rig, gold, student, rf, now):
    """V3"""
    request = rf.get("/")
    request.user = student
    assert not check_lesson_access(request, rig.h5p, rig.course)
    school.subscribe(student, gold, until=now + DAY)
    assert check_lesson_access(request, rig.h5p, rig.course)
    request.user = AnonymousUser()
    assert not check_lesson_access(request, rig.h5p, rig.course)


def test_who_edits_another_part_of_the_site_learns_nothing_for_free(rig, gold, creator, client_for):
    """S48: that LMS lets everybody in who may enter the admin."""
    assert {client_for(creator).get(address).status_code for address in rig.pages} == {403}


def test_the_administrator_looks_in_without_being_enrolled(rig, gold, admin, client_for):
    """S48"""
    browser = client_for(admin)
    assert {browser.get(address).status_code for address in rig.pages if address != rig.enrol} == {200}
    assert not CourseEnrollment.objects.exists()


def test_negative_control_their_own_views_would_let_a_stranger_in(rig, gold, student, client_for, settings):
    """What closes the holes is ours."""
    settings.ROOT_URLCONF = "tests.integrations.open_urls"
    browser = client_for(student)
    assert browser.get(rig.enrol).status_code == 302
    assert CourseEnrollment.objects.filter(user=student).exists()
    assert school.CANARY in text_of(browser.get(rig.scorm_file))
    assert school.CANARY in text_of(browser.get(rig.h5p_file))
