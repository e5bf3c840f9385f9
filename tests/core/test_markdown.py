"""What people write is drawn, and is never code."""

import pytest

from core.markdown import html_of


def test_lists_tables_and_links_are_drawn():
    html = html_of("**Keep**\n\n- one\n- two\n\n| a | b |\n|:--|--:|\n| 1 | 2 |\n\n[us](https://example.com)")

    assert "<strong>Keep</strong>" in html
    assert "<li>one</li>" in html
    assert '<table class="r-table">' in html
    assert '<a href="https://example.com" rel="noopener noreferrer nofollow">us</a>' in html


@pytest.mark.parametrize(
    "text",
    [
        "<script>alert(1)</script>",
        "<img src=x onerror=alert(1)>",
        "[x](javascript:alert(1))",
        "[x](JaVaScRiPt:alert(1))",
        "[x](data:text/html;base64,PHNjcmlwdD4=)",
        "[x](vbscript:x)",
        "![x](https://evil.example/pixel.png)",
        '[x](https://e.example "onmouseover=alert(1)")',
        "| a |\n|:-:|\n| <b onclick=x> |",
        "```html\n<script>\n```",
    ],
)
def test_no_text_becomes_code(text):
    html = html_of(text)

    for never in ("<script", "<img", "<b ", 'href="javascript', 'href="data', 'href="vbscript', " style="):
        assert never not in html.lower()


def test_a_heading_is_no_part_of_the_outline_of_the_page():
    assert html_of("# Keep it short").strip() == '<p class="r-strong">Keep it short</p>'
