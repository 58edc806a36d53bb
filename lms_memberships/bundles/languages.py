"""Which of the bundled things are meant for this reader? Of a page and its translations, the one they can read."""

from collections.abc import Hashable, Iterable

from .models import Item


def in_language(items: Iterable[Item], language: str) -> list[Item]:
    """Each thing once, in its order: a translated page in the reader's language, where the bundle has it.

    Load ``page__locale`` with the items, or this asks once for each.
    """
    chosen: dict[Hashable, Item] = {}
    for item in items:
        key = item.page.translation_key if item.page else item.pk
        if key not in chosen or _speaks(item, language):
            chosen[key] = item
    return list(chosen.values())


def _speaks(item: Item, language: str) -> bool:
    # "fr-ca" is content enough for a reader of "fr", and the other way round.
    return item.page is not None and item.page.locale.language_code.partition("-")[0] == language.partition("-")[0]
