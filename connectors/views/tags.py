"""Settings, Tags: risk levels and frameworks."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from connectors.actions import tags as verbs
from connectors.actions.permission import must_be_super
from connectors.forms import NewTagForm, TagForm
from connectors.forms.tags import facts_of_tag
from connectors.models import Tag
from connectors.queries.tags import tag_uses
from core.errors import NotPossible, StaleState
from core.http import HtmxRequest
from core.queries.system import settings_of


@require_http_methods(["GET", "POST"])
def tags(request: HtmxRequest) -> HttpResponse:
    """Both lists. POST adds a value; `kind` says to which."""
    settings_of(request.user)
    form = NewTagForm(request.POST if request.method == "POST" else None)
    if form.is_bound:
        must_be_super(request.user)
        if form.is_valid():
            typed = form.cleaned_data
            try:
                verbs.add(typed["kind"], typed["name"], is_grave=typed["is_grave"], by=request.user)
            except NotPossible as problem:
                form.add_error("name", str(problem))
            else:
                messages.success(request, f"{typed['name']} is in the list.")
                return redirect("connectors:tags")
    lists = [(kind, tag_uses(kind.value)) for kind in Tag.Kind]
    context = {
        "part": "tags",
        "form": form,
        "typed_kind": request.POST.get("kind", ""),
        "lists": lists,
        "may_change": request.user.is_super,
    }
    return render(request, "connectors/settings_tags.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
def tag(request: HtmxRequest, pk: str) -> HttpResponse:
    """Rename one value, everywhere."""
    must_be_super(request.user)
    shown = get_object_or_404(Tag, pk=pk)
    form = TagForm(request.POST if request.method == "POST" else None, initial=facts_of_tag(shown))
    if not form.is_bound or not form.is_valid():
        return _tag_page(request, shown, form, 422 if form.is_bound else 200)
    typed = form.cleaned_data
    names = {"name": typed["name"], "is_grave": typed["is_grave"]}
    try:
        renamed = verbs.change(shown, **names, by=request.user, seen=typed["changed_at"])
    except StaleState:
        form.compare(facts_of_tag(Tag.objects.get(pk=shown.pk)))
        return _tag_page(request, shown, form, 409)
    except NotPossible as problem:
        form.add_error("name", str(problem))
        return _tag_page(request, shown, form, 422)
    messages.success(request, f"Saved. {renamed} entitlements were renamed with it." if renamed else "Saved.")
    return redirect("connectors:tags")


@require_POST
def move_tag(request: HtmxRequest, pk: str) -> HttpResponse:
    """`up` or `down` among its kind."""
    must_be_super(request.user)
    verbs.move(get_object_or_404(Tag, pk=pk), up="up" in request.POST, by=request.user)
    return redirect("connectors:tags")


@require_POST
def remove_tag(request: HtmxRequest, pk: str) -> HttpResponse:
    must_be_super(request.user)
    shown = get_object_or_404(Tag, pk=pk)
    verbs.remove(shown, by=request.user)
    messages.success(request, f"{shown} is no longer in the list. What bears it keeps it.")
    return redirect("connectors:tags")


def _tag_page(request: HtmxRequest, shown: Tag, form: TagForm, status: int) -> HttpResponse:
    context = {"part": "tags", "tag": shown, "form": form}
    return render(request, "connectors/settings_tag.html", context, status=status)
