"""Which parameters the API takes for subscriptions and their items."""

from __future__ import annotations

TABLE = """
POST /v1/subscriptions
    billing_cycle_anchor time
    billing_mode
        type! classic|flexible
    cancel_at max_billed_until|max_period_end|min_period_end|time
    cancel_at_period_end boolean
    collection_method charge_automatically|send_invoice
    currency string
    customer text
    days_until_due integer
    default_payment_method text
    description text<500>
    discounts[] unset
        coupon text
        discount text
        promotion_code text
    items[]
        metadata metadata
        price text
        quantity integer
    metadata metadata unset
    off_session boolean
    payment_behavior allow_incomplete|default_incomplete|error_if_incomplete|pending_if_incomplete
    payment_settings
        save_default_payment_method off|on_subscription
    proration_behavior always_invoice|create_prorations|none
    trial_end now|time
    trial_period_days integer
    trial_settings
        end_behavior!
            billing_cycle_anchor now|unchanged
            missing_payment_method cancel|create_invoice|pause

POST /v1/subscriptions/{subscription_exposed_id}
    billing_cycle_anchor
        type! now|unchanged
    cancel_at max_billed_until|max_period_end|min_period_end|time unset
    cancel_at_period_end boolean
    cancellation_details
        comment text unset
        feedback customer_service|low_quality|missing_features|other|switched_service|too_complex|too_expensive|unused unset
        feedback_option text
    collection_method charge_automatically|send_invoice
    days_until_due integer
    default_payment_method text
    description text<500> unset
    discounts[] unset
        coupon text
        discount text
        promotion_code text
    items[]
        deleted boolean
        id text
        metadata metadata unset
        price text
        quantity integer
    metadata metadata unset
    off_session boolean
    pause_collection unset
        behavior! keep_as_draft|mark_uncollectible|void
        resumes_at time
    payment_behavior allow_incomplete|default_incomplete|error_if_incomplete|pending_if_incomplete
    payment_settings
        save_default_payment_method off|on_subscription
    proration_behavior always_invoice|create_prorations|none
    proration_date time
    trial_end now|time
    trial_settings
        end_behavior!
            billing_cycle_anchor now|unchanged
            missing_payment_method cancel|create_invoice|pause

GET /v1/subscriptions paged
    collection_method charge_automatically|send_invoice
    created range
    current_period_end range
    current_period_start range
    customer text
    price text
    status active|all|canceled|ended|incomplete|incomplete_expired|past_due|paused|trialing|unpaid

GET /v1/subscriptions/{subscription_exposed_id}

DELETE /v1/subscriptions/{subscription_exposed_id}
    cancellation_details
        comment text unset
        feedback customer_service|low_quality|missing_features|other|switched_service|too_complex|too_expensive|unused unset
        feedback_option text
    expand[] text
    invoice_now boolean
    prorate boolean

POST /v1/subscriptions/{subscription}/pause
    bill_for
        outstanding_usage_through
            type! none|now
        unused_time_from
            type! item_current_period_start|none|now
    invoicing_behavior invoice|pending_invoice_item
    type subscription

POST /v1/subscriptions/{subscription}/resume
    billing_cycle_anchor
        type! now|unchanged
    payment_behavior resume_on_payment_attempt|resume_on_payment_success
    proration_behavior always_invoice|create_prorations|none
    proration_date time

GET /v1/subscription_items paged
    subscription! text

GET /v1/subscription_items/{item}
"""
