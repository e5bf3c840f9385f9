"""People: finding them, their list, one of them, and what an administrator does with them."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.actions import people as verbs
from core.actions import roles as role_verbs
from core.actions import sessions
from core.actions.invitations import invitable, may_invite
from core.errors import StaleState
from core.forms.people import ROLES, LeavingForm, PersonForm, RolesForm, facts_of, roles_of
from core.http import HtmxRequest, fresh_sign_in_to_send
from core.models import Delegation, Role, RoleHolding, SecondFactor, User
from core.queries.asked import page, people
from core.queries.letters import bounce_of, letters_go_out
from core.queries.people import (
    FILTERS,
    MIGHT,
    Wanted,
    departments,
    is_invited,
    people_matching,
    person_counts,
    person_rows,
)
from core.templatetags.reeve import drawn

REPORTS_SHOWN = 50


@require_GET
def matches(request: HtmxRequest) -> HttpResponse:
    """Options of a people picker: `q` the words typed, `not` those chosen already; with `invite` also the
    offer to invite whom nobody knows."""
    words = request.GET.get("q", "")
    found = people_matching(words, seen_by=request.user, without=request.GET.getlist("not"))
    offer = invitable(words, by=request.user) if "invite" in request.GET and not found else ""
    return render(request, "core/people_matches.html", {"people": found, "words": words, "invitable": offer})


@require_GET
def everybody(request: HtmxRequest) -> HttpResponse:
    wanted = Wanted.of({name: request.GET[name] for name in request.GET})
    rows = person_rows(request.user, wanted)
    numbers = person_counts(request.user)
    context = {
        "page": page(request, rows, order="search_text"),
        "wanted": wanted,
        "filters": [(value, label, numbers[value]) for value, label in FILTERS.items()],
        "roles": Role.choices,
        "departments": departments(),
        "is_narrowed": wanted != Wanted(),
        "may_invite": may_invite(request.user),
    }
    return render(request, "core/people.html", context)


@require_GET
def person(request: HtmxRequest, pk: str) -> HttpResponse:
    shown = visible_person(request, pk)
    delegations = Delegation.objects.not_over(now())
    reports = shown.reports.order_by("search_text", "pk")
    context = {
        "person": shown,
        "holdings": shown.holdings.order_by(MIGHT),
        "managers": shown.managers.order_by("search_text", "pk"),
        "reports": reports[:REPORTS_SHOWN],
        "report_count": reports.count(),
        "groups": shown.groups_of_people.order_by("search_text"),
        "delegation": delegations.filter(person=shown).select_related("delegate").first(),
        "stands_in_for": delegations.filter(delegate=shown).select_related("person").order_by("starts_at"),
        "may_delegate": request.user.is_super or request.user == shown,
        "is_invited": is_invited(shown),
        "sees_sign_in": request.user.is_administrator or request.user == shown,
        "has_second_factor": SecondFactor.objects.filter(user=shown).exclude(confirmed_at=None).exists(),
        "bounce": bounce_of(shown.email),
    }
    return render(request, "core/person.html", context)


@fresh_sign_in_to_send
@require_http_methods(["GET", "POST"])
def edit(request: HtmxRequest, pk: str) -> HttpResponse:
    shown = visible_person(request, pk)
    role_verbs.must_be_super(request.user, verbs.ONLY_SUPER)
    form = PersonForm(request.POST if request.method == "POST" else None, person=shown)
    if "managers_find" in request.POST:
        return _edit_page(request, shown, form, status=200)
    if not form.is_bound or not form.is_valid():
        return _edit_page(request, shown, form, status=422 if form.is_bound else 200)
    typed = form.cleaned_data
    try:
        verbs.edit(shown, form.facts(), typed["managers"], by=request.user, seen=typed["changed_at"])
    except StaleState:
        form.compare(facts_of(User.objects.get(pk=shown.pk)))
        return _edit_page(request, shown, form, status=409)
    except (verbs.TakenEmail, verbs.BadManagers) as problem:
        form.add_error("email" if isinstance(problem, verbs.TakenEmail) else "managers", str(problem))
        return _edit_page(request, shown, form, status=422)
    messages.success(request, "Saved.")
    return redirect("core:person", shown.pk)


@fresh_sign_in_to_send
@require_http_methods(["GET", "POST"])
def change_roles(request: HtmxRequest, pk: str) -> HttpResponse:
    shown = visible_person(request, pk)
    role_verbs.must_be_super(request.user, role_verbs.ONLY_SUPER)
    form = RolesForm(request.POST if request.method == "POST" else None, initial=roles_of(shown))
    if not form.is_bound or not form.is_valid():
        return _roles_page(request, shown, form, status=422 if form.is_bound else 200)
    seen = form.cleaned_data["changed_at"]
    try:
        role_verbs.change_roles(shown, form.chosen(), by=request.user, seen=seen)
    except StaleState:
        form.compare(roles_of(User.objects.get(pk=shown.pk)))
        return _roles_page(request, shown, form, status=409)
    messages.success(request, f"The roles of {shown} are in force.")
    return redirect("core:person", shown.pk)


@fresh_sign_in_to_send
@require_http_methods(["GET", "POST"])
def bulk_roles(request: HtmxRequest) -> HttpResponse:
    """`people` are those ticked in the list. Without any there is nothing to choose for."""
    role_verbs.must_be_super(request.user, role_verbs.ONLY_SUPER)
    typed = request.POST if request.method == "POST" else request.GET
    chosen = people(typed, "people")
    form = RolesForm(typed if request.method == "POST" else None, initial={"roles": []})
    if not chosen:
        messages.error(request, "Tick at least one active person first.")
        return redirect("core:people")
    if form.is_bound and form.is_valid():
        changed = role_verbs.replace_roles(chosen, form.chosen(), by=request.user)
        messages.success(request, _said(len(changed), len(chosen)))
        return redirect("core:people")
    context = {"people": chosen, "form": form, "choices": _choices(form), "chosen": form["roles"].value()}
    return render(request, "core/people_roles.html", context, status=422 if form.is_bound else 200)


@require_http_methods(["GET", "POST"])
def deactivate(request: HtmxRequest, pk: str) -> HttpResponse:
    """Says first what this person answers for: higher rooms fill the slot `person_leaves` with list items."""
    shown = visible_person(request, pk)
    role_verbs.must_be_super(request.user, verbs.ONLY_SUPER)
    form = LeavingForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        verbs.deactivate(shown, by=request.user, reason=form.cleaned_data["reason"])
        messages.success(request, f"{shown} is deactivated and signed out.")
        return redirect("core:person", shown.pk)
    stands_in = Delegation.objects.not_over(now()).filter(delegate=shown).select_related("person")
    context = {
        "person": shown,
        "form": form,
        "leaves": drawn("person_leaves", request, {"person": shown}),
        "reports": shown.reports.active().count(),
        "stands_in_for": stands_in,
    }
    return render(request, "core/person_deactivate.html", context, status=422 if form.is_bound else 200)


@fresh_sign_in_to_send
@require_POST
def reactivate(request: HtmxRequest, pk: str) -> HttpResponse:
    shown = visible_person(request, pk)
    verbs.reactivate(shown, by=request.user)
    messages.success(request, f"{shown} can sign in again.")
    return redirect("core:person", shown.pk)


@fresh_sign_in_to_send
@require_POST
def mail_password_link(request: HtmxRequest, pk: str) -> HttpResponse:
    """Where the letter does not go out now, the link stands here once, to pass on."""
    shown = visible_person(request, pk)
    verbs.mail_password_link(shown, by=request.user)
    if not letters_go_out():
        link = verbs.password_link_to_hand_over(shown, by=request.user)
        return render(request, "core/password_link_done.html", {"person": shown, "link": link})
    messages.success(request, f"The letter to {shown} is on its way.")
    return redirect("core:person", shown.pk)


@require_POST
def end_sessions(request: HtmxRequest, pk: str) -> HttpResponse:
    """Of somebody else everywhere; of oneself everywhere but here."""
    shown = visible_person(request, pk)
    sessions.end_sessions(shown, by=request.user)
    if shown == request.user:
        update_session_auth_hash(request, shown)
        messages.success(request, "You are signed out everywhere else.")
        return redirect("core:profile")
    messages.success(request, f"{shown} is signed out everywhere.")
    return redirect("core:person", shown.pk)


def visible_person(request: HtmxRequest, pk: str) -> User:
    return get_object_or_404(User.objects.profiles_visible_to(request.user), pk=pk)


def _edit_page(request: HtmxRequest, shown: User, form: PersonForm, *, status: int) -> HttpResponse:
    chosen, words = form.chosen(), request.POST.get("managers_words", "").strip()
    without = [shown.pk, *(manager.pk for manager in chosen)]
    context = {
        "person": shown,
        "form": form,
        "chosen": chosen,
        "words": words,
        "matches": people_matching(words, seen_by=request.user, without=without),
        "errors": [] if "managers_find" in request.POST else form["managers"].errors,
    }
    return render(request, "core/person_edit.html", context, status=status)


def _roles_page(request: HtmxRequest, shown: User, form: RolesForm, *, status: int) -> HttpResponse:
    provided = shown.holdings.filter(source=RoleHolding.Source.PROVIDER)
    context = {
        "person": shown,
        "form": form,
        "choices": _choices(form),
        "chosen": form["roles"].value(),
        "provided": set(provided.values_list("role", flat=True)),
    }
    return render(request, "core/person_roles.html", context, status=status)


def _choices(form: RolesForm) -> list[Mapping[str, Any]]:
    """Every role with the sentence on what it allows."""
    return [{"value": role.value, "label": role.label, "sentence": ROLES[role]} for role in Role]


def _said(changed: int, chosen: int) -> str:
    if not changed:
        return "Nothing changed: they had these roles already."
    people_count = f"{changed} {'person' if changed == 1 else 'people'}"
    same = f", {chosen - changed} had these roles already" if changed < chosen else ""
    return f"The roles of {people_count} are changed{same}."
