"""Who may do what in the demo: an admin, a creator and a student, all with the password ``demo``."""

from allauth.account.models import EmailAddress
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractUser, Group, Permission
from django.db.models import Q
from wagtail.models import Collection, GroupCollectionPermission

PASSWORD = "demo"
CREATORS = "Creators"

# What a creator does all day: memberships, what is in them, and who is in them.
CREATOR_MAY = (
    Q(content_type__app_label="wagtailadmin", codename="access_admin")
    | Q(
        content_type__app_label="lms_memberships",
        content_type__model__in=("membership", "promotioncode", "ladder", "invitationlink", "gift"),
    )
    | Q(
        content_type__app_label="lms_memberships",
        codename__in=(
            "view_subscription",
            "view_invoice",
            "view_waitingentry",
            "view_trialtaken",
            "change_trialtaken",
            "view_guestpurchase",
            "change_guestpurchase",
        ),
    )
    | Q(content_type__app_label="example_site", content_type__model="livesession")
    | Q(content_type__app_label="example_site", content_type__model="digitalproduct")
)
IMAGES_MAY = ("add_image", "choose_image")


def make_people() -> None:
    make_person("admin", "Inès", "Faure", is_staff=True, is_superuser=True)
    creator = make_person("creator", "Tom", "Adeyemi")
    creator.groups.add(make_creators())
    make_person("student", "Noor", "Haddad")


def make_creators() -> Group:
    group, _created = Group.objects.get_or_create(name=CREATORS)
    group.permissions.add(*Permission.objects.filter(CREATOR_MAY))
    root = Collection.get_first_root_node()
    for permission in Permission.objects.filter(content_type__app_label="wagtailimages", codename__in=IMAGES_MAY):
        GroupCollectionPermission.objects.get_or_create(group=group, collection=root, permission=permission)
    return group


def make_person(username: str, first: str, last: str, **more: bool) -> AbstractUser:
    """Somebody with a confirmed address; found again when they exist."""
    user, created = get_user_model().objects.get_or_create(
        username=username,
        defaults={
            "first_name": first,
            "last_name": last,
            "email": f"{username}@alder-ash.example",
            **more,
        },
    )
    if created:
        user.set_password(PASSWORD)
        user.save(update_fields=["password"])
        EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user
