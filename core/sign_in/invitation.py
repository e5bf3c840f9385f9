"""The first time somebody comes in: by the link of an invitation."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from core.actions import invitations
from core.errors import NotPossible
from core.forms.sign_in import NewPasswordForm
from core.http import OpenRequest, onward
from core.http.request import organisation_of
from core.models import Invitation
from core.queries.letters import has_mail
from core.queries.sign_in import may_use_password, provider_in_force
from core.sign_in.entering import enter

PAGE = "core/invitation.html"
OLD = "core/invitation_old.html"


@never_cache
@login_not_required
@require_http_methods(["GET", "POST"])
def invitation(request: OpenRequest, pk: str, token: str) -> HttpResponse:
    """Who invited and what for, and the ways in. An old link may be answered with a new letter."""
    try:
        person = invitations.person_of(pk, token)
    except NotPossible as problem:
        return _old(request, pk, str(problem))
    form = NewPasswordForm(person, request.POST or None)
    if request.method == "POST" and form.is_valid():
        person = invitations.take_up(person, token, form.cleaned_data["password"])
        return enter(request, person, proof="link", onward=onward(request))
    context = {
        "person": person,
        "invitation": Invitation.objects.filter(person=person).select_related("by").first(),
        "form": form if may_use_password(person) else None,
        "provider": provider_in_force(),
        "next": onward(request),
    }
    return render(request, PAGE, context, status=422 if form.errors else 200)


def _old(request: OpenRequest, pk: str, sentence: str) -> HttpResponse:
    """Says the same for every link that does not work: who is here is nobody's business."""
    is_asked = request.method == "POST"
    if is_asked:
        invitations.ask_again(pk)
    context = {
        "sentence": sentence,
        "is_asked": is_asked,
        "has_mail": has_mail(),
        "drops_letters": organisation_of(request).drops_letters,
        "next": onward(request),
    }
    return render(request, OLD, context, status=200 if is_asked else 410)
