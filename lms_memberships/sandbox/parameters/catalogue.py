"""Which parameters the API takes for products, prices, coupons and promotion codes."""

from __future__ import annotations

TABLE = """
POST /v1/products
    active boolean
    default_price_data
        currency! string
        metadata metadata
        recurring
            interval! day|month|week|year
            interval_count integer
        tax_behavior exclusive|inclusive|unspecified
        unit_amount integer
        unit_amount_decimal decimal
    description text
    id text
    images[] string
    marketing_features[]
        name! text
    metadata metadata
    name! text
    shippable boolean
    statement_descriptor text<22>
    tax_code string
    unit_label text<12>
    url text

POST /v1/products/{id}
    active boolean
    default_price text
    description text unset
    images[] string unset
    marketing_features[] unset
        name! text
    metadata metadata unset
    name text
    shippable boolean
    statement_descriptor text<22>
    tax_code string unset
    unit_label text<12> unset
    url string unset

GET /v1/products paged
    active boolean
    created range
    ids[] text
    shippable boolean
    url text

GET /v1/products/{id}

DELETE /v1/products/{id}

POST /v1/prices
    active boolean
    billing_scheme per_unit|tiered
    currency! string
    currency_options{}
        tax_behavior exclusive|inclusive|unspecified
        unit_amount integer
        unit_amount_decimal decimal
    lookup_key text<200>
    metadata metadata
    nickname text
    product text
    product_data
        active boolean
        id text
        metadata metadata
        name! text
        statement_descriptor text<22>
        tax_code text
        unit_label text<12>
    recurring
        interval! day|month|week|year
        interval_count integer
        usage_type licensed|metered
    tax_behavior exclusive|inclusive|unspecified
    transfer_lookup_key boolean
    unit_amount integer
    unit_amount_decimal decimal

POST /v1/prices/{price}
    active boolean
    currency_options{} unset
        tax_behavior exclusive|inclusive|unspecified
        unit_amount integer
        unit_amount_decimal decimal
    lookup_key text<200>
    metadata metadata unset
    nickname text
    tax_behavior exclusive|inclusive|unspecified
    transfer_lookup_key boolean

GET /v1/prices paged
    active boolean
    created range
    currency string
    lookup_keys[] text
    product text
    recurring
        interval day|month|week|year
        usage_type licensed|metered
    type one_time|recurring

GET /v1/prices/{price}

POST /v1/coupons
    amount_off integer
    applies_to
        products[] text
    currency string
    currency_options{}
        amount_off! integer
    duration forever|once|repeating
    duration_in_months integer
    id text
    max_redemptions integer
    metadata metadata unset
    name text<40>
    percent_off number
    redeem_by time

POST /v1/coupons/{coupon}
    currency_options{}
        amount_off! integer
    metadata metadata unset
    name text<40>

GET /v1/coupons paged
    created range

GET /v1/coupons/{coupon}

DELETE /v1/coupons/{coupon}

POST /v1/promotion_codes
    active boolean
    code text<500>
    customer text
    expires_at time
    max_redemptions integer
    metadata metadata
    promotion!
        coupon text
        type! coupon
    restrictions
        currency_options{}
            minimum_amount integer
        first_time_transaction boolean
        minimum_amount integer
        minimum_amount_currency string

POST /v1/promotion_codes/{promotion_code}
    active boolean
    metadata metadata unset
    restrictions
        currency_options{}
            minimum_amount integer

GET /v1/promotion_codes paged
    active boolean
    code text
    coupon text
    created range
    customer text

GET /v1/promotion_codes/{promotion_code}
"""
