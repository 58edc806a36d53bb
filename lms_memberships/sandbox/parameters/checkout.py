"""Which parameters the API takes for Checkout Sessions."""

from __future__ import annotations

TABLE = """
POST /v1/checkout/sessions
    adaptive_pricing
        enabled boolean
    allow_promotion_codes boolean
    allowed_payment_method_types[] card|link|sepa_debit|bacs_debit|paypal|klarna
    automatic_tax
        enabled! boolean
    billing_address_collection auto|required
    cancel_url string
    client_reference_id text<200>
    consent_collection
        payment_method_reuse_agreement
            position! auto|hidden
        promotions auto|none
        terms_of_service none|required
    currency string
    custom_text
        after_submit unset
            message! text<1200>
        shipping_address unset
            message! text<1200>
        submit unset
            message! text<1200>
        terms_of_service_acceptance unset
            message! text<1200>
    customer text
    customer_creation always|if_required
    customer_email string
    customer_update
        address auto|never
        name auto|never
        shipping auto|never
    discounts[]
        coupon text
        promotion_code text
    excluded_payment_method_types[] card|sepa_debit|bacs_debit|paypal|klarna
    expires_at time
    integration_identifier text<200>
    invoice_creation
        enabled! boolean
        invoice_data
            description text<1500>
            footer text
            metadata metadata
    line_items[]
        price text
        price_data
            currency! string
            product text
            product_data
                description text
                images[] string
                metadata metadata
                name! text
            recurring
                interval! day|month|week|year
                interval_count integer
            tax_behavior exclusive|inclusive|unspecified
            unit_amount integer
        quantity integer
    locale auto|bg|cs|da|de|el|en|en-GB|es|es-419|et|fi|fil|fr|fr-CA|hr|hu|id|it|ja|ko|lt|lv|ms|mt|nb|nl|pl|pt|pt-BR|ro|ru|sk|sl|sv|th|tr|vi|zh|zh-HK|zh-TW|hi-IN
    metadata metadata
    mode payment|setup|subscription
    payment_intent_data
        description text<1000>
        metadata metadata
        receipt_email string
        setup_future_usage off_session|on_session
        statement_descriptor text<22>
        statement_descriptor_suffix text<22>
    payment_method_collection always|if_required
    phone_number_collection
        enabled! boolean
    saved_payment_method_options
        allow_redisplay_filters[] always|limited|unspecified
        payment_method_remove disabled|enabled
        payment_method_save disabled|enabled
    submit_type auto|book|donate|pay|subscribe
    subscription_data
        billing_mode
            type! classic|flexible
        description text<500>
        metadata metadata
        trial_end time
        trial_period_days integer
        trial_settings
            end_behavior!
                missing_payment_method! cancel|create_invoice|pause
    success_url string
    tax_id_collection
        enabled! boolean
        required if_supported|never
    ui_mode elements|embedded_page|hosted_page|form

POST /v1/checkout/sessions/{session}
    metadata metadata unset

GET /v1/checkout/sessions paged
    created range
    customer text
    customer_details
        email! string
    payment_intent text
    status complete|expired|open
    subscription text

GET /v1/checkout/sessions/{session}

POST /v1/checkout/sessions/{session}/expire

GET /v1/checkout/sessions/{session}/line_items paged
"""
