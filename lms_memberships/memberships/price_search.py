"""Which prices does the connected account have that somebody looks for? A page at a time, and never all of them (W4)."""

from dataclasses import dataclass

from ..payments.existing_prices import ExistingPrice
from ..payments.gateway import Gateway, NotFound
from ..payments.lists import Part

PAGE = 25
#: Stripe searches products only with a delay, so we look ourselves: so many hundreds of prices at most for one page.
MOST_LOOKS = 10
LOOK = 100


@dataclass(frozen=True)
class Shelf:
    """Prices, and where the next ones begin; empty: these were the last."""

    prices: tuple[ExistingPrice, ...]
    after: str


def look(words: str, after: str, *, gateway: Gateway) -> Shelf:
    """Active prices, newest first. ``words`` are looked for in the product's name, the price's nickname and both ids."""
    if not words:
        page = gateway.list_prices(Part(after=after, limit=PAGE))
        return Shelf(page.items, page.last_id)
    if words.startswith("price_"):
        return _by_id(words, gateway)
    found: list[ExistingPrice] = []
    for _turn in range(MOST_LOOKS):
        page = gateway.list_prices(Part(after=after, limit=LOOK))
        found += [price for price in page.items if _matches(price, words)]
        after = page.last_id
        if len(found) > PAGE:
            return Shelf(tuple(found[:PAGE]), found[PAGE - 1].id)
        if not after:
            break
    return Shelf(tuple(found), after)


def _by_id(price_id: str, gateway: Gateway) -> Shelf:
    try:
        return Shelf((gateway.read_price(price_id),), "")
    except NotFound:
        return Shelf((), "")


def _matches(price: ExistingPrice, words: str) -> bool:
    text = f"{price.product_name} {price.nickname} {price.product_id}".casefold()
    return all(word in text for word in words.casefold().split())
