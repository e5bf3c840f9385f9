"""Groups of people: their list, one of them, who is in it."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.actions import groups
from core.errors import StaleState
from core.forms.people import GroupForm, MembersForm, facts_of_group
from core.http import HtmxRequest
from core.models import PeopleGroup, User
from core.queries.asked import page, words
from core.queries.asked import people as people_chosen
from core.queries.groups import group_rows, members
from core.queries.people import people_matching


@require_GET
def every_group(request: HtmxRequest) -> HttpResponse:
    asked = words(request)
    context = {
        "page": page(request, group_rows(request.user, words=asked), order="search_text"),
        "words": asked,
        "may_change": groups.may_look_after_groups(request.user),
    }
    return render(request, "core/groups.html", context)


@require_http_methods(["GET", "POST"])
def add(request: HtmxRequest) -> HttpResponse:
    groups.must_look_after_groups(request.user)
    form = GroupForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        typed = form.cleaned_data
        try:
            group = groups.create(typed["name"], description=typed["description"], by=request.user)
        except groups.TakenName as problem:
            form.add_error("name", str(problem))
        else:
            return redirect("core:group", group.pk)
    return render(request, "core/group_edit.html", {"form": form}, status=422 if form.is_bound else 200)


@require_GET
def group(request: HtmxRequest, pk: str) -> HttpResponse:
    return _group_page(request, _group(request, pk), None)


@require_http_methods(["GET", "POST"])
def edit(request: HtmxRequest, pk: str) -> HttpResponse:
    shown = _group(request, pk)
    groups.must_look_after_groups(request.user)
    form = GroupForm(request.POST if request.method == "POST" else None, initial=facts_of_group(shown))
    if not form.is_bound or not form.is_valid():
        return _edit_page(request, shown, form, status=422 if form.is_bound else 200)
    typed = form.cleaned_data
    names = {"name": typed["name"], "description": typed["description"]}
    try:
        groups.edit(shown, **names, by=request.user, seen=typed["changed_at"])
    except StaleState:
        form.compare(facts_of_group(PeopleGroup.objects.get(pk=shown.pk)))
        return _edit_page(request, shown, form, status=409)
    except groups.TakenName as problem:
        form.add_error("name", str(problem))
        return _edit_page(request, shown, form, status=422)
    return redirect("core:group", shown.pk)


@require_POST
def add_members(request: HtmxRequest, pk: str) -> HttpResponse:
    shown = _group(request, pk)
    groups.must_look_after_groups(request.user)
    form = MembersForm(request.POST)
    if "people_find" in request.POST or not form.is_valid():
        return _group_page(request, shown, form)
    new = groups.add_members(shown, form.cleaned_data["people"], by=request.user)
    messages.success(request, _said(len(new)))
    return redirect("core:group", shown.pk)


@require_POST
def remove_member(request: HtmxRequest, pk: str) -> HttpResponse:
    """`person`: whom to take out."""
    shown = _group(request, pk)
    groups.must_look_after_groups(request.user)
    person = get_object_or_404(User.objects.visible_to(request.user), pk=request.POST.get("person", ""))
    groups.remove_member(shown, person, by=request.user)
    messages.success(request, f"{person} is out of the group.")
    return redirect("core:group", shown.pk)


def _group(request: HtmxRequest, pk: str) -> PeopleGroup:
    return get_object_or_404(group_rows(request.user), pk=pk)


def _group_page(request: HtmxRequest, shown: PeopleGroup, form: MembersForm | None) -> HttpResponse:
    """With the picker as it was sent, where its form needs another look."""
    is_finding, asked = "people_find" in request.POST, words(request)
    searched, chosen = request.POST.get("people_words", "").strip(), people_chosen(request.POST, "people")
    context = {
        "group": shown,
        "page": page(request, members(shown, words=asked), order="search_text"),
        "words": asked,
        "may_change": groups.may_look_after_groups(request.user),
        "chosen": chosen,
        "searched": searched,
        "matches": people_matching(searched, seen_by=request.user, without=[person.pk for person in chosen]),
        "errors": form.errors.get("people", []) if form is not None and not is_finding else [],
    }
    status = 422 if form is not None and not is_finding else 200
    return render(request, "core/group.html", context, status=status)


def _edit_page(request: HtmxRequest, shown: PeopleGroup, form: GroupForm, *, status: int) -> HttpResponse:
    return render(request, "core/group_edit.html", {"group": shown, "form": form}, status=status)


def _said(new: int) -> str:
    if not new:
        return "They were in the group already."
    return f"{new} {'person' if new == 1 else 'people'} joined."
