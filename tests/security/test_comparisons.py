"""Is a secret ever compared in a way whose duration tells how much of it was right? (S40)"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import lms_memberships

PACKAGE = Path(lms_memberships.__file__).parent
SECRET = re.compile(r"secret|token|signature|digest|hmac|passw|api_?key|\bmac\b", re.IGNORECASE)
PLAIN = (ast.Eq, ast.NotEq, ast.In, ast.NotIn)
LOOK_UPS = {"filter", "get", "exclude", "get_or_create", "update_or_create"}
HASHED = "by the hash of what was sent: how long it takes says nothing of the token"
#: What is no secret though it is called one, and why.
#: Which press of a form it was; whoever sends it needs the right to refund, and it opens nothing.
FORM = "the number of a form, so that two presses are one refund"
HARMLESS = {
    "health/endpoints.py: secret not in secrets": "both are names of our own secrets, hashed; no visitor sends one",
    "memberships/invitations.py: InvitationLink.objects.get_or_create(form_token=draft.form_token, "
    "defaults=_columns(draft, token, nonce, by, now))": "the number of a form that was pressed twice; it opens nothing",
    "memberships/invitations.py: InvitationLink.objects.select_related('membership', 'price', 'promotion_code')"
    ".filter(token_hash=wanted)": HASHED,
    "subscriptions/gift_links.py: Gift.objects.filter(token_hash=hash_of(token))": HASHED,
    "subscriptions/guest_links.py: _hash(token) == purchase.token_hash": HASHED,
    "subscriptions/guest_links.py: GuestPurchase.objects.filter(token_hash=_hash(token))": HASHED,
    "creator/refunds/views.py: Refund.objects.unanswered().filter(token=asked.token)": FORM,
    "creator/settings_surface.py: name in SECRET": "names of settings, so that none of their values is shown",
    "subscriptions/giving_back.py: Refund.objects.at(gateway).filter(token=asked.token)": FORM,
    "subscriptions/refunds.py: asked.filter(token=token)": FORM,
    "subscriptions/settling_attention.py: Refund.objects.get_or_create(token=_token(invoice, left), "
    "defaults={'account': invoice.account, "
    "'livemode': invoice.livemode, 'payment_intent_id': payment.payment_intent_id, 'invoice': invoice, "
    "'subscription_id': invoice.subscription_id, 'membership_id': invoice.membership_id, 'amount': left, "
    "'currency': invoice.currency, 'effect': Refund.Effect.KEEP, 'author_id': author.pk, 'created_at': now})": FORM,
    "subscriptions/settling_attention.py: each.token == _token(each.invoice, each.amount)": FORM,
}
#: Made by us for each run of a worker and never sent to anybody: no visitor can guess at it.
INTERNAL = {"lease_token"}


def _called(node: ast.expr) -> str:
    """The word by which a value goes: its last name, or the key under which it was found."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return node.attr
    if isinstance(node, ast.Call):
        return _called(node.func)
    if isinstance(node, ast.Subscript):
        key = node.slice
        return key.value if isinstance(key, ast.Constant) and isinstance(key.value, str) else _called(node.value)
    return ""


def telling(source: str) -> Iterator[str]:
    """Comparisons with ``==`` or ``in``, and look-ups of a secret as it is, in the order of the source."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare) and any(isinstance(each, PLAIN) for each in node.ops):
            if any(SECRET.search(_called(each)) for each in (node.left, *node.comparators)):
                yield ast.unparse(node)
        elif isinstance(node, ast.Call) and _called(node.func) in LOOK_UPS and isinstance(node.func, ast.Attribute):
            names = {(each.arg or "").partition("__")[0] for each in node.keywords} - INTERNAL
            if any(SECRET.search(name) for name in names):
                yield ast.unparse(node)


def test_no_secret_is_compared_in_a_telling_way():
    """S40: by hash, or by the constant-time comparison of stripe and Django. (The sandbox guards nothing.)"""
    modules = [path for path in sorted(PACKAGE.rglob("*.py")) if "sandbox" not in path.relative_to(PACKAGE).parts]
    assert len(modules) > 100
    found = {f"{path.relative_to(PACKAGE)}: {each}" for path in modules for each in telling(path.read_text())}
    assert found == set(HARMLESS)


@pytest.mark.parametrize(
    "wrong",
    [
        "token == given",
        "given != self.webhook_secret",
        "request.headers['signature'] == expected",
        "hmac.new(key, body, 'sha256').hexdigest() == expected",
        "given in settings.API_KEYS",
        "request.POST['password'] == stored",
        "Tracking.objects.get(token=given)",
        "rows.filter(secret__iexact=given)",
    ],
)
def test_the_search_for_such_comparisons_finds_them(wrong):
    """S40, negative control."""
    assert list(telling(wrong)) == [wrong]


@pytest.mark.parametrize(
    "right",
    [
        "constant_time_compare(token, given)",
        "hmac.compare_digest(digest, given)",
        "len(secret) >= 8",
        "token.type == 'inline'",
        "rows.filter(lease_token=token)",
        "rows.filter(key_fingerprint=hashed)",
    ],
)
def test_what_tells_nothing_is_let_through(right):
    """S40"""
    assert list(telling(right)) == []
