"""What do the tests of wagtail-lms share? Courses with a SCORM package and an H5P activity, built here."""

import io
import json
import zipfile
from collections.abc import Callable

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from wagtail_lms.models import H5PActivity, H5PLessonPage, SCORMLessonPage, SCORMPackage

from tests.access import school

MANIFEST = """<?xml version="1.0"?>
<manifest identifier="clay" xmlns="http://www.imsproject.org/xsd/imscp_rootv1p1p2"
  xmlns:adlcp="http://www.adlnet.org/xsd/adlcp_rootv1p2">
  <metadata><schema>ADL SCORM</schema><schemaversion>1.2</schemaversion></metadata>
  <resources><resource identifier="r" type="webcontent" adlcp:scormtype="sco" href="index.html"/></resources>
</manifest>"""


def zipped(files: dict[str, str], name: str) -> ContentFile:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return ContentFile(buffer.getvalue(), name=name)


@pytest.fixture
def scorm_package(db) -> Callable[[str], SCORMPackage]:
    def build(name: str = "clay") -> SCORMPackage:
        files = {"imsmanifest.xml": MANIFEST, "index.html": f"<h1>{school.CANARY}</h1>", "film.mp4": school.CANARY}
        package = SCORMPackage(title=name, package_file=zipped(files, f"{name}.zip"))
        package.save()
        return package

    return build


@pytest.fixture
def h5p_activity(db) -> Callable[[str], H5PActivity]:
    def build(name: str = "quiz") -> H5PActivity:
        files = {
            "h5p.json": json.dumps({"title": name, "mainLibrary": "H5P.Test"}),
            "content/content.json": json.dumps({"text": school.CANARY}),
        }
        activity = H5PActivity(title=name, package_file=zipped(files, f"{name}.h5p"))
        activity.save()
        return activity

    return build


@pytest.fixture
def scorm_lesson() -> Callable[..., SCORMLessonPage]:
    def build(course, package: SCORMPackage, **columns: object) -> SCORMLessonPage:
        return course.add_child(instance=SCORMLessonPage(title="Centring", scorm_package=package, **columns))

    return build


@pytest.fixture
def h5p_lesson() -> Callable[..., H5PLessonPage]:
    def build(course, activity: H5PActivity, **columns: object) -> H5PLessonPage:
        body = json.dumps([{"type": "h5p_activity", "value": {"activity": activity.pk}}])
        return course.add_child(instance=H5PLessonPage(title="Quiz", body=body, **columns))

    return build


@pytest.fixture
def course(db):
    return school.course()


@pytest.fixture
def visitor():
    return Client()
