"""How is Stripe's billing portal set up, entered, and followed as guide §10 says?"""

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, cast

import stripe

from ..gateway import NotFound
from ..portal import CardSnapshot, CardsSnapshot, PortalFlow, PortalSettings, PortalSnapshot, PortalVisit
from . import snapshots
from .calls import Calls, under
from .failures import translated
from .locales import stripe_locale

if TYPE_CHECKING:
    from stripe.params.billing_portal import ConfigurationCreateParams, ConfigurationUpdateParams, SessionCreateParams

A_PAGE = 100
#: Languages of the checkout's pages that the portal's do not have.
NO_LOCALES = frozenset({"hi-IN"})


class PortalCalls(Calls):
    """Configurations, sessions, and which card is charged."""

    def create_portal(self, settings: PortalSettings, *, metadata: dict[str, str], key: str) -> str:
        params = cast("ConfigurationCreateParams", {**_params(settings), "metadata": metadata})
        with translated():
            return self.client.v1.billing_portal.configurations.create(params, under(key)).id

    def update_portal(self, portal_id: str, settings: PortalSettings, *, metadata: dict[str, str], key: str) -> None:
        """Also one that was switched off is good again after it."""
        asked = {**_params(settings), "active": True, "metadata": metadata}
        # An address that was taken away is unset; left out it would stay.
        asked["business_profile"] = {"terms_of_service_url": "", "privacy_policy_url": "", **asked["business_profile"]}
        params = cast("ConfigurationUpdateParams", asked)
        with translated():
            self.client.v1.billing_portal.configurations.update(portal_id, params, under(key))

    def read_portal(self, portal_id: str) -> PortalSnapshot:
        with translated():
            return _snapshot(self.client.v1.billing_portal.configurations.retrieve(portal_id))

    def list_portals(self) -> list[PortalSnapshot]:
        """Those that are in use, everybody's."""
        with translated():
            found = self.client.v1.billing_portal.configurations.list({"active": True, "limit": A_PAGE})
            # To the end: they cannot be deleted, and other tools leave theirs.
            return [_snapshot(each) for each in found.auto_paging_iter()]

    def open_portal(self, visit: PortalVisit) -> str:
        """The address is a login to billing data: send the person there at once, and keep it nowhere (S21).

        Without a key: a second session is a second address for the same person, and harms nobody.
        """
        locale = stripe_locale(visit.language)
        params: SessionCreateParams = {
            "customer": visit.customer_id,
            # Without it Stripe takes the account's default, whatever the owner has clicked together.
            "configuration": visit.configuration_id,
            "return_url": visit.return_url,
            "locale": "auto" if locale in NO_LOCALES else locale,
        }
        flow = _flow(visit)
        if flow is not None:
            params["flow_data"] = flow
        with translated():
            return self.client.v1.billing_portal.sessions.create(params).url

    def read_cards(self, customer_id: str) -> CardsSnapshot | None:
        """Which card would be charged. None: there is no such customer any more."""
        expand = ["invoice_settings.default_payment_method"]
        try:
            with translated():
                customer = self.client.v1.customers.retrieve(customer_id, {"expand": expand})
                if getattr(customer, "deleted", False):
                    return None
                running = self.client.v1.subscriptions.list(
                    {"customer": customer_id, "expand": ["data.default_payment_method"], "limit": 100}
                )
                own = {each.id: _card(each.default_payment_method) for each in running.auto_paging_iter()}
        except NotFound:
            return None
        default = _card(getattr(customer.invoice_settings, "default_payment_method", None))
        return CardsSnapshot(default, {name: card for name, card in own.items() if card is not None})

    def use_card(self, subscription_id: str, card_id: str, *, key: str) -> None:
        """The schedule that leads it, if there is one, would bring the old card back with its next phase."""
        with translated():
            schedule_id = snapshots.id_of(self.client.v1.subscriptions.retrieve(subscription_id).schedule)
            if schedule_id:
                # First: whoever finds the card on the subscription knows that it is here as well.
                self.client.v1.subscription_schedules.update(
                    schedule_id, {"default_settings": {"default_payment_method": card_id}}, under(f"{key}:schedule")
                )
            self.client.v1.subscriptions.update(subscription_id, {"default_payment_method": card_id}, under(key))

    def card_of(self, subscription_id: str) -> str:
        """The id of the subscription's own card; empty: it takes the person's."""
        with translated():
            return snapshots.id_of(self.client.v1.subscriptions.retrieve(subscription_id).default_payment_method)


def _params(settings: PortalSettings) -> dict[str, Any]:
    """As much as creating and changing have in common: every feature is named, so that none is left to chance."""
    profile = {"headline": settings.headline}
    if settings.terms_url:
        profile["terms_of_service_url"] = settings.terms_url
    if settings.privacy_url:
        profile["privacy_policy_url"] = settings.privacy_url
    return {
        "business_profile": profile,
        "default_return_url": settings.return_url,
        "features": {
            "customer_update": {"enabled": bool(settings.details), "allowed_updates": list(settings.details) or ""},
            "invoice_history": {"enabled": settings.invoices},
            "payment_method_update": {"enabled": settings.cards},
            "subscription_cancel": {
                "enabled": settings.cancels,
                "mode": settings.cancel_mode,
                "cancellation_reason": {
                    "enabled": bool(settings.cancel_reasons),
                    "options": list(settings.cancel_reasons) or "",
                },
            },
            "subscription_update": {"enabled": settings.switches},
            "subscription_pause": {"enabled": settings.pauses},
        },
        "login_page": {"enabled": settings.logs_in},
    }


def _snapshot(found: stripe.billing_portal.Configuration) -> PortalSnapshot:
    features, profile = found.features, found.business_profile
    cancel, details = features.subscription_cancel, features.customer_update
    reasons = cancel.cancellation_reason
    pause = getattr(features, "subscription_pause", None)
    settings = PortalSettings(
        headline=profile.headline or "",
        terms_url=profile.terms_of_service_url or "",
        privacy_url=profile.privacy_policy_url or "",
        return_url=found.default_return_url or "",
        details=tuple(sorted(details.allowed_updates)) if details.enabled else (),
        cards=features.payment_method_update.enabled,
        invoices=features.invoice_history.enabled,
        cancels=cancel.enabled,
        cancel_mode=cancel.mode,
        cancel_reasons=tuple(sorted(reasons.options)) if reasons.enabled else (),
        switches=features.subscription_update.enabled,
        pauses=bool(getattr(pause, "enabled", False)),
        logs_in=found.login_page.enabled,
        is_active=found.active,
    )
    metadata = found.metadata.to_dict() if found.metadata else {}
    return PortalSnapshot(found.id, found.is_default, settings, metadata)


def _flow(visit: PortalVisit) -> Any:
    if visit.flow is PortalFlow.HOME:
        return None
    after = {"type": "redirect", "redirect": {"return_url": visit.return_url}}
    if visit.flow is PortalFlow.CANCEL:
        about = {"subscription": visit.subscription_id}
        return {"type": "subscription_cancel", "subscription_cancel": about, "after_completion": after}
    kind = {PortalFlow.CARD: "payment_method_update", PortalFlow.DETAILS: "customer_update"}[visit.flow]
    return {"type": kind, "after_completion": after}


def _card(found: stripe.PaymentMethod | str | None) -> CardSnapshot | None:
    if found is None:
        return None
    if isinstance(found, str):
        return CardSnapshot(found, None)
    return CardSnapshot(found.id, datetime.fromtimestamp(found.created, UTC))
