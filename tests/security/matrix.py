"""Who may do what at which address? Every entry of the URLconf that is ours, for every role, by GET and by POST.

The one table. An address that is missing here fails the test, and so does a row without an address (T16, S46).
"""

from collections.abc import Callable
from dataclasses import dataclass, field

from lms_memberships.subscriptions import cancel_links, gift_links, guest_links, withdrawal_links

from .asking import BAD, DONE, OTHER_METHOD, REFUSED, SIGN_IN, UNKNOWN
from .stage import OUTSIDE, ROLES, Stage

Expected = dict[str, str]
Arguments = Callable[[Stage], dict[str, object]]

WIZARD = "wagtailsnippets_lms_memberships_membership"
CHOOSER = "wagtailsnippetchoosers_lms_memberships_membership"


@dataclass(frozen=True)
class Row:
    """One address: what it names, and what each role is answered."""

    get: Expected
    post: Expected
    arguments: Arguments = field(default=lambda stage: {})
    query: str = ""


def admins(answer: str, *, needing: tuple[str, ...] = (), without: str = REFUSED) -> Expected:
    """Wagtail's front door for those outside; inside, one of these permissions, where any is needed."""
    inside = {
        role: answer if not needing or held & set(needing) else without
        for role, held in ROLES.items()
        if held is not None
    }
    return dict.fromkeys(OUTSIDE, SIGN_IN) | inside | {"superuser": answer}


def everybody(answer: str) -> Expected:
    return dict.fromkeys(ROLES, answer)


def signed_in(answer: str, *, others: str = SIGN_IN, **roles: str) -> Expected:
    """A portal page: strangers sign in first. ``roles`` are those with an answer of their own."""
    named = {role.replace("_", "-"): own for role, own in roles.items()}
    return everybody(answer) | {"anonymous": others} | named


def _draft(stage: Stage) -> dict[str, object]:
    return {"pk": stage.draft.pk}


def _step(stage: Stage) -> dict[str, object]:
    return {"pk": stage.draft.pk, "step": "information"}


def _revision(stage: Stage) -> dict[str, object]:
    return {"pk": stage.draft.pk, "revision_id": stage.draft.latest_revision_id}


def _comparison(stage: Stage) -> dict[str, object]:
    return {"pk": stage.draft.pk, "revision_id_a": "earliest", "revision_id_b": "latest"}


def _task(stage: Stage) -> dict[str, object]:
    return {"pk": stage.draft.pk, "action_name": "approve", "task_state_id": stage.review.current_task_state_id}


def _held(stage: Stage) -> dict[str, object]:
    return {"pk": stage.subscription.pk}


def _invoice(stage: Stage) -> dict[str, object]:
    return {"pk": stage.subscription.invoices.get().pk}


def _slug(stage: Stage) -> dict[str, object]:
    return {"slug": stage.membership.slug}


def _token(stage: Stage) -> dict[str, object]:
    return {"token": guest_links.token_of(stage.guest)}


def _gift(stage: Stage) -> dict[str, object]:
    return {"pk": stage.gift.pk}


def _invoice(stage: Stage) -> dict[str, object]:
    return {"pk": stage.subscription.invoices.get().pk}


def _person(stage: Stage) -> dict[str, object]:
    return {"pk": stage.people["member"].pk}


def _of_person(stage: Stage) -> dict[str, object]:
    return {**_person(stage), "held": stage.subscription.pk}


def _invoice_of_person(stage: Stage) -> dict[str, object]:
    return {**_person(stage), "invoice": stage.subscription.invoices.get().pk}


def _activity(stage: Stage) -> dict[str, object]:
    return {"activity_id": stage.activity.pk}


