"""Is the live preview of a description the same clean HTML that students get?"""

from django.urls import reverse

PREVIEW = "lms_memberships_markdown_preview"


def test_the_preview_renders_githubs_markdown(browser):
    """U12, W18, X19"""
    answer = browser.post(reverse(PREVIEW), {"text": "**bold** and ~~gone~~\n\n| a |\n|---|\n| b |"})
    html = answer.content.decode()
    assert "<strong>bold</strong>" in html
    assert "<table>" in html
    assert "no-store" in answer.headers["Cache-Control"]


def test_the_preview_runs_nothing(browser):
    """W18"""
    html = browser.post(reverse(PREVIEW), {"text": "<script>x()</script> [a](javascript:x)"}).content.decode()
    assert "<script" not in html
    assert 'href="javascript' not in html


def test_strangers_get_no_preview(client_for, student, db):
    """S24"""
    assert client_for(student).post(reverse(PREVIEW), {"text": "a"}).status_code in (302, 403)


def test_the_description_has_a_toolbar_with_names_and_no_inline_script(browser, wizard):
    """U12"""
    page = browser.get(wizard.add).content.decode()
    start = page.index('role="toolbar"')
    toolbar = page[start : page.index("</div>", start)]
    for name in ("Bold", "Italic", "Link", "Bulleted list"):
        assert f'aria-label="{name}"' in toolbar
