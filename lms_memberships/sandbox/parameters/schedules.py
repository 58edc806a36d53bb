"""Which parameters the API takes for subscription schedules."""

from __future__ import annotations

_PHASES = """
    phases[]
        collection_method charge_automatically|send_invoice
        default_payment_method text
        description text<500> unset
        discounts[] unset
            coupon text
            discount text
            promotion_code text
        duration
            interval! day|month|week|year
            interval_count integer
        end_date now|time
        items[]!
            metadata metadata
            price text
            quantity integer
        metadata metadata
        proration_behavior always_invoice|create_prorations|none
        start_date now|time
        trial boolean
        trial_end now|time
"""
# Of a schedule that does not exist yet, only the whole has a start.
_NEW_PHASES = _PHASES.replace("        start_date now|time\n", "").replace("end_date now|time", "end_date time")
_NEW_PHASES = _NEW_PHASES.replace("trial_end now|time", "trial_end time")

TABLE = f"""
POST /v1/subscription_schedules
    customer text
    default_settings
        collection_method charge_automatically|send_invoice
        default_payment_method text
        description text<500> unset
    end_behavior cancel|none|release|renew
    from_subscription text
    metadata metadata unset
{_NEW_PHASES.strip(chr(10))}
    start_date now|time

POST /v1/subscription_schedules/{{schedule}}
    default_settings
        collection_method charge_automatically|send_invoice
        default_payment_method text
        description text<500> unset
    end_behavior cancel|none|release|renew
    metadata metadata unset
{_PHASES.strip(chr(10))}
    proration_behavior always_invoice|create_prorations|none

GET /v1/subscription_schedules paged
    canceled_at range
    completed_at range
    created range
    customer text
    released_at range
    scheduled boolean

GET /v1/subscription_schedules/{{schedule}}

POST /v1/subscription_schedules/{{schedule}}/release
    preserve_cancel_date boolean

POST /v1/subscription_schedules/{{schedule}}/cancel
    invoice_now boolean
    prorate boolean
"""
