"""A driver's guide, from Markdown to the two parts around its list of scopes; and its page, for anybody."""

from dataclasses import dataclass
from functools import cache

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET
from markdown_it import MarkdownIt

from connectors import registry
from connectors.contract import Setting, Spec
from core.http import OpenRequest

PLACE = "{scopes}"
_MARK = f"<p>{PLACE}</p>"


@dataclass(frozen=True, slots=True)
class Guide:
    """The steps at the vendor: what stands before and after the scopes."""

    before: SafeString
    after: SafeString
    drawing: SafeString
    """Our own drawing of the vendor's page, as SVG; empty where there is none."""


@login_not_required
@require_GET
def alone(request: OpenRequest, driver: str) -> HttpResponse:
    """The guide on a page of its own: for whoever has to prepare the vendor's side, and for the printer."""
    try:
        spec = registry.spec(driver)
    except LookupError as problem:
        raise Http404 from problem
    context = {"spec": spec, "guide": guide(spec), "scope_sets": scope_sets(spec), "extras": extras(spec)}
    return render(request, "connectors/guide.html", context)


def extras(spec: Spec) -> list[tuple[str, tuple[str, ...]]]:
    """Kinds that need scopes of their own, and which."""
    return [(each.label, each.scopes) for each in spec.capabilities if each.scopes]


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
    # Our own text and drawing; HTML in the text was escaped.
    return Guide(SafeString(before), SafeString(after), SafeString(spec.drawing))


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
