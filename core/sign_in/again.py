"""For a sensitive act: type the password once more. What was sent goes on its way (core.http.fresh)."""

from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from core.actions import signing_in
from core.errors import Denied
from core.forms.sign_in import AgainForm
from core.http import HtmxRequest, onward
from core.http.fresh import HELD, held_for, is_fresh
from core.http.sessions import prove
from core.queries.sign_in import may_use_password, provider_in_force


@require_http_methods(["GET", "POST"])
def again(request: HtmxRequest) -> HttpResponse:
    """Who comes back from the identity provider is fresh already, and only sends what waits."""
    held = request.POST.get(HELD) or request.GET.get(HELD) or ""
    waits_for = held_for(request, held)
    is_sent, has_password = request.method == "POST", _has_password(request)
    form = AgainForm(request.POST if is_sent else None)
    if is_sent and has_password and not is_fresh(request) and form.is_valid():
        try:
            signing_in.prove_again(request.user, form.cleaned_data["password"], request=request)
        except Denied as problem:
            form.add_error(None, str(problem))
        else:
            prove(request)
    if is_fresh(request) and (is_sent or waits_for is None):
        return redirect(waits_for or onward(request), preserve_request=waits_for is not None)
    asked = urlencode({HELD: held, "next": onward(request)} if waits_for else {"next": onward(request)})
    context = {
        "form": form,
        "back": f"{request.path}?{asked}",
        "next": onward(request),
        "held": held if waits_for else "",
        "is_fresh": is_fresh(request),
        "has_password": has_password,
        "provider": provider_in_force(),
    }
    return render(request, "core/again.html", context, status=422 if is_sent else 200)


def _has_password(request: HtmxRequest) -> bool:
    return request.user.has_usable_password() and may_use_password(request.user)
