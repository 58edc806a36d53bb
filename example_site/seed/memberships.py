"""Which memberships does the school sell? Made and published the way the wizard does it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from django.db import models
from wagtail.images.models import Image
from wagtail_lms.models import CoursePage

from lms_memberships import clock
from lms_memberships.bundles import catalogue
from lms_memberships.memberships import gift_offers, ladder_making, publishing
from lms_memberships.memberships.intervals import Interval
from lms_memberships.memberships.ladder_models import Ladder
from lms_memberships.memberships.models import BundleItem, Membership, PriceOption
from lms_memberships.money import Money
from lms_memberships.payments import connect

from ..models import DigitalProduct, LiveSession
from .school import PICTURE_TITLES


@dataclass(frozen=True)
class MembershipWords:
    title: str
    description: str
    cover: str
    price: int
    interval: Interval
    #: Slugs of the English courses; their translations come with them.
    courses: tuple[str, ...]
    sessions: tuple[str, ...] = ()
    products: tuple[str, ...] = ()
    old_price: int | None = None
    trial_days: int = 0
    trial_requires_card: bool = True
    #: Amount and interval of each further price.
    further: tuple[tuple[int, str], ...] = ()
    #: For how many months it can be given, and for how much.
    gifts: tuple[tuple[int, int], ...] = ()


FIRST_CLAY = MembershipWords(
    title="First clay",
    description="Four weeks at the wheel, at your own pace.\n\n"
    "- **First weeks at the wheel**, four lessons\n"
    "- the poster with six silhouettes to practise\n\n"
    "Try it for a week. We do not ask for a card, so there is nothing to forget.",
    cover="wheel",
    price=1900,
    interval=Interval.MONTH,
    courses=("first-weeks-at-the-wheel",),
    products=("six-silhouettes",),
    trial_days=7,
    trial_requires_card=False,
)
WORKSHOP = MembershipWords(
    title="The workshop",
    description="Everything we teach, and an hour with us whenever the kiln is open.\n\n"
    "- all three courses, and those to come\n"
    "- both live sessions\n"
    "- the glaze book and the poster\n\n"
    "Most people stay about a year. *Stop whenever you like; your notes stay.*",
    cover="shelf",
    price=3900,
    old_price=4900,
    interval=Interval.MONTH,
    courses=("first-weeks-at-the-wheel", "glaze-without-guessing", "reading-the-kiln"),
    sessions=("opening-the-kiln", "bring-your-collapsed-pot"),
    products=("glaze-book", "six-silhouettes"),
    trial_days=7,
    further=((39000, Interval.YEAR),),
    gifts=((3, 9900), (12, 35000)),
)
GLAZE_BENCH = MembershipWords(
    title="The glaze bench",
    description="For those who throw already. Paid once, yours for good.\n\n"
    "- **Glaze without guessing**, with its interactive lesson\n"
    "- the glaze book, ready for your own recipes",
    cover="glaze",
    price=8900,
    interval=Interval.ONE_TIME,
    courses=("glaze-without-guessing",),
    products=("glaze-book",),
)
MEMBERSHIPS = (FIRST_CLAY, WORKSHOP, GLAZE_BENCH)
#: The lowest tier first.
TIERS = (FIRST_CLAY, WORKSHOP)
UPSELL_TITLE = "From first clay to the whole workshop"
UPSELL_TEXT = (
    "**Begin at the wheel, and come further in when you want more.** Your notes and your progress come along.\n\n"
    "Change whenever you like: you see what it costs before anything changes."
)


def seed_memberships() -> bool:
    """Make and publish them, once; Stripe or its stand-in must answer. Says whether there was something to do."""
    if Membership.objects.exists():
        return False
    connect.ensure_fresh()
    catalogue.rebuild()
    for number, words in enumerate(MEMBERSHIPS, start=1):
        membership = _make(words, sort_order=number)
        _publish(membership)
        _offer_gifts(membership, words)
    _put_in_order()
    return True


def _make(words: MembershipWords, *, sort_order: int) -> Membership:
    membership = Membership(
        title=words.title,
        description=words.description,
        cover_image=Image.objects.filter(title=PICTURE_TITLES[words.cover]).first(),
        price_amount=words.price,
        old_price_amount=words.old_price,
        currency="eur",
        interval=words.interval,
        trial_days=words.trial_days,
        trial_requires_card=words.trial_requires_card,
        lang="en",
        sort_order=sort_order,
        live=False,
    )
    for position, thing in enumerate(_things(words)):
        membership.bundle_items.add(BundleItem(item=catalogue.sync(thing), sort_order=position))
    for position, (amount, interval) in enumerate(words.further):
        membership.price_options.add(PriceOption(amount=amount, currency="eur", interval=interval, sort_order=position))
    membership.save()
    return membership


def _publish(membership: Membership) -> None:
    """As the button does: Stripe first, then live."""
    revision = membership.save_revision()
    publishing.prepare(membership, gateway=connect.get_gateway(), now=clock.now())
    revision.publish()


def _put_in_order() -> None:
    known = {membership.title: membership for membership in Membership.objects.prefetch_related("price_options")}
    ladder = Ladder(title="The studio", upsell_title=UPSELL_TITLE, upsell_text=UPSELL_TEXT)
    ladder_making.save(ladder, [known[words.title] for words in TIERS], now=clock.now())


def _offer_gifts(membership: Membership, words: MembershipWords) -> None:
    gift_offers.write(membership, {months: Money(amount, "eur") for months, amount in words.gifts})
    gift_offers.prepare(membership, gateway=connect.get_gateway(), now=clock.now())


def _things(words: MembershipWords) -> Iterator[models.Model]:
    for course in _in_order(CoursePage.objects.filter(slug__in=words.courses), words.courses):
        # Each language is a page of its own: a member may read both.
        yield course
        yield from CoursePage.objects.filter(translation_key=course.translation_key).exclude(pk=course.pk)
    yield from _in_order(LiveSession.objects.filter(slug__in=words.sessions), words.sessions)
    yield from _in_order(DigitalProduct.objects.filter(slug__in=words.products), words.products)


def _in_order(found: Iterable[models.Model], slugs: tuple[str, ...]) -> list[models.Model]:
    return sorted(found, key=lambda thing: slugs.index(thing.slug))
