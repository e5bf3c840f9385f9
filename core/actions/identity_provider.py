"""The identity provider: saved as a draft, tried by whoever sets it up, put in force, taken out again."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from core.actions.arriving import must_be_meant
from core.actions.organisation import locked
from core.actions.roles import must_be_super
from core.errors import Denied, NotPossible, StaleState
from core.models import IdentityProvider, Organisation, RoleHolding, User
from core.models.keys import one_line, place_of
from core.queries.identity_provider import CANDIDATES, last_typed
from core.queries.letters import letters_go_out
from core.queries.people import super_has_password
from core.queries.sign_in import provider_in_force
from core.sealing import CannotOpen, seal, unseal
from core.states import must_be_unchanged
from core.trail import ERROR, record

NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""What a form saw that was drawn before anything was saved."""
NO_DOMAIN = "Name the trusted domains first, under Organisation: only their people are let in unasked."
HIDDEN = frozenset({"nonce", "at_hash", "c_hash", "s_hash", "jti", "sid"})
"""Claims that belong to one sign-in alone, and tell nobody anything."""
MOST_CLAIMS, LONGEST_CLAIM = 60, 300


class BadProvider(NotPossible):
    """It cannot work like this; `field` is the one to look at."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


@dataclass(frozen=True, slots=True)
class Typed:
    """A provider as it was typed. An empty secret keeps the present one."""

    label: str
    issuer: str
    client_id: str
    scopes: str
    creates_people: bool
    role_claim: str
    role_map: Mapping[str, str]
    client_secret: str = field(repr=False, default="")


def must_be_allowed(*, by: User) -> None:
    """Raises Denied for whoever may look at most."""
    must_be_super(by, "Only a Super Administrator can change the identity provider.")


@transaction.atomic
def save(typed: Typed, *, by: User, seen: datetime | None) -> IdentityProvider:
    """Keep it as a draft until it is tried; the one in force stays. Replaces the draft before it.

    Raises BadProvider where it cannot work, StaleState if somebody else saved since `seen`.
    """
    must_be_allowed(by=by)
    organisation = locked()  # one saves at a time
    before = last_typed()
    must_be_unchanged(before.saved_at if before else NEVER, seen=seen)
    if typed.creates_people and not organisation.trusted_domains:
        raise BadProvider("creates_people", NO_DOMAIN)
    secret = _secret(typed, before)

    IdentityProvider.objects.filter(status__in=CANDIDATES).update(
        status=IdentityProvider.Status.REPLACED, sealed=""
    )
    draft = IdentityProvider(**_plain(typed), saved_by=by)
    draft.sealed = seal(secret, place=place_of(draft, "sealed"))
    is_kept = before is not None and not typed.client_secret
    draft.secret_set_by = before.secret_set_by if is_kept and before else by
    draft.secret_set_at = before.secret_set_at if is_kept and before else draft.saved_at
    draft.save(force_insert=True)
    record(
        "core.provider_saved",
        draft,
        by=by,
        before=_columns(before),
        after=_columns(draft),
        has_new_secret=bool(typed.client_secret),
    )
    return draft


def to_try(pk: str, *, by: User) -> IdentityProvider:
    """The draft, for whoever may try it. Raises StaleState if it is one no longer."""
    must_be_allowed(by=by)
    found = IdentityProvider.objects.filter(pk=pk, status__in=CANDIDATES).first()
    if found is None:
        raise StaleState("These settings were replaced meanwhile; look at the page again.")
    return found


@transaction.atomic
def came_back(pk: str, claims: Mapping[str, Any], *, by: User) -> IdentityProvider:
    """Somebody tried a draft, and the provider said this about them. Tried is it only if that is themselves.

    Otherwise the row says why not.
    """
    draft = _locked(pk, by=by)
    told = shown(claims)
    try:
        must_be_meant(draft, claims, by)
    except Denied as problem:
        return _failed(draft, str(problem), told, by=by)
    changes = {"problem": "", "claims": told, "tried_at": now()}
    if draft.status == IdentityProvider.Status.DRAFT:
        draft.move(IdentityProvider.Status.TRIED, **changes)
    else:
        IdentityProvider.objects.filter(pk=draft.pk).update(**changes)
    record("core.provider_tried", draft, by=by)
    return draft


@transaction.atomic
def try_failed(pk: str, problem: str, *, by: User) -> IdentityProvider:
    """The way to the provider and back did not end well; the row says why."""
    return _failed(_locked(pk, by=by), problem, {}, by=by)


@transaction.atomic
def put_in_force(pk: str, *, by: User) -> IdentityProvider:
    """From now on people sign in with it, not with the one before. Raises NotPossible unless it was tried."""
    draft = _locked(pk, by=by)
    if draft.status != IdentityProvider.Status.TRIED or draft.problem:
        raise NotPossible("Try it first: only what let you in can be put in force.")
    if draft.creates_people and not Organisation.current().trusted_domains:
        raise NotPossible(NO_DOMAIN)
    former = provider_in_force()
    if former is not None:
        former.move(IdentityProvider.Status.REPLACED, sealed="")
    draft.move(IdentityProvider.Status.IN_FORCE)
    record("core.provider_in_force", draft, by=by, before=_columns(former), after=_columns(draft))
    return draft


@transaction.atomic
def take_out(pk: str, *, by: User) -> None:
    """Nobody signs in with it any more, so everybody may use a password again (core.queries.sign_in).

    The roles that it gave stay, as if given by hand. Raises NotPossible where no Super Administrator has, or
    could get, a password: nobody could let anybody in then.
    """
    must_be_allowed(by=by)
    locked()
    provider = IdentityProvider.objects.filter(pk=pk, status=IdentityProvider.Status.IN_FORCE).first()
    if provider is None:
        raise StaleState("It is not in force any more; look at the page again.")
    if not (super_has_password() or letters_go_out()):
        raise NotPossible(
            "No Super Administrator has a password, and no letter with a link goes out now: nobody could sign"
            " in. Set a password of your own first, by a link of an operator (reset_link)."
        )
    provider.move(IdentityProvider.Status.REPLACED, sealed="")
    RoleHolding.objects.filter(source=RoleHolding.Source.PROVIDER).update(source=RoleHolding.Source.HAND)
    record("core.provider_out_of_force", provider, by=by)


def secret_of(provider: IdentityProvider) -> str:
    """The client secret. Raises NotPossible where its key is gone."""
    try:
        return unseal(provider.sealed, place=place_of(provider, "sealed"))
    except CannotOpen as problem:
        raise NotPossible(
            "The client secret cannot be opened any more: it must be entered again."
        ) from problem


def shown(claims: Mapping[str, Any]) -> dict[str, str]:
    """What a provider said about somebody, as text for a page."""
    told = sorted((name, value) for name, value in claims.items() if name not in HIDDEN)[:MOST_CLAIMS]
    return {
        one_line(name)[:LONGEST_CLAIM]: one_line(
            value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
        )[:LONGEST_CLAIM]
        for name, value in told
    }


def _failed(draft: IdentityProvider, problem: str, told: Mapping[str, str], *, by: User) -> IdentityProvider:
    draft.problem, draft.claims, draft.tried_at = one_line(problem), dict(told), now()
    draft.save(update_fields=["problem", "claims", "tried_at"])
    record("core.provider_try_failed", draft, by=by, severity=ERROR, problem=draft.problem)
    return draft


def _locked(pk: str, *, by: User) -> IdentityProvider:
    must_be_allowed(by=by)
    locked()
    return to_try(pk, by=by)


def _secret(typed: Typed, before: IdentityProvider | None) -> str:
    """What was typed, else the one before. That is told to no other issuer, who might keep it."""
    if typed.client_secret:
        return typed.client_secret
    if before is None or not before.sealed:
        raise BadProvider("client_secret", "Enter the client secret.")
    if (typed.issuer, typed.client_id) != (before.issuer, before.client_id):
        raise BadProvider("client_secret", "For another issuer or client the secret must be entered again.")
    try:
        return secret_of(before)
    except NotPossible as problem:
        raise BadProvider("client_secret", str(problem)) from problem


def _plain(typed: Typed) -> dict[str, Any]:
    return {name: value for name, value in asdict(typed).items() if name != "client_secret"}


def _columns(row: IdentityProvider | None) -> Mapping[str, Any]:
    """For the trail: all but the secret."""
    names = ("label", "issuer", "client_id", "scopes", "creates_people", "role_claim", "role_map")
    return {name: getattr(row, name) for name in names} if row is not None else {}
