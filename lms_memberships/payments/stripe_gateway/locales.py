"""Which of the languages of Stripe's hosted pages is nearest to a language of ours?"""

#: The languages of the hosted checkout in the pinned API version.
_NAMES = """
    bg cs da de el en en-GB es es-419 et fi fil fr fr-CA hi-IN hr hu id it ja ko lt lv ms mt nb nl pl pt pt-BR ro ru
    sk sl sv th tr vi zh zh-HK zh-TW
"""
LOCALES: dict[str, str] = {name.lower(): name for name in _NAMES.split()}
#: Django's names that Stripe knows under others.
OTHER_NAMES: dict[str, str] = {"no": "nb", "nn": "nb", "zh-hans": "zh", "zh-hant": "zh-TW", "hi": "hi-IN"}


def stripe_locale(language: str) -> str:
    """Django's language code in Stripe's words; ``auto``, the reader's browser, where Stripe has none for it."""
    code = language.replace("_", "-").lower()
    for name in (code, code.partition("-")[0]):
        if name in LOCALES or name in OTHER_NAMES:
            return LOCALES.get(name) or OTHER_NAMES[name]
    return "auto"