CHANGE, PUBLISH = ("change_membership",), ("publish_membership",)
WORKING = ("view_membership", "add_membership", "change_membership", "delete_membership")
WRITING = ("add_membership", "change_membership", "delete_membership")
LADDERS = ("view_ladder", "add_ladder", "change_ladder", "delete_ladder")
PROMOTING = ("view_promotioncode", "add_promotioncode", "change_promotioncode")
INVITING = ("view_invitationlink", "add_invitationlink", "change_invitationlink")
GIVING = ("view_gift", "change_gift", "refund_gift")
INVOICES = ("view_invoice",)
CONNECT, SWITCH = ("connect_account",), ("change_emailswitch",)
#: The one who was asked to approve may look and decide, and superusers stand in for everybody.
REVIEW = admins(REFUSED) | {"reviewer": DONE, "superuser": DONE}
OPEN_TO_MEMBERS = {"member": DONE, "superuser": DONE}


def _reading(needing: tuple[str, ...], arguments: Arguments = lambda stage: {}) -> Row:
    """A page that only answers GET."""
    return Row(admins(DONE, needing=needing), admins(OTHER_METHOD, needing=needing), arguments)


def _working(needing: tuple[str, ...], arguments: Arguments = lambda stage: {}) -> Row:
    """A page with a form."""
    return Row(admins(DONE, needing=needing), admins(DONE, needing=needing), arguments)


ATTENDING = ("view_subscription", "refund_invoice", "end_subscription", "link_subscription")
#: Cancelling and giving back: two rights together.
UNDOING = admins(REFUSED) | dict.fromkeys(("site admin", "superuser"), DONE)
CLAIMING = admins(REFUSED) | dict.fromkeys(("site admin", "superuser"), DONE)
#: Two rights together.
PRICING = admins(REFUSED) | dict.fromkeys(("creator", "site admin", "superuser"), DONE)

#: Two rights together that no creator has by default.
TOGETHER = admins(REFUSED) | dict.fromkeys(("site admin", "superuser"), DONE)


#: Seeing people, and a right of its own beside it; nobody has two but these.
DOING = admins(REFUSED) | dict.fromkeys(("site admin", "superuser"), DONE)


def _closed(expected: Expected) -> Expected:
    """The same people, of whom nobody may send anything."""
    return {role: OTHER_METHOD if answer == DONE else answer for role, answer in expected.items()}


#: Queue → the right to try a row of it again.
AGAIN = {
    "webhooks": "try_again_webhookevent",
    "emails": "send_again_email",
    "deliveries": "try_again_delivery",
}

