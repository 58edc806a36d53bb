"""Where do marks go? Into everything that a membership closes, each with a name of its own."""

import json
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.contrib.auth import get_user_model
from django.core.files.base import ContentFile
from django.db import models
from wagtail.documents.models import Document
from wagtail.images.models import Image
from wagtail.images.views.serve import generate_image_url
from wagtail.models import Collection, Locale, Page, ReferenceIndex
from wagtail.search import index
from wagtail_lms.models import CoursePage, H5PActivity, H5PLessonPage, SCORMLessonPage, SCORMPackage

from example_site.models import DigitalProduct, LiveSession
from lms_memberships.access import fence
from lms_memberships.bundles import catalogue
from lms_memberships.models import Gift, Membership
from lms_memberships.subscriptions import gift_links
from tests.access import school
from tests.integrations.conftest import MANIFEST, zipped

MARK = "CANARY"
PICTURE = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9" width="9" height="9"><title>{MARK}-picture</title></svg>'


@dataclass
class Garden:
    """What was planted: the memberships, the things, and the addresses that no link names."""

    gold: Membership
    silver: Membership
    course: CoursePage
    things: dict[str, models.Model] = field(default_factory=dict)
    #: Name of what hides there → an address at which a member may find it.
    addresses: dict[str, str] = field(default_factory=dict)
    #: Addresses at which nobody may find anything.
    barred: list[str] = field(default_factory=list)

    def pages(self) -> list[Page]:
        return list(Page.objects.filter(depth__gt=1).order_by("path"))


def plant(now: datetime) -> Garden:
    """A course with everything in it, a session and a product in Gold; another course in Silver."""
    files = _files()
    course = _course(files)
    lessons = _lessons(course, files)
    session, product = _session(now), _product()
    gold = school.sold(course, session, product, now=now)
    silver = school.sold(unmarked("Silver only"), title="Silver", now=now)
    garden = Garden(gold, silver, course, things={**files, **lessons, "session": session, "product": product})
    _give(gold, now)
    _name_addresses(garden)
    _multiply(garden)
    for page in Page.objects.filter(depth__gt=1).specific():
        # Both follow after a commit, which never comes in a test.
        ReferenceIndex.create_or_update_for_object(page)
        index.insert_or_update_object(page)
    return garden


def _give(gold: Membership, now: datetime) -> None:
    """Whoever has its link sees what is given, and nothing of what it opens (X15)."""
    giver = get_user_model().objects.create(username="giver")
    gift = Gift(
        giver=giver, membership=gold, price_id="price_gift", months=3, amount=4900, currency="eur", message="For you",
        deliver_on=now.date(), state="delivered", created_at=now, redeem_until=now + timedelta(days=300),
    )  # fmt: skip
    gift_links.give_new(gift)
    gift.save()


def unmarked(title: str) -> CoursePage:
    """A course without a mark: for what is open, or is somebody else's."""
    page = school.course(title)
    CoursePage.objects.filter(pk=page.pk).update(description="-")
    return CoursePage.objects.get(pk=page.pk)


def _files() -> dict[str, models.Model]:
    fenced = Collection.get_first_root_node().add_child(name="Members' files")
    fence.fence_collection(fenced)
    made = {name: ContentFile(f"{MARK}-{name}".encode(), name=f"{name}.txt") for name in ("linked", "fenced")}
    package = SCORMPackage(
        title="P", package_file=zipped({"imsmanifest.xml": MANIFEST, "index.html": f"{MARK}-scorm"}, "p.zip")
    )
    package.save()
    h5p = {"h5p.json": '{"title": "A", "mainLibrary": "H5P.T"}', "content/content.json": f'{{"t": "{MARK}-h5p"}}'}
    activity = H5PActivity(title="A", package_file=zipped(h5p, "a.h5p"))
    activity.save()
    picture = Image(title="Photo", width=9, height=9, file=ContentFile(PICTURE.encode(), name="photo.svg"))
    picture.save()
    return {
        "linked": Document.objects.create(title="Linked", file=made["linked"]),
        "fenced": Document.objects.create(title="Fenced", file=made["fenced"], collection=fenced),
        "package": package,
        "activity": activity,
        "picture": picture,
    }


