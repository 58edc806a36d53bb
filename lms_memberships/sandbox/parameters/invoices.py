"""Which parameters the API takes for invoices, their items and their payments."""

from __future__ import annotations

TABLE = """
GET /v1/invoices paged
    collection_method charge_automatically|send_invoice
    created range
    customer text
    due_date range
    status draft|open|paid|uncollectible|void
    subscription text

GET /v1/invoices/{invoice}

GET /v1/invoices/{invoice}/lines paged

POST /v1/invoices/{invoice}
    auto_advance boolean
    custom_fields[] unset
        name! text<40>
        value! text<140>
    description text<1500>
    footer text
    metadata metadata unset

POST /v1/invoices/{invoice}/finalize
    auto_advance boolean

POST /v1/invoices/{invoice}/pay
    off_session boolean
    payment_method text

POST /v1/invoices/{invoice}/void

POST /v1/invoices/{invoice}/mark_uncollectible

POST /v1/invoices/{invoice}/send

DELETE /v1/invoices/{invoice}

POST /v1/invoices/create_preview
    currency string
    customer text
    discounts[] unset
        coupon text
        discount text
        promotion_code text
    subscription text
    subscription_details
        cancel_at_period_end boolean
        items[]
            deleted boolean
            id text
            price text
            quantity integer
        pause
            bill_for
                outstanding_usage_through
                    type! none|now
                unused_time_from
                    type! item_current_period_start|none|now
            invoicing_behavior invoice|pending_invoice_item
            type subscription
        proration_behavior always_invoice|create_prorations|none
        proration_date time
        resume_at now
        trial_end now|time

GET /v1/invoice_payments paged
    created range
    invoice text
    payment
        payment_intent text
        payment_record text
        type! payment_intent|payment_record
    status canceled|open|paid

GET /v1/invoice_payments/{invoice_payment}

GET /v1/invoiceitems paged
    created range
    customer text
    invoice text
    pending boolean
"""
