"""Are the SCORM and H5P packages that the seed builds what the standards and the LMS expect?"""

import io
import json
import zipfile
from xml.etree import ElementTree

import pytest
from django.core.files.storage import default_storage
from wagtail_lms.models import H5PActivity, H5PLessonPage, SCORMLessonPage, SCORMPackage

from example_site.seed import courses_en, courses_fr
from example_site.seed.h5p import build_h5p
from example_site.seed.scorm import build_scorm

LANGUAGES = {"en": courses_en, "fr": courses_fr}
IMSCP = "{http://www.imsproject.org/xsd/imscp_rootv1p1p2}"
ADLCP = "{http://www.adlnet.org/xsd/adlcp_rootv1p2}"


def _quiz(course):
    return next(lesson.quiz for lesson in course.lessons if lesson.quiz)


def _manifest(package: zipfile.ZipFile) -> ElementTree.Element:
    return ElementTree.fromstring(package.read("imsmanifest.xml"))  # noqa: S314 - of our own making


@pytest.fixture(params=LANGUAGES)
def scorm(request) -> zipfile.ZipFile:
    quiz = _quiz(LANGUAGES[request.param].GLAZE)
    return zipfile.ZipFile(io.BytesIO(build_scorm(quiz, slug="lesson", language=request.param)))


@pytest.fixture(params=LANGUAGES)
def h5p(request) -> zipfile.ZipFile:
    return zipfile.ZipFile(io.BytesIO(build_h5p(_quiz(LANGUAGES[request.param].FIRE), language=request.param)))


def test_the_scorm_manifest_names_every_file_and_the_one_to_launch(scorm):
    manifest = _manifest(scorm)
    assert manifest.findtext(f".//{IMSCP}schema") == "ADL SCORM"
    assert manifest.findtext(f".//{IMSCP}schemaversion") == "1.2"
    resource = manifest.find(f".//{IMSCP}resource")
    assert resource.get(f"{ADLCP}scormtype") == "sco"
    listed = {file.get("href") for file in resource.findall(f"{IMSCP}file")}
    assert listed == set(scorm.namelist()) - {"imsmanifest.xml"}
    assert resource.get("href") in listed


def test_the_scorm_items_point_at_resources_that_exist(scorm):
    manifest = _manifest(scorm)
    resources = {resource.get("identifier") for resource in manifest.iter(f"{IMSCP}resource")}
    organisation = manifest.find(f".//{IMSCP}organizations").get("default")
    assert manifest.find(f".//{IMSCP}organization").get("identifier") == organisation
    assert {item.get("identifierref") for item in manifest.iter(f"{IMSCP}item")} <= resources


def test_the_scorm_page_speaks_the_api_and_asks_nobody_else(scorm):
    script = scorm.read("lesson.js").decode()
    for call in ("LMSInitialize", "LMSGetValue", "LMSSetValue", "LMSCommit", "LMSFinish"):
        assert call in script
    page = "".join(scorm.read(name).decode() for name in scorm.namelist() if name != "imsmanifest.xml")
    assert "http" not in page


def test_the_h5p_package_carries_its_main_library(h5p):
    described = json.loads(h5p.read("h5p.json"))
    main = next(
        library for library in described["preloadedDependencies"] if library["machineName"] == described["mainLibrary"]
    )
    folder = f"{main['machineName']}-{main['majorVersion']}.{main['minorVersion']}"
    library = json.loads(h5p.read(f"{folder}/library.json"))
    assert library["runnable"] == 1
    for file in (*library["preloadedJs"], *library["preloadedCss"]):
        assert f"{folder}/{file['path']}" in h5p.namelist()


def test_the_h5p_content_fits_its_own_description(h5p):
    content = json.loads(h5p.read("content/content.json"))
    semantics = json.loads(h5p.read("H5P.KilnCheck-1.0/semantics.json"))
    assert set(content) == {field["name"] for field in semantics}
    for question in content["questions"]:
        assert 0 <= question["right"] < len(question["answers"])


def test_building_again_makes_the_same_bytes():
    quiz = _quiz(courses_en.GLAZE)
    assert build_scorm(quiz, slug="a", language="en") == build_scorm(quiz, slug="a", language="en")


@pytest.mark.usefixtures("school")
def test_the_lms_unpacks_both_and_knows_where_they_start():
    package = SCORMPackage.objects.first()
    assert package.version == "1.2"
    assert package.launch_url == "index.html"
    assert default_storage.exists(f"scorm_content/{package.extracted_path}/index.html")
    activity = H5PActivity.objects.first()
    assert activity.main_library == "H5P.KilnCheck"


@pytest.mark.usefixtures("school")
def test_there_is_a_course_of_each_kind_in_both_languages():
    for code in LANGUAGES:
        lessons = H5PLessonPage.objects.filter(locale__language_code=code)
        assert [lesson for lesson in lessons if lesson.has_h5p_activity_blocks]
        assert [lesson for lesson in lessons if not lesson.has_h5p_activity_blocks]
        assert SCORMLessonPage.objects.filter(locale__language_code=code, scorm_package__isnull=False).exists()
