"""In which language does a hosted page speak, and how does that language write money and dates?"""

from __future__ import annotations

from datetime import UTC, datetime

LANGUAGES = ("en", "fr")

# How many decimals the API's amounts have, and how many a person sees: https://docs.stripe.com/currencies
# Two of each, except for these. ISK and UGX have no cents, and are counted in hundredths all the same.
DECIMALS = {
    code: places
    for codes, places in (
        ("bif clp djf gnf jpy kmf krw mga pyg rwf vnd vuv xaf xof xpf", (0, 0)),
        ("bhd jod kwd omr tnd", (3, 3)),
        ("isk ugx", (2, 0)),
    )
    for code in codes.split()
}

SIGNS = {
    "en": {"eur": "€", "usd": "$", "gbp": "£", "jpy": "¥", "cad": "CA$", "aud": "A$"},
    "fr": {"eur": "€", "usd": "$US", "gbp": "£GB", "jpy": "¥", "cad": "$CA", "aud": "$AU"},
}

MONTHS = {
    "en": [
        "January",
        "February",
        "March",
        "April",
        "May",
        "June",
        "July",
        "August",
        "September",
        "October",
        "November",
        "December",
    ],
    "fr": [
        "janvier",
        "février",
        "mars",
        "avril",
        "mai",
        "juin",
        "juillet",
        "août",
        "septembre",
        "octobre",
        "novembre",
        "décembre",
    ],
}

# French puts a narrow no-break space between thousands and a no-break space before the currency sign.
THOUSANDS = {"en": ",", "fr": "\u202f"}
DECIMAL_MARK = {"en": ".", "fr": ","}


def choose_language(locale: str | None, accept_language: str | None) -> str:
    """The session's own ``locale`` if it names one of ours, else what the browser likes best."""
    if locale and locale != "auto":
        return _known(locale) or "en"
    for wanted in _by_preference(accept_language or ""):
        known = _known(wanted)
        if known:
            return known
    return "en"


def format_money(amount: int, currency: str, language: str) -> str:
    number = figures(abs(amount), currency).translate({ord(","): THOUSANDS[language], ord("."): DECIMAL_MARK[language]})
    minus = "-" if amount < 0 else ""
    sign = SIGNS[language].get(currency.lower())
    if language == "fr":
        return f"{minus}{number}\u00a0{sign or currency.upper()}"
    return f"{minus}{sign}{number}" if sign else f"{minus}{currency.upper()}\u00a0{number}"


def format_date(timestamp: int, language: str) -> str:
    """The day in UTC, in which the whole sandbox lives."""
    day = datetime.fromtimestamp(timestamp, UTC)
    number = "1er" if language == "fr" and day.day == 1 else str(day.day)
    return f"{number} {MONTHS[language][day.month - 1]} {day.year}"


def format_moment(timestamp: float | None) -> str:
    """For the dashboard, which speaks English only."""
    return datetime.fromtimestamp(timestamp, UTC).strftime("%-d %b %Y, %H:%M:%S") if timestamp else "–"


def figures(amount: int, currency: str) -> str:
    """The API's amount as a number with its currency's decimals: "1,234.50"."""
    counted, shown = DECIMALS.get(currency.lower(), (2, 2))
    whole, part = divmod(amount, 10**counted)
    return f"{whole:,}.{part:0{counted}d}" if shown else f"{whole:,}"


def _known(locale: str) -> str | None:
    language = locale.lower().replace("_", "-").split("-")[0]
    return language if language in LANGUAGES else None


def _by_preference(header: str) -> list[str]:
    """The languages of an ``Accept-Language`` header, best first."""
    wanted = []
    for place, part in enumerate(header.split(",")):
        name, _, weight = part.strip().partition(";q=")
        try:
            wanted.append((-float(weight or 1), place, name))
        except ValueError:
            continue
    return [name for _, _, name in sorted(wanted)]


def minor_units(text: str, currency: str) -> int:
    """What a person typed, "4.50", as the API counts it. Raises ValueError for anything else."""
    places = DECIMALS.get(currency, (2, 2))[0]
    whole, _, rest = text.replace(",", ".").partition(".")
    if not whole.isdecimal() or len(rest) > places or (rest and not rest.isdecimal()):
        raise ValueError(text)
    return int(whole + rest.ljust(places, "0"))
