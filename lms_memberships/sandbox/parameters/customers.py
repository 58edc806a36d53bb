"""Which parameters the API takes for customers, payment methods and the account."""

from __future__ import annotations

TABLE = """
GET /v1/account

POST /v1/customers
    address unset
        city text
        country text
        line1 text
        line2 text
        postal_code text
        state text
    balance integer
    description text
    email text<512>
    invoice_settings
        default_payment_method text
        footer text
    metadata metadata unset
    name text<256>
    payment_method text
    phone text<20>
    preferred_locales[] text
    shipping unset
        address!
            city text
            country text
            line1 text
            line2 text
            postal_code text
            state text
        name! text
        phone text
    tax_exempt exempt|none|reverse unset

POST /v1/customers/{customer}
    address unset
        city text
        country text
        line1 text
        line2 text
        postal_code text
        state text
    balance integer
    description text
    email text<512>
    invoice_settings
        default_payment_method text
        footer text
    metadata metadata unset
    name text<256>
    phone text<20>
    preferred_locales[] text
    shipping unset
        address!
            city text
            country text
            line1 text
            line2 text
            postal_code text
            state text
        name! text
        phone text
    tax_exempt exempt|none|reverse unset

GET /v1/customers paged
    created range
    email text<512>

GET /v1/customers/{customer}

DELETE /v1/customers/{customer}

POST /v1/customers/{customer}/balance_transactions
    amount! integer
    currency! text
    description text<350>
    metadata metadata unset

GET /v1/customers/{customer}/balance_transactions paged
    created range
    invoice text

GET /v1/customers/{customer}/payment_methods paged
    type card|link|sepa_debit|bacs_debit|paypal|klarna

GET /v1/payment_methods paged
    customer text
    type card|link|sepa_debit|bacs_debit|paypal|klarna

GET /v1/payment_methods/{payment_method}

POST /v1/payment_methods
    billing_details
        address unset
            city text
            country text
            line1 text
            line2 text
            postal_code text
            state text
        email string unset
        name text unset
        phone text unset
        tax_id text
    card
        cvc text
        exp_month integer
        exp_year integer
        number text
        token text
    metadata metadata
    type card|link|sepa_debit|bacs_debit|paypal|klarna

POST /v1/payment_methods/{payment_method}
    billing_details
        address unset
            city text
            country text
            line1 text
            line2 text
            postal_code text
            state text
        email string unset
        name text unset
        phone text unset
        tax_id text
    card
        exp_month integer
        exp_year integer
    metadata metadata unset

POST /v1/payment_methods/{payment_method}/attach
    customer text

POST /v1/payment_methods/{payment_method}/detach
"""
