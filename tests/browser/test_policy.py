"""Does the browser forbid inline scripts where we say so, and does every page work all the same? (S11, S54)"""

from playwright.sync_api import Page, expect

from .conftest import Demo, People
from .test_accessibility import PUBLIC

HELD = (
    "/memberships/account/",
    "/memberships/invoices/",
    "/memberships/the-workshop/buy/",
    "/memberships/done/?session_id=x",
)
ADMIN = (
    "memberships/",
    "memberships/emails/",
    "memberships/stripe/",
    "memberships/health/",
    "memberships/people/",
    "memberships/people/do/give/?all=1",
    "memberships/queues/webhooks/",
    "memberships/queues/emails/",
    "memberships/queues/deliveries/",
    "memberships/promotions/",
    "memberships/promotions/add/",
    "memberships/ladders/",
    "memberships/ladders/add/",
    "memberships/ladders/1/",
    "memberships/add/",
    "memberships/edit/1/information/",
    "memberships/edit/1/bundle/",
    "memberships/edit/1/publish/",
    "memberships/stripe-prices/1/",
    "memberships/prices/1/",
    "memberships/history/1/",
    "memberships/usage/1/",
    "memberships/unpublish/1/",
    "memberships/delete/1/",
)
#: Runs only where inline scripts may.
PROBE = """() => {
    const script = document.createElement("script");
    script.textContent = "window.inlineScriptRan = true";
    document.body.append(script);
    return window.inlineScriptRan === true;
}"""


def policy_of(page: Page, address: str) -> dict[str, str]:
    """Directive → value."""
    answer = page.goto(address)
    assert answer is not None
    assert answer.status < 500, address
    page.wait_for_load_state("networkidle")
    parts = (part.strip().partition(" ") for part in answer.headers["content-security-policy"].split(";"))
    return {name: value for name, _space, value in parts}


def test_no_public_page_allows_inline_code_or_breaks_without_it(people: People, demo: Demo):
    """S11, S54: the fixture fails on whatever the browser refused."""
    for page, paths in ((people.window(), PUBLIC.values()), (people.signed_in("camille"), HELD)):
        for path in paths:
            policy = policy_of(page, demo.site + path)
            assert "unsafe" not in " ".join(policy.values()), path
            assert policy["default-src"] == "'self'", path
            assert policy["frame-ancestors"] == "'self'", path


def test_our_screens_in_the_admin_allow_nothing_inline_and_work(people: People, demo: Demo):
    """S11, S13, S54: the fixture fails on whatever the browser refused; Wagtail's fields come by their hashes."""
    page = people.signed_in("admin")
    for path in ADMIN:
        policy = policy_of(page, demo.admin + path)
        assert "unsafe" not in " ".join(policy.values()), path
        assert policy["object-src"] == "'none'", path
        assert page.url.startswith(f"{demo.admin}memberships/"), path
        assert page.get_by_role("heading", level=1).count(), path


def test_wagtails_own_pages_load_from_here_only(people: People, demo: Demo):
    """S54: inline scripts and styles are Wagtail's; the fixture fails on whatever the browser refused."""
    page = people.signed_in("admin")
    for path in ("", "pages/", "images/", "documents/", "users/", "reports/site-history/"):
        policy = policy_of(page, demo.admin + path)
        assert policy["script-src"] == "'self' 'unsafe-inline'", path
        assert policy["default-src"] == "'self'", path


def test_wagtails_fields_work_under_that_policy(people: People, demo: Demo):
    """S54: the calendar is there, and the chooser of pictures opens."""
    page = people.signed_in("admin")
    page.goto(f"{demo.admin}memberships/history/1/")
    assert page.evaluate("jQuery('#id_timestamp_0').data('xdsoft_datetimepicker') !== undefined")
    page.goto(f"{demo.admin}memberships/add/")
    page.get_by_role("button", name="Choose an image").click()
    expect(page.get_by_role("dialog").get_by_role("link").first).to_be_visible()
    page.wait_for_load_state("networkidle")


def test_an_injected_script_does_not_run(people: People, demo: Demo):
    """S11, S13: whatever gets into the page. The control is a page of Wagtail's, where inline scripts must run."""
    page = people.signed_in("admin")
    ours = ("memberships/", "memberships/stripe/", "memberships/add/", "memberships/edit/1/publish/")
    for path, runs in (*((path, False) for path in ours), ("reports/site-history/", True)):
        page.goto(demo.admin + path)
        assert page.evaluate(PROBE) is runs, path
    page.goto(f"{demo.site}/memberships/the-workshop/")
    assert page.evaluate(PROBE) is False
    assert len(people.complaints) == len(ours) + 1, "the browser said so each time"
    people.complaints.clear()
