"""Which of our actions stand in Wagtail's history? Their names, and what a reader sees."""

from django.utils.translation import gettext_lazy as _
from wagtail import hooks
from wagtail.log_actions import LogActionRegistry, LogFormatter
from wagtail.models import ModelLogEntry

SECOND_PURCHASE_UNDONE = "lms_memberships.second_purchase_undone"
PLACELESS_PURCHASE_UNDONE = "lms_memberships.placeless_purchase_undone"
PRICE_UNKNOWN = "lms_memberships.price_unknown"
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
PEOPLE_EXPORTED = "lms_memberships.people_exported"
PEOPLE_CANCELLED = "lms_memberships.people_cancelled"
PEOPLE_GIVEN = "lms_memberships.people_given"
PEOPLE_STOPPED = "lms_memberships.people_stopped"
PEOPLE_AGAIN = "lms_memberships.people_tried_again"
PAYMENT_REFUNDED = "lms_memberships.payment_refunded"
DOUBLE_RESOLVED = "lms_memberships.double_resolved"
PRICE_CHOSEN = "lms_memberships.unknown_price_chosen"
ATTENTION_SETTLED = "lms_memberships.attention_settled"
EMAIL_SENT_AGAIN = "lms_memberships.email_sent_again"
INVOICES_EXPORTED = "lms_memberships.invoices_exported"
REPORT_EXPORTED = "lms_memberships.report_exported"
#: What staff did for one person, by the kind of the deed.
DEEDS: dict[str, str] = {
    kind: f"lms_memberships.deed_{kind}"
    for kind in (
        *("gave", "took_back", "extended", "cancelled", "resumed", "ended", "revoked", "linked", "merged", "parted"),
    )
}


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

    _register_prices(actions)
    _register_offers(actions)
    _register_gifts(actions)
    _register_people(actions)
    _register_money(actions)
    _register_deeds(actions)
    _register_of_accounts(actions)

    @actions.register_action(REPAIRED)
    class Repaired(LogFormatter):
        label = _("Repaired")

        def format_message(self, log_entry: ModelLogEntry) -> str:
            return str(_("The health page's repair “%(repair)s” was carried out.")) % log_entry.data


def _register_prices(actions: LogActionRegistry) -> None:
    @actions.register_action(PRICE_UNKNOWN)
    class PriceUnknown(LogFormatter):
        label = _("Moved to an unknown price")

        def format_message(self, log_entry: ModelLogEntry) -> str:
            words = _(
                "%(student)s was moved at Stripe to a price that no membership has (%(subscription)s). "
                "What is paid stays open until its end."
            )
            return str(words) % log_entry.data


def _register_money(actions: LogActionRegistry) -> None:
    texts = {
        # It stands there from the decision on: Stripe may refuse it, and a bank may fail it days later.
        PAYMENT_REFUNDED: (_("Refund asked for"), _("%(amount)s of what %(student)s paid is to be given back.")),
        DOUBLE_RESOLVED: (
            _("Second purchase undone"),
            _("%(student)s paid twice. %(subscription)s was cancelled and refunded."),
        ),
        PRICE_CHOSEN: (
            _("Unknown price chosen"),
            _("The price of %(subscription)s at Stripe is one of this membership."),
        ),
        ATTENTION_SETTLED: (_("Dealt with"), _("%(what)s was marked as dealt with.")),
    }
    for action, (label, words) in texts.items():

        class OfMoney(LogFormatter):
            def format_message(self, log_entry: ModelLogEntry) -> str:
                return str(self.words) % log_entry.data

        OfMoney.label, OfMoney.words = label, words
        actions.register_action(action)(OfMoney)


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


def _register_people(actions: LogActionRegistry) -> None:
    """What was done with many people at once, or with the list of them."""
    texts = {
        PEOPLE_EXPORTED: (_("People exported"), _("The list of people was exported as %(format)s. Rows: %(rows)s")),
        PEOPLE_CANCELLED: (_("Cancelled for many"), _("To be cancelled at the period's end. People: %(people)s")),
        PEOPLE_GIVEN: (_("Given to many"), _("Access until %(until)s. People: %(people)s. Why: %(note)s")),
        PEOPLE_STOPPED: (_("Stopped"), _("What was being done for many people was stopped.")),
        PEOPLE_AGAIN: (
            _("Tried again"),
            _("What had failed for some of many people is tried again. People: %(people)s"),
        ),
    }
    for action, (label, words) in texts.items():

        class OfManyPeople(LogFormatter):
            def format_message(self, log_entry: ModelLogEntry) -> str:
                return str(self.words) % log_entry.data

        OfManyPeople.label, OfManyPeople.words = label, words
        actions.register_action(action)(OfManyPeople)


def _register_deeds(actions: LogActionRegistry) -> None:
    texts = {
        "gave": (_("Access given"), _("Access was given to one person: %(reason)s")),
        "took_back": (_("Given access ended"), _("Access that was given to one person was ended: %(reason)s")),
        "extended": (_("Trial extended"), _("The trial of %(subscription)s was extended: %(reason)s")),
        "cancelled": (_("Cancelled by staff"), _("%(subscription)s was cancelled: %(reason)s")),
        "resumed": (_("Cancellation taken back"), _("The cancellation of %(subscription)s was taken back: %(reason)s")),
        "ended": (_("Cancelled at once by staff"), _("%(subscription)s was cancelled at once: %(reason)s")),
        "revoked": (_("Access revoked"), _("The access of one person was revoked: %(reason)s")),
        "linked": (_("Subscription linked"), _("%(subscription)s was linked to an account: %(reason)s")),
        "merged": (_("Account merged"), _("Two accounts of one person were merged: %(reason)s")),
        "parted": (_("Merge undone"), _("The merge of two accounts was undone: %(reason)s")),
    }
    for kind, (label, words) in texts.items():

        class OfOneDeed(LogFormatter):
            def format_message(self, log_entry: ModelLogEntry) -> str:
                return str(self.words) % _Known(log_entry.data)

        OfOneDeed.label, OfOneDeed.words = label, words
        actions.register_action(DEEDS[kind])(OfOneDeed)


def _register_of_accounts(actions: LogActionRegistry) -> None:
    """What is no membership's: it stands at the account that it was done for, or of whoever did it."""
    texts = {
        EMAIL_SENT_AGAIN: (_("E-mail sent again"), _("“%(kind)s” was sent again. Before: %(before)s")),
        INVOICES_EXPORTED: (_("Invoices exported"), _("Invoices were exported as %(format)s.")),
        REPORT_EXPORTED: (_("Report exported"), _("“%(report)s” was exported as %(format)s.")),
    }
    for action, (label, words) in texts.items():

        class OfOneAccount(LogFormatter):
            def format_message(self, log_entry: ModelLogEntry) -> str:
                return str(self.words) % _Known(log_entry.data)

        OfOneAccount.label, OfOneAccount.words = label, words
        actions.register_action(action)(OfOneAccount)


class _Known(dict):
    """What was noted. Of an account that was erased only that something was done is kept."""

    def __missing__(self, name: str) -> str:
        return "–"


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
