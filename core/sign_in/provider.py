"""Sign in with the identity provider, prove anew who one is, and try a provider that is not in force yet."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET

from core.actions import arriving, identity_provider
from core.errors import DomainError, NotPossible
from core.http import HtmxRequest, OpenRequest, client_address, onward
from core.http.request import ours
from core.http.sessions import prove, seconds
from core.models import IdentityProvider, User
from core.queries.sign_in import provider_in_force, was_refused_lately
from core.sign_in import oidc
from core.sign_in.entering import enter
from core.sign_in.oidc import ProviderTrouble

FLOWS = "provider_flows"
"""In the session: who was sent to a provider and is not back yet, by state."""
MOST_FLOWS = 5
LONGEST_FLOW = 15 * 60
"""Seconds that somebody may take at the provider."""
ENTER, AGAIN, TRY = "enter", "again", "try"
NO_FLOW = (
    "This answer of the provider belongs to no sign-in of this browser, or was used already. Sign in again."
)
NOTHING: Mapping[str, Any] = MappingProxyType({})
NONE = "There is no identity provider to sign in with here."


@never_cache
@login_not_required
@require_GET
def start(request: OpenRequest) -> HttpResponse:
    """Off to the provider in force. `again`: whoever is signed in proves anew who they are."""
    wanted = onward(request)
    purpose = AGAIN if request.user.is_authenticated and request.GET.get("again") else ENTER
    if purpose == ENTER and request.user.is_authenticated:
        return redirect(wanted)
    provider = provider_in_force()
    if provider is None:
        raise NotPossible(NONE)
    try:
        return redirect(_sent_off(request, provider, purpose, wanted))
    except (ProviderTrouble, DomainError) as problem:
        _tell(request, provider, str(problem))
        return _turned_away(request, purpose, wanted, str(problem))


@never_cache
@require_GET
def try_out(request: HtmxRequest, pk: str) -> HttpResponse:
    """The whole way with a draft. A GET: our content policy lets no form lead to another host."""
    draft = identity_provider.to_try(pk, by=request.user)
    oidc.forget(draft.issuer)
    settings_page = reverse("core:identity_provider")
    try:
        return redirect(_sent_off(request, draft, TRY, settings_page))
    except (ProviderTrouble, NotPossible) as problem:
        identity_provider.try_failed(draft.pk, str(problem), by=request.user)
        return redirect(settings_page)


@never_cache
@login_not_required
@require_GET
def back(request: OpenRequest) -> HttpResponse:
    """Where the provider sends people back to, with a code or with its refusal."""
    kept = _taken(request)
    if kept is None:
        return _belongs_nowhere(request)
    if kept["purpose"] == TRY:
        return _tried(request, kept)
    provider = IdentityProvider.objects.filter(
        pk=kept["provider"], status=IdentityProvider.Status.IN_FORCE
    ).first()
    if provider is None:
        return _turned_away(request, kept["purpose"], kept["next"], NONE)
    wanted, claims = ours(request, kept["next"]), {}
    try:
        claims = _claims(request, provider, kept)
        return _let_in(request, provider, claims, purpose=kept["purpose"], wanted=wanted)
    except (ProviderTrouble, DomainError) as problem:
        _tell(request, provider, str(problem), claims)
        return _turned_away(request, kept["purpose"], wanted, str(problem))


def _let_in(
    request: OpenRequest, provider: IdentityProvider, claims: dict[str, Any], *, purpose: str, wanted: str
) -> HttpResponse:
    if purpose == AGAIN and isinstance(request.user, User):
        arriving.prove_again(provider, claims, by=request.user)
        prove(request)
        return redirect(wanted)
    person = arriving.arrive(provider, claims)
    return enter(request, person, proof="provider", onward=wanted)


def _sent_off(
    request: OpenRequest | HtmxRequest, provider: IdentityProvider, purpose: str, wanted: str
) -> str:
    """The provider's address; the session remembers what for."""
    flow = oidc.new_flow(fresh=purpose == AGAIN)
    address = oidc.go(_client(provider), flow)
    kept = {
        "purpose": purpose,
        "provider": provider.pk,
        "person": request.user.pk if isinstance(request.user, User) else "",
        "next": wanted,
        "flow": flow.kept(),
    }
    flows = {**request.session.get(FLOWS, {}), flow.state: kept}
    request.session[FLOWS] = dict(list(flows.items())[-MOST_FLOWS:])
    return address


def _taken(request: OpenRequest) -> dict[str, Any] | None:
    """What the session remembers of this state; from then on it remembers it no more."""
    flows = dict(request.session.get(FLOWS, {}))
    kept: dict[str, Any] | None = flows.pop(request.GET.get("state", ""), None)
    if kept is None:
        return None
    request.session[FLOWS] = flows
    here = request.user.pk if isinstance(request.user, User) else ""
    return None if kept["purpose"] != ENTER and kept["person"] != here else kept


def _claims(request: OpenRequest, provider: IdentityProvider, kept: dict[str, Any]) -> dict[str, Any]:
    flow = oidc.Flow(**kept["flow"])
    if seconds() - flow.asked_at > LONGEST_FLOW:
        raise ProviderTrouble("You were at the provider for more than 15 minutes. Sign in again.")
    return oidc.finish(_client(provider), flow, request.GET.dict())


def _client(provider: IdentityProvider) -> oidc.Client:
    return oidc.Client(
        issuer=provider.issuer,
        client_id=provider.client_id,
        client_secret=identity_provider.secret_of(provider),
        scopes=provider.scopes,
        redirect_uri=settings.PUBLIC_URL + reverse("core:provider_back"),
    )


def _tried(request: OpenRequest, kept: dict[str, Any]) -> HttpResponse:
    """Back from a draft: the settings page says what came of it."""
    if not isinstance(request.user, User):
        return _belongs_nowhere(request)
    draft = identity_provider.to_try(kept["provider"], by=request.user)
    try:
        claims = _claims(request, draft, kept)
    except (ProviderTrouble, NotPossible) as problem:
        identity_provider.try_failed(draft.pk, str(problem), by=request.user)
    else:
        identity_provider.came_back(draft.pk, claims, by=request.user)
    return redirect("core:identity_provider")


def _tell(
    request: OpenRequest, provider: IdentityProvider, problem: str, claims: Mapping[str, Any] = NOTHING
) -> None:
    """The trail is told of each person; of who never showed who they are once a minute an address."""
    if claims or not was_refused_lately(provider, client_address(request)):
        arriving.refused(provider, problem, claims)


def _turned_away(request: OpenRequest, purpose: str, wanted: str, sentence: str) -> HttpResponse:
    """To the page where one can sign in otherwise, or again; it says why."""
    messages.error(request, sentence)
    page = reverse("core:again" if purpose == AGAIN else "core:sign_in")
    return redirect(f"{page}?{urlencode({'next': wanted})}")


def _belongs_nowhere(request: OpenRequest) -> HttpResponse:
    """The trail is told only where somebody is under way: else any page elsewhere could fill it."""
    provider = provider_in_force()
    if provider is not None and request.session.get(FLOWS):
        _tell(request, provider, NO_FLOW)
    return _turned_away(request, ENTER, reverse("core:home"), NO_FLOW)