def _course(files: dict[str, models.Model]) -> CoursePage:
    links = "".join(f'<a linktype="document" id="{files[name].pk}">file</a>' for name in ("linked", "fenced"))
    embed = f'<embed embedtype="image" id="{files["picture"].pk}" alt="" format="left"/>'
    page = school.front_page().add_child(
        instance=CoursePage(
            title="Clay",
            description=f"<p>{MARK}-body {links}</p>{embed}",
            search_description=f"{MARK}-search-description",
        )
    )
    page.save_revision().publish()
    page.description = f"<p>{MARK}-draft</p>"
    page.save_revision()
    return CoursePage.objects.get(pk=page.pk)


def _lessons(course: CoursePage, files: dict[str, models.Model]) -> dict[str, Page]:
    body = [
        {"type": "paragraph", "value": f"<p>{MARK}-block</p>"},
        {"type": "h5p_activity", "value": {"activity": files["activity"].pk}},
    ]
    h5p = course.add_child(instance=H5PLessonPage(title="Wedging", intro=f"{MARK}-intro", body=json.dumps(body)))
    scorm = course.add_child(
        instance=SCORMLessonPage(title="Centring", intro=f"{MARK}-scorm-intro", scorm_package=files["package"])
    )
    moved = course.add_child(instance=H5PLessonPage(title="Moved", intro=f"{MARK}-moved"))
    return {"h5p_lesson": h5p, "scorm_lesson": scorm, "moved": moved}


def _session(now: datetime) -> LiveSession:
    session = school.session("Glazing", now)
    LiveSession.objects.filter(pk=session.pk).update(join_url=f"https://meet.school.test/{MARK}-join")
    return LiveSession.objects.get(pk=session.pk)


def _product() -> DigitalProduct:
    file = ContentFile(f"{MARK}-product".encode(), name="book.txt")
    product = DigitalProduct.objects.create(title="Book", slug="book", description="-", file=file)
    catalogue.sync(product)
    return product


def _name_addresses(garden: Garden) -> None:
    things = garden.things
    garden.addresses = {
        "body": garden.course.url,
        "search-description": garden.course.url,
        "block": things["h5p_lesson"].url,
        "intro": things["h5p_lesson"].url,
        "scorm-intro": things["scorm_lesson"].url,
        "scorm": f"/lms/scorm-content/{things['package'].extracted_path}/index.html",
        "h5p": f"/lms/h5p-content/{things['activity'].extracted_path}/content/content.json",
        "linked": things["linked"].url,
        "fenced": things["fenced"].url,
        "picture": generate_image_url(things["picture"], "width-9"),
        "join": f"/live/{things['session'].slug}.ics",
        "product": f"/shop/{things['product'].slug}/download/",
    }
    garden.barred = [
        f"/media/{name}"
        for name in (
            things["linked"].file.name,
            things["fenced"].file.name,
            things["product"].file.name,
            things["picture"].file.name,
            f"scorm_content/{things['package'].extracted_path}/index.html",
            f"h5p_content/{things['activity'].extracted_path}/content/content.json",
            things["package"].package_file.name,
            f"images/../{things['linked'].file.name}",
            f"images/%2e%2e/{things['linked'].file.name}",
        )
    ]


def _multiply(garden: Garden) -> None:
    """S34: an alias elsewhere, a copy, a translation, and a lesson that is moved out."""
    home, things = school.front_page(), garden.things
    french, _created = Locale.objects.get_or_create(language_code="fr")
    things["alias"] = things["h5p_lesson"].create_alias(parent=home, update_slug="alias")
    things["copy"] = garden.course.copy(to=home, recursive=True, update_attrs={"slug": "copy"}, keep_live=True)
    translated = garden.course.copy_for_translation(french, copy_parents=True)
    translated.save_revision().publish()
    things["translation"] = translated
    things["moved"].move(home, pos="last-child")
