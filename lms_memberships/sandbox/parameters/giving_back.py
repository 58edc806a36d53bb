"""Which parameters the API takes for credit notes and disputes."""

from __future__ import annotations

TABLE = """
POST /v1/credit_notes
    amount integer
    credit_amount integer
    email_type credit_note|none
    invoice! text
    memo text
    metadata metadata
    out_of_band_amount integer
    reason duplicate|fraudulent|order_change|product_unsatisfactory
    refund_amount integer

GET /v1/credit_notes/preview
    amount integer
    credit_amount integer
    email_type credit_note|none
    invoice! text
    memo text
    metadata metadata
    out_of_band_amount integer
    reason duplicate|fraudulent|order_change|product_unsatisfactory
    refund_amount integer

GET /v1/credit_notes paged
    created range
    customer text
    invoice text

GET /v1/credit_notes/{id}

GET /v1/disputes paged
    charge text
    created range
    payment_intent text

GET /v1/disputes/{dispute}

POST /v1/disputes/{dispute}/close
"""
