"""What if a site wraps each request in a transaction? Every address of ours opens its own instead (A14)."""

from tests.security.urls import OUR_MODULE, our_addresses

#: Wagtail's own, over our models, which only read; and wagtail-lms's, which know nothing of Stripe.
OTHERS = ("wagtail.", "wagtail_lms.", f"{OUR_MODULE}.wizard.chooser", f"{OUR_MODULE}.integrations.wagtail_lms")


def test_no_address_of_ours_lies_in_the_requests_transaction():
    """A14: there, a write at Stripe could not be noted before it is made, and the page would break."""
    ours = {name: each for name, each in our_addresses().items() if not each.module.startswith(OTHERS)}
    assert len(ours) > 100
    assert [name for name, each in ours.items() if not each.is_unwrapped] == []


def test_control_what_is_not_ours_does_lie_in_it():
    """A14, negative control: the mark is not on everything."""
    assert any(not each.is_unwrapped for each in our_addresses().values())
