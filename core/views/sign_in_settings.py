"""Settings: how long sessions last, who uses passwords and second factors, from where people may come."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from core.actions import sign_in_settings as verbs
from core.errors import Denied, StaleState
from core.forms.sign_in_settings import SignInSettingsForm
from core.http import HtmxRequest, client_address, fresh_sign_in_to_send
from core.http.networks import are_allowed
from core.http.sessions import PROOF
from core.models import Organisation
from core.queries.sign_in import provider_in_force


@fresh_sign_in_to_send
@require_http_methods(["GET", "POST"])
def sign_in_settings(request: HtmxRequest) -> HttpResponse:
    if not request.user.sees_everything:
        raise Denied("Only Super Administrators and auditors can see how people sign in.")
    present = Organisation.current()
    if request.method == "GET":
        return _page(request, present, SignInSettingsForm(initial=_values(present)))
    if not request.user.is_super:
        raise Denied("Only a Super Administrator can change how people sign in.")
    form = SignInSettingsForm(request.POST, initial=_values(present))
    if not form.is_valid():
        return _page(request, present, form, status=422)
    here = verbs.Here(client_address(request), by_provider=request.session.get(PROOF) == "provider")
    try:
        verbs.change(form.decided(), by=request.user, here=here, seen=form.cleaned_data["changed_at"])
    except verbs.BadSetting as problem:
        form.add_error(problem.field, str(problem))
        return _page(request, present, form, status=422)
    except StaleState:
        present = Organisation.current()
        form.compare(_values(present))
        return _page(request, present, form, status=409)
    messages.success(request, "Saved.")
    return redirect("core:sign_in_settings")


def _values(organisation: Organisation) -> dict[str, Any]:
    names = [*verbs.Decided.__slots__, "changed_at"]
    return {name: getattr(organisation, name) for name in names}


def _page(
    request: HtmxRequest, organisation: Organisation, form: SignInSettingsForm, status: int = 200
) -> HttpResponse:
    address = client_address(request)
    context = {
        "part": "sign_in_settings",
        "form": form,
        "address": address,
        "is_allowed": are_allowed(organisation.allowed_networks, address),
        "is_narrowed": bool(organisation.allowed_networks),
        "provider": provider_in_force(),
        "present": organisation,
        "may_change": request.user.is_super,
    }
    return render(request, "core/settings_sign_in.html", context, status=status)
