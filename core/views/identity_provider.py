"""The identity provider: what is typed about it, whether it works, and putting it in force."""

from collections.abc import Mapping
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from core.actions import arriving, identity_provider
from core.actions.identity_provider import BadProvider
from core.errors import StaleState
from core.forms.identity_provider import ProviderForm, present
from core.http import HtmxRequest, fresh_sign_in_to_send
from core.models import Organisation, User
from core.queries.identity_provider import candidate, last_typed, must_see_provider
from core.queries.letters import letters_go_out
from core.queries.sign_in import provider_in_force

PAGE = "core/settings_provider.html"


@require_http_methods(["GET", "POST"])
@fresh_sign_in_to_send
def provider(request: HtmxRequest) -> HttpResponse:
    must_see_provider(request.user)
    shown = present(last_typed())
    if request.method == "GET":
        return _page(request, ProviderForm(initial=shown))
    identity_provider.must_be_allowed(by=request.user)
    form = ProviderForm(request.POST, initial=shown)
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        identity_provider.save(form.typed(), by=request.user, seen=form.cleaned_data["changed_at"])
    except BadProvider as problem:
        form.add_error(problem.field, str(problem))
        return _page(request, form, status=422)
    except StaleState:
        form.compare(present(last_typed()))
        return _page(request, form, status=409)
    messages.success(request, "Saved. Try it now: it is not in force yet.")
    return redirect("core:identity_provider")


@require_POST
@fresh_sign_in_to_send
def put_in_force(request: HtmxRequest, pk: str) -> HttpResponse:
    now_in_force = identity_provider.put_in_force(pk, by=request.user)
    messages.success(request, f"People can sign in with {now_in_force.label} now.")
    return redirect("core:identity_provider")


@require_POST
@fresh_sign_in_to_send
def take_out(request: HtmxRequest, pk: str) -> HttpResponse:
    identity_provider.take_out(pk, by=request.user)
    messages.success(request, "Nobody signs in with it any more.")
    return redirect("core:identity_provider")


@require_POST
@fresh_sign_in_to_send
def forget_tie(request: HtmxRequest, pk: str) -> HttpResponse:
    person = get_object_or_404(User.objects.profiles_visible_to(request.user), pk=pk)
    arriving.forget_tie(person, by=request.user)
    messages.success(request, f"Whoever next comes with the e-mail of {person} is known as them.")
    return redirect("core:person", person.pk)


def panel(request: HttpRequest, details: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """How providers know the person of this page, for administrators and themselves."""
    user, person = request.user, details["person"]
    if not isinstance(user, User) or not (user.is_administrator or user == person):
        return None
    ties = list(person.provider_ties.order_by("since", "pk"))
    return {"person": person, "ties": ties, "may_forget": user.is_super} if ties else None


def _page(request: HtmxRequest, form: ProviderForm, *, status: int = 200) -> HttpResponse:
    last = last_typed()
    context = {
        "part": "identity_provider",
        "form": form,
        "candidate": candidate(),
        "present": provider_in_force(),
        "keeps_secret": last if last is not None and last.sealed else None,
        "back": settings.PUBLIC_URL + reverse("core:provider_back"),
        "domains": Organisation.current().trusted_domains,
        "letters_go_out": letters_go_out(),
        "may_change": request.user.is_super,
    }
    return render(request, PAGE, context, status=status)
