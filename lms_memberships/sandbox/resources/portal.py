"""The billing portal: how it is set up, and the addresses that let one customer in."""

from __future__ import annotations

from ..billing import ending
from ..errors import ApiError, invalid, missing_parameter
from ..fields import copy, merge_metadata
from ..paging import Listing, matching
from ..rules import URL
from ..store import Object
from ..work import Work, new_id
from . import customers

KIND = "billing_portal.configuration"
URLS = ("privacy_policy_url", "terms_of_service_url")
# The feature that has to be on for a deep link.
NEEDED = {
    "customer_update": "customer_update",
    "payment_method_update": "payment_method_update",
    "subscription_cancel": "subscription_cancel",
}
# An address that nobody opens, and a visit in which nothing happens, are over after so many seconds.
FRESH, IDLE = 5 * 60, 60 * 60
NO_CONFIGURATION = (
    "No configuration provided and your test mode default configuration has not been created. Provide a configuration "
    "or create your default by saving your customer portal settings in test mode at "
    "https://dashboard.stripe.com/test/settings/billing/portal."
)


def create(unit: Work, params: Object) -> Object:
    configuration = unit.new(KIND, "bpc_", updated=unit.now)
    _fill(configuration, params)
    unit.announce("billing_portal.configuration.created", configuration)
    return configuration


def update(unit: Work, configuration_id: str, params: Object) -> Object:
    configuration = unit.get(KIND, configuration_id, param="configuration")
    if params.get("active") is False and configuration["is_default"]:
        raise invalid("The default configuration cannot be deactivated.", "active")
    copy(params, configuration, ("active",))
    _fill(configuration, params)
    configuration["updated"] = unit.now
    unit.announce_change("billing_portal.configuration.updated", configuration)
    return configuration


def retrieve(unit: Work, configuration_id: str, params: Object) -> Object:
    return unit.get(KIND, configuration_id, param="configuration")


def list_all(unit: Work, params: Object) -> Listing:
    return unit.listing(KIND, lambda each: matching(params, active=each["active"], is_default=each["is_default"]))


def _fill(configuration: Object, params: Object) -> None:
    profile = params.get("business_profile", {})
    for name in URLS:
        if profile.get(name):
            _check_url(profile[name], f"business_profile[{name}]")
    if params.get("default_return_url"):
        _check_url(params["default_return_url"], "default_return_url")
    copy(profile, configuration["business_profile"], ("headline", *URLS))
    copy(params, configuration, ("default_return_url", "name"))
    merge_metadata(params, configuration)
    if "login_page" in params:
        is_on = params["login_page"]["enabled"]
        url = f"https://billing.stripe.com/p/login/test_{configuration['id']}" if is_on else None
        configuration["login_page"] = {"enabled": is_on, "url": url}
    for name, asked in params.get("features", {}).items():
        _set_feature(configuration["features"][name], asked)
    _check(configuration["features"])


def _set_feature(feature: Object, asked: Object) -> None:
    """What is not named stays; an empty string empties a list."""
    for name, value in asked.items():
        if isinstance(value, dict):
            _set_feature(feature[name], value)
        else:
            feature[name] = [] if value == "" else value
    for product in feature.get("products") or []:
        product.setdefault("adjustable_quantity", {"enabled": False, "maximum": None, "minimum": 1})


def _check(features: Object) -> None:
    details, switching = features["customer_update"], features["subscription_update"]
    if details["enabled"] and not details["allowed_updates"]:
        raise missing_parameter("features[customer_update][allowed_updates]")
    if switching["enabled"] and not switching["default_allowed_updates"]:
        raise missing_parameter("features[subscription_update][default_allowed_updates]")
    if switching["enabled"] and "price" in switching["default_allowed_updates"] and not switching.get("products"):
        raise missing_parameter("features[subscription_update][products]")


def _check_url(url: str, param: str) -> None:
    if not URL.match(url):
        raise ApiError(
            "Not a valid URL: An explicit scheme (such as https) must be provided.", code="url_invalid", param=param
        )


def open_session(unit: Work, params: Object) -> Object:
    """The address is a login to billing data: long, unguessable, and only good for a while."""
    if "customer" not in params:
        raise missing_parameter("customer")
    customer = customers.living(unit, params["customer"], status=400)
    configuration = _configuration(unit, params)
    flow = _flow(unit, params.get("flow_data"), customer, configuration)
    if params.get("return_url"):
        _check_url(params["return_url"], "return_url")
    token = new_id("test_", length=48)
    session = unit.new(
        "billing_portal.session",
        "bps_",
        configuration=configuration["id"],
        customer=customer["id"],
        flow=flow,
        locale=params.get("locale"),
        return_url=params.get("return_url") or configuration["default_return_url"],
        url=f"{unit.sandbox.public_url}/p/session/{token}",
    )
    visit = {"object": "_portal_visit", "id": token, "session": session["id"], "until": unit.now + FRESH}
    unit.keep(visit)
    unit.announce("billing_portal.session.created", session)
    return session


def _configuration(unit: Work, params: Object) -> Object:
    if "configuration" in params:
        found = unit.named(KIND, params["configuration"], param="configuration")
        if not found["active"]:
            raise invalid(f"The configuration `{found['id']}` is not active.", "configuration")
        return found
    default = next(iter(unit.all(KIND, lambda each: each["is_default"] and each["active"])), None)
    if default is None:
        raise invalid(NO_CONFIGURATION)
    return default


def _flow(unit: Work, asked: Object | None, customer: Object, configuration: Object) -> Object | None:
    if asked is None:
        return None
    kind, after = asked["type"], asked.get("after_completion", {"type": "portal_homepage"})
    if not configuration["features"][NEEDED[kind]]["enabled"]:
        raise invalid(
            f"This flow needs the feature `{NEEDED[kind]}` to be enabled in the portal configuration "
            f"`{configuration['id']}`.",
            "flow_data[type]",
        )
    if after["type"] == "redirect" and "redirect" not in after:
        raise missing_parameter("flow_data[after_completion][redirect]")
    flow: Object = {
        "after_completion": {"hosted_confirmation": None, "redirect": None} | after,
        "customer_update": None,
        "subscription_cancel": None,
        "subscription_update": None,
        "subscription_update_confirm": None,
        "type": kind,
    }
    if kind == "subscription_cancel":
        subscription_id = asked.get("subscription_cancel", {}).get("subscription")
        if subscription_id is None:
            raise missing_parameter("flow_data[subscription_cancel][subscription]")
        _check_cancellable(unit, subscription_id, customer)
        flow["subscription_cancel"] = {"retention": None, "subscription": subscription_id}
    return flow


def _check_cancellable(unit: Work, subscription_id: str, customer: Object) -> None:
    where = "flow_data[subscription_cancel][subscription]"
    subscription = unit.named("subscription", subscription_id, param=where)
    if subscription["customer"] != customer["id"]:
        raise invalid(f"The subscription `{subscription_id}` does not belong to the customer.", where)
    if subscription["status"] in ending.OVER or subscription["cancel_at"]:
        raise invalid(f"The subscription `{subscription_id}` is already set to be canceled.", where)
    if subscription["schedule"]:
        raise invalid(f"The subscription `{subscription_id}` is managed by a subscription schedule.", where)
