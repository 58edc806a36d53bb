"""Who is on the stage, and what stands there? One school, one member, one who was, and everybody who may ask."""

from datetime import timedelta

from django.contrib.auth.models import Group
from django.db import models
from django.test import Client
from wagtail.models import GroupApprovalTask, Workflow, WorkflowTask
from wagtail_lms.models import H5PLessonPage, SCORMAttempt, SCORMLessonPage

from lms_memberships.memberships import ladder_making
from lms_memberships.models import (
    Account,
    Deed,
    Delivery,
    Dispute,
    Email,
    Gift,
    GiftOffer,
    GuestPurchase,
    Invoice,
    Ladder,
    Membership,
    PeopleExport,
    PeopleExportPart,
    PeopleJob,
    PeopleJobEntry,
    PriceMove,
    PriceMoveEntry,
    PromotionCode,
    Refund,
    Stranger,
    Subscription,
    TrialTaken,
    WebhookEvent,
)
from lms_memberships.payments import premises
from lms_memberships.subscriptions import gift_links, guest_links
from tests.access import school
from tests.factories import MembershipFactory, UserFactory, allow, publish, put_into
from tests.flows.invitations import invite

DAY = timedelta(days=1)
#: Every permission that a group can be given for our screens.
PERMISSIONS = (
    "view_membership",
    "add_membership",
    "change_membership",
    "delete_membership",
    "publish_membership",
    "set_price_membership",
    "connect_account",
    "change_emailswitch",
    "view_webhookevent",
    "view_email",
    "view_delivery",
    "try_again_webhookevent",
    "send_again_email",
    "try_again_delivery",
    "view_promotioncode",
    "add_promotioncode",
    "change_promotioncode",
    "view_invitationlink",
    "add_invitationlink",
    "change_invitationlink",
    "view_waitingentry",
    "view_trialtaken",
    "change_trialtaken",
    "view_ladder",
    "add_ladder",
    "change_ladder",
    "delete_ladder",
    "view_guestpurchase",
    "change_guestpurchase",
    "view_gift",
    "change_gift",
    "refund_gift",
    "view_invoice",
    "export_invoice",
    "view_subscription",
    "export_people",
    "end_subscription",
    "give_access",
    "refund_invoice",
    "link_subscription",
    "extend_trial",
    "merge_accounts",
)
CREATOR = frozenset(PERMISSIONS[:6]) - {"delete_membership"}

#: Each role and the permissions that it holds; None: not in the admin at all.
ROLES: dict[str, frozenset[str] | None] = {
    "anonymous": None,
    "student": None,
    "member": None,
    "ex-member": None,
    "editor": frozenset(),
    # Belongs to the group that approves, and holds nothing of ours.
    "reviewer": frozenset(),
    **{f"only {one}": frozenset({one}) for one in PERMISSIONS},
    "creator": CREATOR,
    "site admin": frozenset(PERMISSIONS),
    "superuser": frozenset(PERMISSIONS),
}
OUTSIDE = tuple(role for role, held in ROLES.items() if held is None)


