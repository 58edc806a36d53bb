"""What can go wrong in a way that we have a word for? Refusals are shown, outside failures are retried."""

from typing import TYPE_CHECKING

from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.utils.functional import _StrPromise


class Refusal(Exception):
    """The rules say no. ``message`` is for the person who asked, in their words."""

    message: "str | _StrPromise" = _("This is not possible.")

    def __init__(self, message: "str | _StrPromise | None" = None) -> None:
        if message is not None:
            self.message = message
        super().__init__(str(self.message))

    @property
    def for_buyers(self) -> str:
        return str(self.message)


class OutsideFailure(Exception):
    """The outside world failed (Stripe, mail, chat). Logged and tried again.

    ``message`` is a sentence that a creator understands; ``for_buyers`` says less, and by which reference a creator
    finds the rest (S56). The cause is chained with ``from``.
    """

    message: "str | _StrPromise" = _("A service that we depend on did not answer. Please try again in a moment.")

    def __init__(self, message: "str | _StrPromise | None" = None) -> None:
        if message is not None:
            self.message = message
        super().__init__(str(self.message))

    @property
    def for_buyers(self) -> str:
        return str(OutsideFailure.message)
