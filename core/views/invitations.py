"""Inviting people, and where one goes on afterwards."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.views.decorators.http import require_http_methods, require_POST

from core.actions import invitations
from core.actions.invitations import Invited
from core.errors import NotPossible
from core.forms.invitations import InviteForm, likely_name
from core.http import HtmxRequest, fresh_sign_in_to_send
from core.models import Invitation, User
from core.queries.letters import letters_go_out

PAGE = "core/invite.html"
LONGEST_ONWARD = 500  # letters, as wide as the column


@fresh_sign_in_to_send
@require_http_methods(["GET", "POST"])
def invite(request: HtmxRequest) -> HttpResponse:
    """`email` to begin with; `back`, the page to go back to, with the person chosen there as `field`;
    `onward`, the page where the person is needed."""
    invitations.must_invite(request.user)
    email = request.GET.get("email", "").strip()
    begun = {"email": email, "name": likely_name(email)}
    form = InviteForm(request.POST if request.method == "POST" else None, initial=begun, by=request.user)
    if not form.is_bound or not form.is_valid():
        return _form_page(request, form)
    try:
        done = invitations.invite(**form.cleaned_data, by=request.user, onward=_onward(request))
    except NotPossible as problem:
        form.add_error("email", str(problem))
        return _form_page(request, form)
    after = _back_with(request, done.person)
    if done.is_written_to and not letters_go_out():
        return _hand_over(request, done.person, after)
    messages.success(request, _said(done))
    return redirect(after)


@fresh_sign_in_to_send
@require_POST
def invite_again(request: HtmxRequest, pk: str) -> HttpResponse:
    person = get_object_or_404(User.objects.profiles_visible_to(request.user), pk=pk)
    invitations.invite_again(person, by=request.user)
    after = reverse("core:person", args=[person.pk])
    if not letters_go_out():
        return _hand_over(request, person, after)
    messages.success(request, f"We wrote to {person}.")
    return redirect(after)


def panel(request: HttpRequest, details: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """On a person's page, for as long as they have not come in: by whom and when they were invited."""
    person, reader = details["person"], request.user
    if not isinstance(reader, User) or not person.is_active or person.has_come_in:
        return None
    invitation = Invitation.objects.filter(person=person).select_related("by").first()
    may_invite = invitations.may_invite(reader, person.email)
    if invitation is None and not may_invite:
        return None
    return {"person": person, "invitation": invitation, "may_invite": may_invite}


def _form_page(request: HtmxRequest, form: InviteForm) -> HttpResponse:
    context = {
        "form": form,
        "back": _ours(request, "back") or reverse("core:people"),
        "onward": _onward(request),
        "field": _field(request),
    }
    return render(request, PAGE, context, status=422 if form.errors else 200)


def _hand_over(request: HtmxRequest, person: User, after: str) -> HttpResponse:
    """The letter does not go out now: the link stands here once, for whoever may see it."""
    user = request.user
    context = {
        "person": person,
        "link": invitations.link_to_hand_over(person, by=user) if user.is_super else "",
        "after": after,
        "lasts": invitations.LASTS,
    }
    return render(request, "core/invite_done.html", context)


def _said(done: Invited) -> str:
    if done.is_new:
        return f"{done.person} is invited: we wrote to {done.person.email}."
    if done.is_written_to:
        return (
            f"{done.person} was known here already, and has never come in: we wrote to {done.person.email}."
        )
    if done.person.has_come_in:
        return f"{done.person} is known here already and comes in; no invitation was needed."
    return f"{done.person} was invited less than an hour ago; no further letter was written."


def _ours(request: HtmxRequest, name: str) -> str:
    """A page of ours that was named; else nothing."""
    wanted = request.POST.get(name) or request.GET.get(name) or ""
    is_ours = wanted.startswith("/") and url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
    return wanted if is_ours else ""


def _onward(request: HtmxRequest) -> str:
    wanted = _ours(request, "onward")
    return wanted if len(wanted) <= LONGEST_ONWARD else ""


def _field(request: HtmxRequest) -> str:
    """How the page behind calls the people chosen in it."""
    name = request.POST.get("field") or request.GET.get("field") or ""
    return name if name.isidentifier() else ""


def _back_with(request: HtmxRequest, person: User) -> str:
    back, field = _ours(request, "back"), _field(request)
    if not back or not field:
        return back or reverse("core:person", args=[person.pk])
    return f"{back}{'&' if '?' in back else '?'}{urlencode({field: person.pk})}"
