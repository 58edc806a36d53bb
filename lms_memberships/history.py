"""Which of our actions stand in Wagtail's history? Their names, and what a reader sees."""

from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.log_actions import LogActionRegistry, LogFormatter
from wagtail.models import ModelLogEntry

SECOND_PURCHASE_UNDONE = "lms_memberships.second_purchase_undone"
PLACELESS_PURCHASE_UNDONE = "lms_memberships.placeless_purchase_undone"
OVERBOOKED = "lms_memberships.overbooked"
TRIAL_ALLOWED = "lms_memberships.trial_allowed"
REPAIRED = "lms_memberships.repaired"
CODE_MADE = "lms_memberships.code_made"
CODE_RETIRED = "lms_memberships.code_retired"
CODE_GIVEN = "lms_memberships.code_given"
PRICE_MOVE_BEGUN = "lms_memberships.price_move_begun"
PRICE_MOVE_CALLED_OFF = "lms_memberships.price_move_called_off"
INVITATION_MADE = "lms_memberships.invitation_made"
INVITATION_REVOKED = "lms_memberships.invitation_revoked"
GUEST_RETURNED = "lms_memberships.guest_returned"
GIFT_OFFERS_CHANGED = "lms_memberships.gift_offers_changed"
GIFT_SENT_AGAIN = "lms_memberships.gift_sent_again"
GIFT_CHANGED = "lms_memberships.gift_changed"
GIFT_REFUNDED = "lms_memberships.gift_refunded"


@hooks.register("register_log_actions")
def register_log_actions(actions: LogActionRegistry) -> None:
    """Teach Wagtail's history pages our words."""

    @actions.register_action(SECOND_PURCHASE_UNDONE)
    class SecondPurchaseUndone(LogFormatter):
        label = _("Second purchase undone")

        def format_message(self, log_entry: ModelLogEntry) -> str:
            words = _("%(student)s had bought it twice. %(subscription)s was cancelled and refunded.")
            return str(words) % log_entry.data

    @actions.register_action(PLACELESS_PURCHASE_UNDONE)
    class PlacelessPurchaseUndone(LogFormatter):
        label = _("Purchase without a place undone")

        def format_message(self, log_entry: ModelLogEntry) -> str:
            words = _("%(student)s paid when no place was left. %(subscription)s was cancelled and refunded.")
            return str(words) % log_entry.data

    @actions.register_action(OVERBOOKED)
    class Overbooked(LogFormatter):
        label = _("Overbooked")

        def format_message(self, log_entry: ModelLogEntry) -> str:
            return str(_("%(student)s was let in by %(subscription)s although no place was left.")) % log_entry.data

    _register_offers(actions)
    _register_gifts(actions)

    @actions.register_action(REPAIRED)
    class Repaired(LogFormatter):
        label = _("Repaired")

        def format_message(self, log_entry: ModelLogEntry) -> str:
            return str(_("The health page's repair “%(repair)s” was carried out.")) % log_entry.data


def _register_gifts(actions: LogActionRegistry) -> None:
    actions.register_action(GIFT_OFFERS_CHANGED, _("Prices of gifts changed"), _("The prices of gifts were changed"))
    texts = {
        GIFT_SENT_AGAIN: (_("Gift sent again"), _("Gift %(gift)s was mailed again.")),
        GIFT_CHANGED: (_("Delivery of a gift changed"), _("The delivery of gift %(gift)s was changed.")),
        GIFT_REFUNDED: (_("Gift returned"), _("The money of gift %(gift)s was given back.")),
    }
    for action, (label, words) in texts.items():

        class OfOneGift(LogFormatter):
            def format_message(self, log_entry: ModelLogEntry) -> str:
                return str(self.words) % log_entry.data

        OfOneGift.label, OfOneGift.words = label, words
        actions.register_action(action)(OfOneGift)


def _register_offers(actions: LogActionRegistry) -> None:
    @actions.register_action(TRIAL_ALLOWED)
    class TrialAllowed(LogFormatter):
        label = _("Another free trial allowed")

        def format_message(self, log_entry: ModelLogEntry) -> str:
            return str(_("Another free trial was allowed to one person: %(reason)s")) % log_entry.data

    actions.register_action(PRICE_MOVE_BEGUN, _("Price change begun"), _("Members of an old price are to be moved"))
    actions.register_action(PRICE_MOVE_CALLED_OFF, _("Price change called off"), _("A price change was called off"))
    actions.register_action(INVITATION_MADE, _("Invitation made"), _("Invitation made"))
    actions.register_action(INVITATION_REVOKED, _("Invitation taken back"), _("Invitation taken back"))
    actions.register_action(
        GUEST_RETURNED, _("Purchase returned"), _("A purchase without an account was cancelled and refunded")
    )
    actions.register_action(CODE_MADE, _("Promotion code made"), _("Promotion code made at Stripe"))
    actions.register_action(CODE_RETIRED, _("Promotion code retired"), _("Promotion code retired at Stripe"))

    @actions.register_action(CODE_GIVEN)
    class CodeGiven(LogFormatter):
        label = _("Promotion code given")

        def format_message(self, log_entry: ModelLogEntry) -> str:
            return str(_("The discount was put on %(subscription)s.")) % log_entry.data
