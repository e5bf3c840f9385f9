"""A driver's guide, from Markdown to the two parts around its list of scopes."""

from dataclasses import dataclass
from functools import cache

from django.utils.safestring import SafeString
from markdown_it import MarkdownIt

from connectors.contract import Setting, Spec

PLACE = "{scopes}"
_MARK = f"<p>{PLACE}</p>"


@dataclass(frozen=True, slots=True)
class Guide:
    """The steps at the vendor: what stands before and after the scopes."""

    before: SafeString
    after: SafeString


@dataclass(frozen=True, slots=True)
class ScopeSet:
    """The scopes one choice of access needs; `label` is empty where there is nothing to choose."""

    value: str
    label: str
    scopes: tuple[str, ...]


@cache
def guide(spec: Spec) -> Guide:
    """Drawn once a process. HTML inside a guide is shown as text."""
    step = "\n".join(f"   {line}" if line.strip() == PLACE else line for line in spec.guide.splitlines())
    markdown = MarkdownIt("commonmark", {"html": False})
    tokens = markdown.parse(step)
    for token in tokens:
        if token.type == "ordered_list_open":
            token.attrSet("class", "r-guide")
        token.hidden = False  # a step is a paragraph, also in a list without a blank line between
    before, _, after = markdown.renderer.render(tokens, markdown.options, {}).partition(_MARK)
    return Guide(SafeString(before), SafeString(after))  # our own text; HTML in it was escaped


def scope_sets(spec: Spec) -> list[ScopeSet]:
    """The scopes to select at the vendor, for every choice of access; none where no scope is needed."""
    choice = access_setting(spec)
    if choice is None:
        scopes = spec.scopes({})
        return [ScopeSet("", "", scopes)] if scopes else []
    return [ScopeSet(value, label, spec.scopes({choice.name: value})) for value, label, _ in choice.choices]


def access_setting(spec: Spec) -> Setting | None:
    """The setting that says what the connector may do: the one that is chosen, not typed."""
    return next((setting for setting in spec.settings if setting.choices), None)
