"""Which parameters the API takes for the billing portal: its configurations and its sessions."""

from __future__ import annotations

_SHAPE = """
        customer_update
            allowed_updates[] address|email|name|phone|shipping|tax_id unset
            enabled! boolean
        invoice_history
            enabled! boolean
        payment_method_update
            enabled! boolean
        subscription_cancel
            cancellation_reason
                enabled! boolean
                options[]! {reasons} unset
            enabled! boolean
            mode at_period_end|immediately
            proration_behavior always_invoice|create_prorations|none
        subscription_pause
            enabled boolean
        subscription_update
            default_allowed_updates[] price|promotion_code|quantity unset
            enabled! boolean
            products[] unset
                prices[]! text
                product! text
            proration_behavior always_invoice|create_prorations|none
            trial_update_behavior continue_trial|end_trial
"""
_FEATURES = _SHAPE.replace(
    "{reasons}",
    "customer_service|low_quality|missing_features|other|switched_service|too_complex|too_expensive|unused",
)
# Of one that exists, what is not named stays as it is.
_CHANGED = (
    _FEATURES.replace("options[]!", "options[]")
    .replace("            enabled! boolean\n            mode", "            enabled boolean\n            mode")
    .replace("unset\n            enabled! boolean", "unset\n            enabled boolean")
)

LOCALES = (
    "auto|bg|cs|da|de|el|en|en-AU|en-CA|en-GB|en-IE|en-IN|en-NZ|en-SG|es|es-419|et|fi|fil|fr|fr-CA|hr|hu|id|it|ja|ko|lt"
    "|lv|ms|mt|nb|nl|pl|pt|pt-BR|ro|ru|sk|sl|sv|th|tr|vi|zh|zh-HK|zh-TW"
)

TABLE = f"""
POST /v1/billing_portal/configurations
    business_profile
        headline text<60> unset
        privacy_policy_url string
        terms_of_service_url string
    default_return_url string unset
    features!
{_FEATURES.strip(chr(10))}
    login_page
        enabled! boolean
    metadata metadata
    name text<255> unset

POST /v1/billing_portal/configurations/{{configuration}}
    active boolean
    business_profile
        headline text<60> unset
        privacy_policy_url string unset
        terms_of_service_url string unset
    default_return_url string unset
    features
{_CHANGED.strip(chr(10))}
    login_page
        enabled! boolean
    metadata metadata unset
    name text<255> unset

GET /v1/billing_portal/configurations paged
    active boolean
    is_default boolean

GET /v1/billing_portal/configurations/{{configuration}}

POST /v1/billing_portal/sessions
    configuration text
    customer text
    flow_data
        after_completion
            hosted_confirmation
                custom_message text<500>
            redirect
                return_url! string
            type! hosted_confirmation|portal_homepage|redirect
        subscription_cancel
            subscription! text
        type! customer_update|payment_method_update|subscription_cancel
    locale {LOCALES}
    return_url string
"""
