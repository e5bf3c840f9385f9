"""Text that people write, from Markdown to HTML: paragraphs, lists, emphasis, links, code and tables.

Nothing of it is ever HTML: what looks like a tag is shown as text, no picture is fetched, and a link leads to
no script (`markdown_it.common.normalize_url.validateLink`).
"""

from collections.abc import Sequence
from functools import cache

from django.utils.safestring import SafeString
from markdown_it import MarkdownIt
from markdown_it.renderer import RendererHTML
from markdown_it.token import Token
from markdown_it.utils import EnvType, OptionsDict

HEADING = "p"
"""A heading in a text is a strong paragraph: the page has its own outline."""


def html_of(text: str) -> SafeString:
    """Safe to be put into a page."""
    return SafeString(_reader().render(text))  # HTML in the text was escaped by the reader


@cache
def _reader() -> MarkdownIt:
    reader = MarkdownIt("commonmark", {"html": False, "breaks": True})
    reader.enable("table").disable("image")
    reader.add_render_rule("link_open", _link)
    reader.add_render_rule("heading_open", _heading)
    reader.add_render_rule("heading_close", _heading)
    reader.add_render_rule("table_open", _table)
    reader.add_render_rule("table_close", _table)
    reader.add_render_rule("td_open", _cell)
    reader.add_render_rule("th_open", _cell)
    return reader


def _link(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
) -> str:
    tokens[at].attrSet("rel", "noopener noreferrer nofollow")
    return renderer.renderToken(tokens, at, options, env)


def _heading(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
) -> str:
    return '<p class="r-strong">' if tokens[at].nesting > 0 else "</p>\n"


def _table(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
) -> str:
    """In a box of its own, which a wide one scrolls in; keyboards reach it."""
    if tokens[at].nesting < 0:
        return "</table></div>\n"
    return '<div class="r-tablewrap" tabindex="0" role="region" aria-label="Table"><table class="r-table">\n'


def _cell(
    renderer: RendererHTML, tokens: Sequence[Token], at: int, options: OptionsDict, env: EnvType
) -> str:
    """Without the style that tells its alignment: pages allow none."""
    return "<td>" if tokens[at].tag == "td" else '<th scope="col">'
