"""Which parameters the API takes for payment intents, setup intents, charges and refunds."""

from __future__ import annotations

TABLE = """
GET /v1/payment_intents paged
    created range
    customer text

GET /v1/payment_intents/{intent}

GET /v1/setup_intents/{intent}

GET /v1/setup_intents paged
    created range
    customer text
    payment_method text

GET /v1/charges paged
    created range
    customer text
    payment_intent text

GET /v1/charges/{charge}

POST /v1/refunds
    amount integer
    charge text
    metadata metadata unset
    payment_intent text
    reason duplicate|fraudulent|requested_by_customer
    refund_application_fee boolean

POST /v1/refunds/{refund}
    metadata metadata unset

GET /v1/refunds paged
    charge string
    created range
    payment_intent text

GET /v1/refunds/{refund}
"""