MATRIX: dict[str, Row] = {
    # --- Settings
    "lms_memberships_email_settings": _working(SWITCH),
    "lms_memberships_emails_all_on": Row(admins(OTHER_METHOD, needing=SWITCH), admins(DONE, needing=SWITCH)),
    "lms_memberships_stripe_settings": _reading(CONNECT),
    "lms_memberships_stripe_check": Row(admins(OTHER_METHOD, needing=CONNECT), admins(DONE, needing=CONNECT)),
    "lms_memberships_portal_settings": _reading(CONNECT),
    "lms_memberships_portal_mend": Row(admins(OTHER_METHOD, needing=CONNECT), admins(DONE, needing=CONNECT)),
    "lms_memberships_payment_settings": _reading(CONNECT),
    "lms_memberships_health": _reading(CONNECT),
    "lms_memberships_health_ask": Row(admins(OTHER_METHOD, needing=CONNECT), admins(DONE, needing=CONNECT)),
    "lms_memberships_health_repair": Row(admins(OTHER_METHOD, needing=CONNECT), admins(DONE, needing=CONNECT)),
    # --- What is owed: each list with its own permission, and no address changes anything by itself
    **{
        f"lms_memberships_{queue}_{part}": _reading((permission,))
        for queue, permission in (
            ("webhooks", "view_webhookevent"),
            ("emails", "view_email"),
            ("deliveries", "view_delivery"),
        )
        for part in ("list", "results")
    },
    **{
        f"lms_memberships_{queue}_again": Row(
            admins(OTHER_METHOD),
            admins(DONE, needing=(permission,)),
            lambda stage, queue=queue: {"pk": stage.owed[queue].pk},
        )
        for queue, permission in AGAIN.items()
    },
    # --- Promotion codes: what is only about the list or one code, whoever may do anything with them may see
    "lms_memberships_promotions_list": _reading(PROMOTING),
    "lms_memberships_promotions_results": _reading(PROMOTING),
    "lms_memberships_promotions_add": _working(("add_promotioncode",)),
    "lms_memberships_promotions_show": _reading(PROMOTING, lambda stage: {"pk": stage.code.pk}),
    **{
        f"lms_memberships_promotions_{what}": Row(
            admins(OTHER_METHOD),
            admins(DONE, needing=("change_promotioncode",)),
            lambda stage: {"pk": stage.code.pk},
        )
        for what in ("retire", "give")
    },
    # --- Tiers
    "lms_memberships_ladders_list": _reading(LADDERS),
    "lms_memberships_ladders_results": _reading(LADDERS),
    "lms_memberships_ladders_add": _working(("add_ladder",)),
    "lms_memberships_ladders_edit": _working(("change_ladder",), lambda stage: {"pk": stage.ladder.pk}),
    "lms_memberships_ladders_switch": Row(
        admins(OTHER_METHOD), admins(DONE, needing=("change_ladder",)), lambda stage: {"pk": stage.ladder.pk}
    ),
    "lms_memberships_ladders_delete": _working(("delete_ladder",), lambda stage: {"pk": stage.ladder.pk}),
    # Making them also makes a membership: that needs its own right as well.
    "lms_memberships_ladders_begin": Row(
        admins(DONE, needing=("add_ladder",)),
        admins(REFUSED) | {"site admin": DONE, "superuser": DONE},
        lambda stage: {"pk": stage.draft.pk},
    ),
    # --- Prices: whoever may change a membership and set its price, and nobody with only one of the two (X24)
    "lms_memberships_prices": Row(PRICING, _closed(PRICING), lambda stage: {"pk": stage.membership.pk}),
    "lms_memberships_price_move": Row(
        PRICING, PRICING, lambda stage: {"pk": stage.membership.pk, "price": stage.move.old_price_id}
    ),
    "lms_memberships_price_move_people": Row(PRICING, _closed(PRICING), lambda stage: {"pk": stage.move.pk}),
    "lms_memberships_price_move_people_results": Row(PRICING, _closed(PRICING), lambda stage: {"pk": stage.move.pk}),
    **{
        f"lms_memberships_price_move_{what}": Row(admins(OTHER_METHOD), PRICING, lambda stage: {"pk": stage.move.pk})
        for what in ("call_off", "again")
    },
    "lms_memberships_stripe_prices": Row(PRICING, _closed(PRICING), _draft),
    "lms_memberships_stripe_price_use": Row(admins(OTHER_METHOD), PRICING, _draft),
    # --- Invitations: as promotion codes, and the secret of one is on no address
    "lms_memberships_invitations_list": _reading(INVITING),
    "lms_memberships_invitations_results": _reading(INVITING),
    "lms_memberships_invitations_add": _working(("add_invitationlink",)),
    "lms_memberships_invitations_show": _reading(INVITING, lambda stage: {"pk": stage.invitation.pk}),
    "lms_memberships_invitations_revoke": Row(
        admins(OTHER_METHOD),
        admins(DONE, needing=("change_invitationlink",)),
        lambda stage: {"pk": stage.invitation.pk},
    ),
    "lms_memberships_share": _reading(WORKING, lambda stage: {"pk": stage.membership.pk}),
    # --- Gifts
    "lms_memberships_gifts_list": _reading(GIVING),
    "lms_memberships_gifts_results": _reading(GIVING),
    "lms_memberships_gifts_show": _reading(GIVING, _gift),
    "lms_memberships_gifts_offers": _reading(("set_price_membership",)),
    "lms_memberships_gifts_offers_results": _reading(("set_price_membership",)),
    "lms_memberships_gifts_offer": _working(("set_price_membership",), lambda stage: {"pk": stage.membership.pk}),
    **{
        f"lms_memberships_gifts_{what}": Row(admins(OTHER_METHOD), admins(DONE, needing=(permission,)), _gift)
        for what, permission in (("resend", "change_gift"), ("change", "change_gift"), ("refund", "refund_gift"))
    },
    # --- Invoices and reports
    "lms_memberships_invoices_list": _reading(INVOICES),
    "lms_memberships_invoices_results": _reading(INVOICES),
    "lms_memberships_invoices_page": Row(admins(DONE, needing=INVOICES), admins(OTHER_METHOD), _invoice),
    "lms_memberships_invoices_pdf": Row(admins(DONE, needing=INVOICES), admins(OTHER_METHOD), _invoice),
    "lms_memberships_invoices_export": Row(
        admins(DONE, needing=("export_invoice",)), admins(OTHER_METHOD), lambda stage: {"kind": "csv"}
    ),
    "lms_memberships_invoices_compare": Row(admins(OTHER_METHOD), admins(DONE, needing=INVOICES)),
    **{
        f"lms_memberships_report_{slug}{part}": _reading(INVOICES)
        for slug in ("recurring", "earned", "trials", "payments", "leaving")
        for part in ("", "_results")
    },
    # --- People: seeing, exporting, ending and giving are four rights; whatever is done needs seeing as well (X24)
    "lms_memberships_people_list": _reading(("view_subscription",)),
    "lms_memberships_people_results": _reading(("view_subscription",)),
    # Nothing is sent, so nobody is exported.
    "lms_memberships_people_export": Row(admins(OTHER_METHOD), TOGETHER | {"site admin": BAD, "superuser": BAD}),
    # For whoever asked for it alone (S20).
    "lms_memberships_people_exported": Row(
        TOGETHER | {"superuser": UNKNOWN}, admins(OTHER_METHOD), lambda stage: {"uuid": stage.export.uuid}
    ),
    "lms_memberships_people_file": Row(
        TOGETHER | {"superuser": UNKNOWN},
        TOGETHER | {"superuser": UNKNOWN},
        lambda stage: {"uuid": stage.export.uuid},
    ),
    "lms_memberships_people_act": Row(TOGETHER, TOGETHER, lambda stage: {"kind": "cancel"}, query="?all=1"),
    "lms_memberships_people_done": Row(TOGETHER, _closed(TOGETHER)),
    "lms_memberships_people_job": Row(TOGETHER, _closed(TOGETHER), lambda stage: {"pk": stage.job.pk}),
    "lms_memberships_people_job_results": Row(TOGETHER, _closed(TOGETHER), lambda stage: {"pk": stage.job.pk}),
    **{
        f"lms_memberships_people_{what}": Row(admins(OTHER_METHOD), TOGETHER, lambda stage: {"pk": stage.job.pk})
        for what in ("confirm", "stop", "again")
    },
    # --- Money that goes back, and what needs attention: each click with its own right
    "lms_memberships_refund": _working(("refund_invoice",), lambda stage: {"pk": stage.subscription.invoices.get().pk}),
    "lms_memberships_refund_purchase": Row(
        admins(UNKNOWN, needing=("refund_invoice",)), admins(UNKNOWN, needing=("refund_invoice",)), _held
    ),
    "lms_memberships_attention": _reading(ATTENDING),
    "lms_memberships_attention_double": Row(UNDOING, UNDOING, _held),
    "lms_memberships_attention_double_left": Row(admins(OTHER_METHOD), UNDOING, _held),
    "lms_memberships_attention_price": Row(
        admins(UNKNOWN, needing=("link_subscription",)), admins(UNKNOWN, needing=("link_subscription",)), _held
    ),
    "lms_memberships_attention_price_left": Row(
        admins(OTHER_METHOD), admins(UNKNOWN, needing=("link_subscription",)), _held
    ),
    "lms_memberships_attention_stranger": Row(CLAIMING, _closed(CLAIMING), lambda stage: {"pk": stage.stranger.pk}),
    "lms_memberships_attention_stranger_left": Row(
        admins(OTHER_METHOD),
        admins(DONE, needing=("link_subscription",)),
        lambda stage: {"pk": stage.stranger.pk},
    ),
    **{
        f"lms_memberships_attention_{what}": Row(
            admins(OTHER_METHOD), admins(DONE, needing=("refund_invoice",)), arguments
        )
        for what, arguments in (
            ("dispute", lambda stage: {"pk": stage.dispute.pk}),
            ("dispute_left", lambda stage: {"pk": stage.dispute.pk}),
            ("refund_done", lambda stage: {"pk": stage.failed.pk}),
            ("invoice", lambda stage: {"pk": stage.subscription.invoices.get().pk}),
        )
    },
    "lms_memberships_attention_invoice_left": Row(
        admins(OTHER_METHOD),
        admins(UNKNOWN, needing=("refund_invoice",)),
        lambda stage: {"pk": stage.subscription.invoices.get().pk},
    ),
    # --- One person: whoever may see people, and for each deed whoever has its own right as well (X24)
    "lms_memberships_person": _reading(("view_subscription",), _person),
    "lms_memberships_person_why": _reading(("view_subscription",), _person),
    **{f"lms_memberships_person_{what}": Row(DOING, DOING, _person) for what in ("give", "link", "merge")},
    "lms_memberships_person_part": Row(DOING, DOING, lambda stage: {**_person(stage), "deed": stage.merge.pk}),
    **{
        f"lms_memberships_person_{what}": Row(DOING, DOING, _of_person)
        for what in ("trial", "take_back", "cancel", "keep", "end", "revoke")
    },
    **{
        f"lms_memberships_person_{what}": Row(DOING, admins(OTHER_METHOD), _invoice_of_person)
        for what in ("invoice", "invoice_pdf")
    },
    "lms_memberships_person_send_again": Row(
        admins(OTHER_METHOD), DOING, lambda stage: {**_person(stage), "email": stage.owed["emails"].pk}
    ),
    # --- Limits
    "lms_memberships_waiting_lists": _reading(("view_waitingentry",)),
    "lms_memberships_waiting_lists_results": _reading(("view_waitingentry",)),
    "lms_memberships_trials": _reading(("view_trialtaken",)),
    "lms_memberships_trials_results": _reading(("view_trialtaken",)),
    "lms_memberships_trial_allow": _working(("change_trialtaken",), lambda stage: {"pk": stage.trial.pk}),
    # --- Bought without an account
    "lms_memberships_guests_list": _reading(("view_guestpurchase",)),
    "lms_memberships_guests_results": _reading(("view_guestpurchase",)),
    "lms_memberships_guests_again": Row(
        admins(OTHER_METHOD), admins(DONE, needing=("change_guestpurchase",)), lambda stage: {"pk": stage.guest.pk}
    ),
    "lms_memberships_guests_return": _working(("change_guestpurchase",), lambda stage: {"pk": stage.guest.pk}),
    # --- The list and the wizard
    "lms_memberships_try_again": Row(
        admins(OTHER_METHOD), admins(DONE, needing=PUBLISH), lambda stage: {"pk": stage.membership.pk}
    ),
    "lms_memberships_markdown_preview": Row(
        admins(OTHER_METHOD), admins(DONE, needing=("add_membership", "change_membership"))
    ),
    f"{WIZARD}:list": _reading(WORKING),
    f"{WIZARD}:list_results": _reading(WORKING),
    f"{WIZARD}:add": _working(("add_membership",)),
    f"{WIZARD}:edit": _working(CHANGE, _draft),
    f"{WIZARD}:step": _working(CHANGE, _step),
    f"{WIZARD}:delete": _working(("delete_membership",), _draft),
    f"{WIZARD}:usage": _reading(CHANGE, _draft),
    f"{WIZARD}:history": _reading(WRITING, _draft),
    f"{WIZARD}:history_results": _reading(WRITING, _draft),
    f"{WIZARD}:preview_on_add": _working(("add_membership",)),
    f"{WIZARD}:preview_on_edit": _working(CHANGE, _draft),
    f"{WIZARD}:preview_on_step": _working(CHANGE, _step),
    f"{WIZARD}:revisions_view": _reading(CHANGE, _revision),
    f"{WIZARD}:revisions_revert": _working(CHANGE, _revision),
    f"{WIZARD}:revisions_compare": _reading(CHANGE, _comparison),
    f"{WIZARD}:revisions_unschedule": _working(PUBLISH, _revision),
    f"{WIZARD}:unpublish": _working(PUBLISH, lambda stage: {"pk": stage.membership.pk}),
    # No group can be given the right to lock: superusers, and whoever is asked to approve, while they do.
    f"{WIZARD}:lock": Row(admins(REFUSED) | {"reviewer": OTHER_METHOD, "superuser": OTHER_METHOD}, REVIEW, _draft),
    f"{WIZARD}:unlock": Row(
        admins(REFUSED) | {"superuser": OTHER_METHOD}, admins(REFUSED) | {"superuser": DONE}, _draft
    ),
    # The last approval publishes: whoever gives it needs that right as well.
    f"{WIZARD}:workflow_action": Row(REVIEW, REVIEW | {"reviewer": REFUSED}, _task),
    f"{WIZARD}:collect_workflow_action_data": Row(REVIEW, REVIEW, _task),
    f"{WIZARD}:confirm_workflow_cancellation": _working(PUBLISH, _draft),
    f"{WIZARD}:workflow_history": _reading(CHANGE, _draft),
    f"{WIZARD}:workflow_history_detail": _reading(
        CHANGE, lambda stage: {"pk": stage.draft.pk, "workflow_state_id": stage.review.pk}
    ),
    f"{WIZARD}:workflow_preview": Row(
        REVIEW, admins(OTHER_METHOD), lambda stage: {"pk": stage.draft.pk, "task_id": stage.task.pk}
    ),
    # --- Wagtail's chooser: what is published is no secret, a draft is (S25)
    f"{CHOOSER}:choose": _reading(()),
    f"{CHOOSER}:choose_results": _reading(()),
    f"{CHOOSER}:chosen": Row(
        admins(DONE, needing=(*WORKING, *PUBLISH), without=UNKNOWN),
        admins(OTHER_METHOD),
        _draft,
    ),
    f"{CHOOSER}:chosen_multiple": _reading(()),
    # --- The portal
    "lms_memberships:list": Row(everybody(DONE), everybody(OTHER_METHOD)),
    "lms_memberships:detail": Row(everybody(DONE), everybody(OTHER_METHOD), _slug),
    "lms_memberships:tiers": Row(everybody(DONE), everybody(OTHER_METHOD), lambda stage: {"pk": stage.ladder.pk}),
    "lms_memberships:buy": Row(signed_in(DONE), signed_in(DONE), _slug),
    # Whoever is signed in buys as ever, and where guests are not sold to, so does everybody.
    "lms_memberships:buy_as_guest": Row(everybody(DONE), everybody(DONE), _slug),
    "lms_memberships:guest_done": Row(everybody(DONE), everybody(OTHER_METHOD), query="?session_id=cs_of_nobody"),
    "lms_memberships:guest_links": Row(everybody(DONE), everybody(DONE)),
    # The link is the right: whoever holds it has the mailbox. What it adds is added to the account of whoever presses.
    "lms_memberships:claim": Row(everybody(DONE), everybody(DONE), _token),
    "lms_memberships:claim_return": Row(everybody(OTHER_METHOD), signed_in(DONE, others=UNKNOWN), _token),
    # The same mailbox; it ends what nobody has come for, and gives the money back to whoever paid.
    "lms_memberships:withdraw_guest": Row(
        everybody(DONE), everybody(DONE), lambda stage: {"token": withdrawal_links.token_of(stage.guest)}
    ),
    "lms_memberships:wait": Row(signed_in(DONE), signed_in(DONE), _slug),
    "lms_memberships:stop_waiting": Row(signed_in(OTHER_METHOD), signed_in(DONE), _slug),
    "lms_memberships:give": Row(signed_in(DONE), signed_in(DONE), _slug),
    "lms_memberships:gifts": Row(signed_in(DONE), signed_in(OTHER_METHOD)),
    "lms_memberships:gift_done": Row(signed_in(DONE), signed_in(OTHER_METHOD), query="?session_id=cs_of_nobody"),
    "lms_memberships:given": Row(signed_in(UNKNOWN, member=DONE), signed_in(OTHER_METHOD), _gift),
    # Whoever holds the link may look; whoever is signed in may redeem.
    "lms_memberships:gift": Row(
        everybody(DONE), signed_in(DONE), lambda stage: {"token": gift_links.token_of(stage.gift)}
    ),
    "lms_memberships:done": Row(signed_in(DONE), signed_in(OTHER_METHOD), query="?session_id=cs_of_nobody"),
    "lms_memberships:account": Row(signed_in(DONE), signed_in(OTHER_METHOD)),
    "lms_memberships:cancel": Row(signed_in(UNKNOWN, member=DONE), signed_in(UNKNOWN, member=DONE), _held),
    "lms_memberships:resume": Row(signed_in(OTHER_METHOD), signed_in(UNKNOWN, member=DONE), _held),
    "lms_memberships:stay": Row(signed_in(OTHER_METHOD), signed_in(UNKNOWN, member=DONE), _held),
    # Only in the days that the site sets; and only where the creator allows it.
    "lms_memberships:withdraw": Row(signed_in(UNKNOWN, member=DONE), signed_in(UNKNOWN, member=DONE), _held),
    "lms_memberships:withdraw_gift": Row(signed_in(UNKNOWN, member=DONE), signed_in(UNKNOWN, member=DONE), _gift),
    "lms_memberships:pause": Row(signed_in(UNKNOWN, member=DONE), signed_in(UNKNOWN, member=DONE), _held),
    "lms_memberships:continue": Row(signed_in(UNKNOWN, member=DONE), signed_in(UNKNOWN, member=DONE), _held),
    # The link is the right, and shows nothing but a title and a date.
    "lms_memberships:cancel_link": Row(
        everybody(DONE), everybody(DONE), lambda stage: {"token": cancel_links.token_of(stage.subscription)}
    ),
    "lms_memberships:switch": Row(signed_in(UNKNOWN, member=DONE), signed_in(UNKNOWN, member=DONE), _held),
    "lms_memberships:keep": Row(signed_in(OTHER_METHOD), signed_in(UNKNOWN, member=DONE), _held),
    # Whoever paid nothing is told so on their account page.
    "lms_memberships:portal": Row(signed_in(OTHER_METHOD), signed_in(DONE)),
    "lms_memberships:portal_back": Row(signed_in(DONE), signed_in(OTHER_METHOD)),
    "lms_memberships:mend": Row(signed_in(OTHER_METHOD), signed_in(UNKNOWN, member=DONE), _held),
    "lms_memberships:leave": Row(signed_in(DONE), signed_in(DONE)),
    "lms_memberships:invoices": Row(signed_in(DONE), signed_in(OTHER_METHOD)),
    "lms_memberships:invoice": Row(
        signed_in(UNKNOWN, member=DONE),
        signed_in(OTHER_METHOD),
        _invoice,
    ),
    **{
        f"lms_memberships:{what}_invoice": Row(signed_in(OTHER_METHOD), signed_in(UNKNOWN, member=DONE), _invoice)
        for what in ("pay", "try")
    },
    "lms_memberships:invoice_pdf": Row(signed_in(UNKNOWN, member=DONE), signed_in(OTHER_METHOD), _invoice),
    # Whoever has the link may look; who has no account is asked for one before anything is used up.
    "lms_memberships:invitation": Row(everybody(DONE), signed_in(DONE), lambda stage: {"token": stage.token}),
    "lms_memberships:invitation_again": Row(
        signed_in(UNKNOWN), signed_in(UNKNOWN), lambda stage: {"pk": stage.invitation.pk}
    ),
    # Shown to sites that are named in the settings; none is.
    "lms_memberships:embed": Row(everybody(UNKNOWN), everybody(OTHER_METHOD), _slug),
    # --- Stripe's calls: no person, a signature
    "lms_memberships:webhook": Row(everybody(OTHER_METHOD), everybody(BAD)),
    "lms_memberships:webhook_without_slash": Row(everybody(OTHER_METHOD), everybody(BAD)),
    # --- wagtail-lms behind the decision
    "wagtail_lms:scorm_player": Row(
        everybody(REFUSED) | OPEN_TO_MEMBERS,
        everybody(REFUSED) | OPEN_TO_MEMBERS,
        lambda stage: {"lesson_id": stage.lesson.pk},
    ),
    "wagtail_lms:scorm_api": Row(
        signed_in(UNKNOWN, member=DONE), signed_in(UNKNOWN, member=DONE), lambda stage: {"attempt_id": stage.attempt.pk}
    ),
    "wagtail_lms:enroll_course": Row(
        everybody(REFUSED) | OPEN_TO_MEMBERS,
        everybody(REFUSED) | OPEN_TO_MEMBERS,
        lambda stage: {"course_id": stage.course.pk},
    ),
    "wagtail_lms:serve_scorm_content": Row(
        signed_in(REFUSED) | OPEN_TO_MEMBERS,
        signed_in(OTHER_METHOD),
        lambda stage: {"content_path": f"{stage.package.extracted_path}/index.html"},
    ),
    "wagtail_lms:serve_h5p_content": Row(
        signed_in(REFUSED) | OPEN_TO_MEMBERS,
        signed_in(OTHER_METHOD),
        lambda stage: {"content_path": f"{stage.activity.extracted_path}/content/content.json"},
    ),
    "wagtail_lms:h5p_xapi": Row(
        signed_in(REFUSED, member=OTHER_METHOD, superuser=OTHER_METHOD),
        signed_in(REFUSED, member=BAD, superuser=BAD),
        _activity,
    ),
    "wagtail_lms:h5p_content_user_data": Row(
        signed_in(REFUSED, member=DONE, superuser=DONE),
        # Admitted, and then without the data that it is about.
        signed_in(REFUSED, member=BAD, superuser=BAD),
        _activity,
        query="?dataType=state&subContentId=0",
    ),
}

#: Addresses that take a POST without Django's token, and what stands in its place.
WITHOUT_TOKEN = {
    "lms_memberships:webhook": "Stripe's signature over the body",
    "lms_memberships:webhook_without_slash": "Stripe's signature over the body",
    "wagtail_lms:scorm_api": "packages cannot send it; writes the person's own progress only, and only as JSON",
    "wagtail_lms:h5p_content_user_data": "the player cannot send it; writes the person's own place in an activity only",
}

#: Addresses that write when they are only looked at, and why that is right.
WRITES_ON_GET = {
    "wagtail_lms:scorm_player": "opening a lesson enrols and begins an attempt, as wagtail-lms does",
    "wagtail_lms:enroll_course": "wagtail-lms enrols by a link; ours only decides who may follow it",
}
