"""What do other sites show of a membership? Open Graph and a schema.org offer (W19)."""

from decimal import Decimal

from django.utils.html import format_html
from django.utils.safestring import SafeString

from ..memberships.addresses import public_url
from ..memberships.offers import Offer
from ..money import to_decimal
from ..safe_html import as_script_data
from ..subscriptions.places import Places

IMAGE_SPEC = "fill-1200x630"


def open_graph(offer: Offer) -> dict[str, str]:
    """Property → content, for the page's head."""
    properties = {
        "og:type": "product",
        "og:title": offer.membership.title,
        "og:description": offer.summary,
        "og:url": public_url(offer.membership.get_absolute_url()),
    }
    image = _image_url(offer)
    return {**properties, "og:image": image} if image else properties


def json_ld(offer: Offer, places: Places | None) -> SafeString:
    """The offer as schema.org data. Built from what is on sale now: a page that is not sold has none (S26)."""
    membership = offer.membership
    price = membership.price
    data = {
        "@context": "https://schema.org",
        "@type": "Product",
        "name": membership.title,
        "description": offer.summary,
        "url": public_url(membership.get_absolute_url()),
        "offers": {
            "@type": "Offer",
            "price": str(to_decimal(price)) if price else str(Decimal(0)),
            "priceCurrency": membership.currency.upper(),
            "availability": f"https://schema.org/{'SoldOut' if places and places.are_sold_out else 'InStock'}",
            "url": public_url(membership.get_absolute_url()),
        },
    }
    return format_html('<script type="application/ld+json">{}</script>', as_script_data(data))


def _image_url(offer: Offer) -> str:
    cover = offer.membership.cover_image
    return public_url(cover.get_rendition(IMAGE_SPEC).url) if cover else ""
