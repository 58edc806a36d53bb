"""What does the measured school look like? 1,000 pages, 50 memberships, and as many subscriptions as are asked for."""

from dataclasses import dataclass
from datetime import timedelta

from django.contrib.auth import get_user_model
from django.contrib.auth.models import Group
from django.contrib.contenttypes.models import ContentType
from django.db import connection, models
from django.utils import timezone
from wagtail.models import PageViewRestriction, Site
from wagtail.signal_handlers import disable_reference_index_auto_update
from wagtail_lms.models import CoursePage

from lms_memberships.models import BundleItem, Item, Membership, Subscription

SECTIONS = 50
PAGES_EACH = 20
#: Each student holds so many memberships, and is in so many groups.
EACH_HOLDS = 3
MEMBER_OF = 7


@dataclass(frozen=True)
class School:
    """The page in question, and two who may open it: by subscription alone, and by group as well."""

    page: CoursePage
    pages: list[CoursePage]
    student: models.Model
    student_in_groups: models.Model
    stranger: models.Model


def build() -> School:
    """Pages, groups, memberships: the same whatever the number of subscriptions."""
    home = Site.objects.get(is_default_site=True).root_page
    if not CoursePage.objects.filter(title="Section 0").exists():
        with disable_reference_index_auto_update():
            _build_pages(home)
        _build_memberships()
    return _school()


def grow(subscriptions: int) -> None:
    """Until there are so many subscriptions, three for each student. Rows are copied inside the database."""
    missing = subscriptions - Subscription.objects.count()
    if missing > 0:
        _copy_students(-(-missing // EACH_HOLDS))
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE")


def _build_pages(home: models.Model) -> None:
    for number in range(SECTIONS):
        section = home.add_child(instance=CoursePage(title=f"Section {number}"))
        for lesson in range(PAGES_EACH):
            section.add_child(instance=CoursePage(title=f"Lesson {number}-{lesson}"))
        group = Group.objects.create(name=f"group {number}")
        PageViewRestriction.objects.create(page=section.page_ptr, restriction_type="groups").groups.add(group)


def _build_memberships() -> None:
    now = timezone.now()
    Membership.objects.bulk_create(
        Membership(title=f"Pass {number}", slug=f"pass-{number}", price_amount=1900, live=True, first_published_at=now)
        for number in range(SECTIONS)
    )
    pages = list(CoursePage.objects.filter(title__regex="^(Section|Lesson) ").order_by("path"))
    content_type = ContentType.objects.get_for_model(CoursePage)
    Item.objects.all().delete()
    Item.objects.bulk_create(
        Item(kind="course", content_type=content_type, object_id=str(page.pk), title=page.title, page_id=page.pk)
        for page in pages
    )
    items = {item.title: item for item in Item.objects.all()}
    rows = []
    for number, membership in enumerate(Membership.objects.filter(slug__startswith="pass-").order_by("pk")):
        rows.append(BundleItem(membership=membership, item=items[f"Section {number}"]))
        for step in range(1, PAGES_EACH):
            other = items[f"Lesson {(number + step) % SECTIONS}-{(number * 3 + step) % PAGES_EACH}"]
            rows.append(BundleItem(membership=membership, item=other))
    BundleItem.objects.bulk_create(rows)
    _make_people()


def _make_people() -> None:
    people = get_user_model().objects
    for name in ("student", "student_in_groups", "stranger"):
        person = people.create(username=name, email=f"{name}@school.example")
        if name == "stranger":
            continue
        for number in (MEMBER_OF, MEMBER_OF + 10, MEMBER_OF + 20):
            _subscribe(person, Membership.objects.get(title=f"Pass {number}"))
            if name == "student_in_groups":
                person.groups.add(Group.objects.get(name=f"group {number}"))


def _subscribe(person: models.Model, membership: Membership) -> None:
    now = timezone.now()
    Subscription.objects.create(
        user=person,
        membership=membership,
        account="acct_bench",
        stripe_id=f"sub_{person.pk}_{membership.pk}",
        status="active",
        started_at=now,
        opened_at=now,
        access_until=now + timedelta(days=30),
    )


def _copy_students(count: int) -> None:
    """One row of each kind is the pattern; names and keys are the only differences."""
    users, subscriptions = get_user_model()._meta, Subscription._meta
    before = get_user_model().objects.order_by("-pk").first().pk
    name = f"'copy ' || {before} || '-' || n"
    with connection.cursor() as cursor:
        pattern = get_user_model().objects.get(username="stranger").pk
        copied = _columns(users, {"username": name})
        cursor.execute(
            f"INSERT INTO {users.db_table} ({', '.join(copied)}) SELECT {', '.join(copied.values())} "  # noqa: S608
            f"FROM {users.db_table}, generate_series(1, %s) n WHERE id = %s",
            [count, pattern],
        )
        cursor.execute(
            "INSERT INTO auth_user_groups (user_id, group_id) SELECT u.id, g.id FROM auth_user u "  # noqa: S608
            f"JOIN LATERAL generate_series(0, {EACH_HOLDS - 1}) k ON true JOIN auth_group g "
            f"ON g.name = 'group ' || (u.id * 7 + k * 17) %% {SECTIONS} WHERE u.id > %s ON CONFLICT DO NOTHING",
            [before],
        )
        values = {"user_id": "u.id", "membership_id": "m.id", "stripe_id": "'sub_' || u.id || '_' || m.id"}
        copied = _columns(subscriptions, values, "s.")
        cursor.execute(
            f"INSERT INTO {subscriptions.db_table} ({', '.join(copied)}) SELECT {', '.join(copied.values())} "  # noqa: S608
            f"FROM auth_user u JOIN LATERAL generate_series(0, {EACH_HOLDS - 1}) k ON true "
            f"JOIN {Membership._meta.db_table} m ON m.title = 'Pass ' || (u.id * 7 + k * 17) %% {SECTIONS} "
            f"JOIN {subscriptions.db_table} s ON s.id = %s WHERE u.id > %s",
            [Subscription.objects.filter(user__username="student").first().pk, before],
        )


def _columns(meta: models.options.Options, values: dict[str, str], prefix: str = "") -> dict[str, str]:
    names = [field.column for field in meta.concrete_fields if not field.primary_key]
    return {name: values.get(name, prefix + name) for name in names}


def _school() -> School:
    people = get_user_model().objects
    return School(
        page=CoursePage.objects.get(title=f"Lesson {MEMBER_OF}-3"),
        pages=list(CoursePage.objects.filter(title__regex="^Lesson ").order_by("path")),
        student=people.get(username="student"),
        student_in_groups=people.get(username="student_in_groups"),
        stranger=people.get(username="stranger"),
    )