class Stage:
    """Everything that an address can name, and everybody who can ask for it."""

    def __init__(self, *, gateway, session, scorm, h5p, now) -> None:
        self.course = school.course()
        self.package, self.activity = scorm, h5p
        self.lesson = self.course.add_child(instance=SCORMLessonPage(title="Centring", scorm_package=scorm))
        body = [("h5p_activity", {"activity": h5p})]
        self.course.add_child(instance=H5PLessonPage(title="Quiz", body=body))
        self.membership = publish(
            put_into(MembershipFactory(title="Gold", may_pause=True), self.course), gateway=gateway
        )
        self.draft = put_into(MembershipFactory(title="Draft pass"), session)
        self.draft.save_revision()
        self.draft = Membership.objects.get(pk=self.draft.pk)
        self.people = self._people()
        self._put_under_review()
        self.subscription = self._held("member", until=now + 30 * DAY)
        self.past = self._held("ex-member", until=now - DAY)
        self.attempt = SCORMAttempt.objects.create(user=self.people["member"], scorm_package=scorm)
        self.owed = self._given_up(now)
        account = Account.objects.get()
        self.code = PromotionCode.objects.create(
            account=account.stripe_id,
            livemode=account.livemode,
            stripe_id="promo_stage",
            coupon_id="stage",
            code="STAGE",
            percent_off=1000,
            created_at=now,
            read_started_at=now,
        )
        self.move = self._repriced(now)
        # Free, so that whoever presses is let in without a page at Stripe.
        self.invitation, address = invite(self.membership, kind="many", free=True, note="for the stage")
        self.token = address.rstrip("/").rpartition("/")[2]
        self.trial = TrialTaken.objects.create(
            membership=self.membership, user=self.people["member"], mailbox="x" * 64, taken_at=now
        )
        other = put_into(MembershipFactory(title="Silver"), session)
        self.ladder = ladder_making.save(Ladder(title="Tiers"), [self.membership, other], now=now)
        self.guest = GuestPurchase(
            membership=self.membership,
            price=self.membership.prices.get(),
            account=account.stripe_id,
            livemode=account.livemode,
            state="parked",
            email="guest@school.test",
            mailbox="guest@school.test",
            stripe_id="pi_guest",
            session_id="cs_guest",
            amount=0,
            currency="eur",
            paid_at=now,
            created_at=now,
        )
        guest_links.renew(self.guest, now=now)
        self.guest.save()
        GiftOffer.objects.create(
            membership=self.membership, months=3, amount=4900, currency="eur", stripe_id="price_gift",
            confirmed_at=now, account=account.stripe_id, livemode=account.livemode,
        )  # fmt: skip
        self.gift = self._given(account, now)
        self.export = self._exported(now)
        self.job = PeopleJob.objects.create(
            kind="cancel", membership=self.membership, note="for the stage", state="running", created_at=now,
            confirmed_at=now, confirmed_by=self.people["site admin"], created_by=self.people["site admin"],
        )  # fmt: skip
        PeopleJobEntry.objects.create(
            job=self.job, user=self.people["member"], subscription=self.subscription, state="failed", failure="No",
            reason="refused", next_try_at=now,
        )  # fmt: skip
        self.dispute, self.failed, self.stranger = self._taken_back(account, now)
        self.merge = Deed.objects.create(
            key="00000000-0000-4000-8000-000000000001", kind="merged", user=self.people["member"],
            by=self.people["site admin"], reason="Two addresses", done_at=now,
            details={"from": self.people["ex-member"].pk, "moved": {"Subscription.user": []}, "doubles": []},
        )  # fmt: skip
        # The first look in the life of a site notes where it lives (E9); these pages are not that look.
        premises.guard()

    def _exported(self, now) -> PeopleExport:
        """A file of people that the site admin asked for."""
        made = PeopleExport.objects.create(
            owner=self.people["site admin"], format="csv", language="en", as_of=now, state="ready", is_collected=True,
            people=1, created_at=now, expires_at=now + DAY, next_try_at=now,
        )  # fmt: skip
        PeopleExportPart.objects.create(export=made, kind="file", number=0, content=b"Number\n")
        return made

    def window(self, role: str, **how: object) -> Client:
        """A browser of that role."""
        client = Client(**how)
        if role != "anonymous":
            client.force_login(self.people[role])
        return client

    def _people(self) -> dict[str, models.Model]:
        people = {}
        for role, held in ROLES.items():
            if role == "anonymous":
                continue
            person = UserFactory(username=role.replace(" ", "_"), is_superuser=role == "superuser")
            people[role] = person if held is None or role == "superuser" else allow(person, *held)
        return people

    def _put_under_review(self) -> None:
        reviewers = Group.objects.create(name="Reviewers")
        reviewers.user_set.add(self.people["reviewer"])
        self.task = GroupApprovalTask.objects.create(name="Second pair of eyes")
        self.task.groups.add(reviewers)
        workflow = Workflow.objects.create(name="Review")
        WorkflowTask.objects.create(workflow=workflow, task=self.task)
        self.review = workflow.start(self.draft, self.people["creator"])

    def _given_up(self, now) -> dict[str, models.Model]:
        """One row of each queue that somebody may try again."""
        about = {"membership": self.membership, "subscription": self.subscription, "user": self.people["member"]}
        return {
            "webhooks": WebhookEvent.objects.create(
                event_id="evt_dead",
                type="invoice.paid",
                object_id="in_dead",
                state="dead",
                livemode=False,
                created_at=now,
                received_at=now,
                next_try_at=now,
                error="Boom: no",
            ),
            "emails": Email.objects.create(
                key="dead",
                kind="bought",
                recipient="m@school.test",
                language="en",
                state="failed",
                owed_at=now,
                next_try_at=now,
                subject="Hi",
                failure="No",
                **about,
            ),
            "deliveries": Delivery.objects.update_or_create(
                subscription=self.subscription,
                item=self.membership.bundle_items.first().item,
                defaults={"state": "dead", "next_try_at": now, "failure": "Boom: no course"},
            )[0],
        }

    def _repriced(self, now) -> PriceMove:
        """A price change of one person."""
        price = self.membership.prices.get()
        move = PriceMove.objects.create(
            membership=self.membership, old_price=price, new_price=price, account=price.account,
            livemode=price.livemode, move_at=now + 30 * DAY, created_at=now,
        )  # fmt: skip
        PriceMoveEntry.objects.create(move=move, subscription=self.subscription, next_try_at=now)
        return move

    def _taken_back(self, account: Account, now) -> tuple[Dispute, Refund, Stranger]:
        """A dispute that runs, a refund that failed, and a subscription that was never ours."""
        about = {"account": account.stripe_id, "livemode": account.livemode, "amount": 1900, "currency": "eur"}
        about |= {"membership": self.membership, "read_started_at": now}
        back = about | {"subscription": self.subscription, "payment_intent_id": "pi_member", "created_at": now}
        return (
            Dispute.objects.create(stripe_id="du_stage", status="open", said="needs_response", **back),
            Refund.objects.create(stripe_id="re_stage", state="failed", **back),
            Stranger.objects.create(
                stripe_id="sub_stranger", customer_id="cus_s", price_id="price_s", started_at=now, **about
            ),
        )

    def _given(self, account: Account, now) -> Gift:
        """Paid by the member, and delivered; nobody has redeemed it."""
        gift = Gift(
            giver=self.people["member"], membership=self.membership, price_id="price_gift", months=3, amount=4900,
            currency="eur", recipient_email="friend@school.test", deliver_on=now.date(), state="delivered",
            payment_intent_id="pi_gift", session_id="cs_gift", account=account.stripe_id, livemode=account.livemode,
            created_at=now, paid_at=now, delivered_at=now, redeem_until=now + 300 * DAY,
        )  # fmt: skip
        gift_links.give_new(gift)
        gift.save()
        return gift

    def _held(self, role: str, *, until) -> Subscription:
        account = Account.objects.get()
        held = school.subscribe(
            self.people[role],
            self.membership,
            until=until,
            account=account.stripe_id,
            livemode=account.livemode,
            stripe_id=f"sub_{role}",
        )
        Invoice.objects.create(
            user=held.user,
            membership=self.membership,
            subscription=held,
            stripe_id=f"in_{role}",
            account=held.account,
            livemode=held.livemode,
            status="paid",
            currency="eur",
            total=1900,
            amount_paid=1900,
            amount_due=0,
            payment_intent_id=f"pi_{role}",
            read_started_at=until,
            created_at=until,
        )
        return held
