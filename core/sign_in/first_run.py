"""The one-time link that makes the first administrator."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.core.signing import BadSignature, SignatureExpired, TimestampSigner
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from core.actions import people
from core.errors import Denied, NotPossible
from core.forms.sign_in import FirstAdministratorForm
from core.http import OpenRequest
from core.queries.people import has_administrator
from core.sign_in.entering import enter

_SIGNER = TimestampSigner(salt="core.first-run")
_PURPOSE = "set-up"


def set_up_link() -> str:
    """An absolute link, good for SETUP_LINK_AGE seconds and until there is an administrator."""
    _refuse_second()
    return settings.PUBLIC_URL + reverse("core:set_up", args=[_SIGNER.sign(_PURPOSE)])


@login_not_required
@require_http_methods(["GET", "POST"])
def set_up(request: OpenRequest, token: str) -> HttpResponse:
    _refuse_second()
    _check(token)
    form = FirstAdministratorForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        person = people.create_first_administrator(**form.cleaned_data)
        return enter(request, person, proof="set-up", onward=reverse("core:home"))
    return render(request, "core/set_up.html", {"form": form}, status=422 if form.errors else 200)


def _refuse_second() -> None:
    if has_administrator():
        raise NotPossible("This console has an administrator already; the set-up link is no longer needed.")


def _check(token: str) -> None:
    again = "The command ./dev manage setup_link prints a new one."
    try:
        _SIGNER.unsign(token, max_age=settings.SETUP_LINK_AGE)
    except SignatureExpired as problem:
        raise Denied(f"This set-up link is too old. {again}") from problem
    except BadSignature as problem:
        raise Denied(f"This is not a set-up link of this console. {again}") from problem
