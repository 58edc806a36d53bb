"""Which package is this? Memberships for Wagtail: sold in the CMS, paid through Stripe."""

__version__ = "0.1.0"
