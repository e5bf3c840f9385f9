"""Somebody comes from the identity provider: who that is here, and which roles they get from it."""

from collections.abc import Mapping
from typing import Any

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from core.actions.people import LONGEST_EMAIL, LONGEST_NAME
from core.actions.roles import NEWS, announce_reader, labels, lock_people, must_be_super, with_basic
from core.errors import Denied, StaleState
from core.models import IdentityProvider, Organisation, ProviderTie, Role, RoleHolding, User
from core.models.keys import one_line
from core.queue import announce
from core.trail import ERROR, record

NO_EMAIL = "The provider did not say what your e-mail is. Is email among the scopes?"
UNVERIFIED = "The provider does not say that your e-mail is verified (email_verified)."
NO_SUBJECT = "The provider did not say in a usable way who you are (sub)."
LONGEST_SUBJECT = 255
"""Letters (OpenID Connect Core 1.0, 2)."""


def email_of(claims: Mapping[str, Any]) -> tuple[str, str]:
    """The verified e-mail in lower case, and what is wrong with it: a sentence, or nothing."""
    told = claims.get("email")
    email = one_line(told).lower() if isinstance(told, str) else ""
    try:
        validate_email(email)
    except ValidationError:
        return "", NO_EMAIL
    if len(email) > LONGEST_EMAIL:
        return "", NO_EMAIL
    is_verified = claims.get("email_verified") in (True, "true")  # some providers send words
    return email, "" if is_verified else UNVERIFIED


@transaction.atomic
def arrive(provider: IdentityProvider, claims: Mapping[str, Any]) -> User:
    """The active person these claims are about, with the roles they give; made, if that is allowed.

    At first they are known by their e-mail, from then on by their subject alone: another subject with the
    same e-mail is somebody else, to whom the address was given since. Raises Denied with a sentence for them.
    """
    person = meant(provider, claims)
    if not IdentityProvider.objects.filter(pk=provider.pk, status=IdentityProvider.Status.IN_FORCE).exists():
        raise Denied(f"Signing in with {provider.label} was switched off meanwhile.")
    person = person or _made(provider, email_of(claims)[0], claims)
    if not person.is_active:
        raise Denied("You were deactivated here. A Super Administrator can let you in again.")
    _tie(person, provider, claims)
    return _with_roles(person, _roles_told(provider, claims))


def meant(provider: IdentityProvider, claims: Mapping[str, Any]) -> User | None:
    """Whom of the people here this provider means; None if nobody yet. Raises Denied with a sentence."""
    email, problem = email_of(claims)
    if problem:
        raise Denied(problem)
    subject = _subject(claims)
    ties = ProviderTie.objects.filter(issuer=provider.issuer, client_id=provider.client_id)
    tie = ties.filter(subject=subject).select_related("user").first()
    if tie is not None:
        return tie.user
    if ties.filter(user__email=email).exists():
        raise Denied(
            f"{provider.label} used to mean somebody else by {email}. If it is you all the same, a Super"
            " Administrator can help: on your page here they forget whom it meant, then you sign in again."
        )
    return User.objects.filter(email=email).first()


@transaction.atomic
def forget_tie(person: User, *, by: User) -> None:
    """Whoever next comes from a provider with their e-mail is taken to be this person. Raises StaleState if
    no provider knows them."""
    must_be_super(by, "Only a Super Administrator can forget whom the identity provider knows.")
    lock_people()
    ties = list(person.provider_ties.order_by("since", "pk"))
    if not ties:
        raise StaleState("No identity provider knows this person; look at the page again.")
    ProviderTie.objects.filter(pk__in=[tie.pk for tie in ties]).delete()
    known_as = [{"issuer": tie.issuer, "subject": tie.subject} for tie in ties]
    record("core.provider_tie_forgotten", person, by=by, before={"known_as": known_as})


@transaction.atomic
def prove_again(provider: IdentityProvider, claims: Mapping[str, Any], *, by: User) -> None:
    """For a sensitive act somebody signed in shows once more who they are; raises Denied for anybody else."""
    must_be_meant(provider, claims, by)
    arrive(provider, claims)
    record("core.proven_again", by, by=by, proof="provider")


def must_be_meant(provider: IdentityProvider, claims: Mapping[str, Any], person: User) -> None:
    """Raises Denied unless these claims are about this person."""
    if meant(provider, claims) != person:
        told = email_of(claims)[0]
        raise Denied(f"The provider says that you are {told}, but here you are {person.email}.")


@transaction.atomic
def refused(provider: IdentityProvider, problem: str, claims: Mapping[str, Any]) -> None:
    """Tell the trail that somebody was not let in who came from the provider, or could not be sent there."""
    email, _ = email_of(claims)
    about = User.objects.filter(email=email).first() or provider
    record("core.provider_refused", about, by=None, severity=ERROR, problem=one_line(problem), email=email)


def _made(provider: IdentityProvider, email: str, claims: Mapping[str, Any]) -> User:
    organisation = Organisation.current()
    if not provider.creates_people:
        raise Denied(f"Nobody here has the e-mail {email}. Ask a Super Administrator to invite you.")
    if not organisation.trusted_domains or not organisation.trusts(email):
        raise Denied(f"{email} is not of a trusted domain. Ask a Super Administrator to invite you.")
    lock_people()
    new = {"name": _name(email, claims), "password": make_password(None)}
    person, is_new = User.objects.get_or_create(email=email, defaults=new)
    if is_new:
        RoleHolding.objects.create(user=person, role=Role.BASIC, source=RoleHolding.Source.PROVIDER)
        record("core.person_from_provider", person, by=None, email=email, provider=provider)
    return person


def _subject(claims: Mapping[str, Any]) -> str:
    told = claims.get("sub")
    if not isinstance(told, str) or not told.strip() or len(told) > LONGEST_SUBJECT:
        raise Denied(NO_SUBJECT)
    return told


def _tie(person: User, provider: IdentityProvider, claims: Mapping[str, Any]) -> None:
    """Remember the subject at the first arrival. Of two at once the second is looked at anew."""
    subject = _subject(claims)
    tie = ProviderTie(user=person, issuer=provider.issuer, client_id=provider.client_id, subject=subject)
    same = ProviderTie.objects.filter(user=person, issuer=tie.issuer, client_id=tie.client_id)
    if same.filter(subject=subject).exists():
        return
    lock_people()
    if meant(provider, claims) != person:
        raise Denied("Something changed here just now. Sign in again.")
    if not same.exists():
        tie.save(force_insert=True)
        record("core.provider_tied", person, by=None, provider=provider, subject=subject)


def _name(email: str, claims: Mapping[str, Any]) -> str:
    parts = [claims.get("given_name"), claims.get("family_name")]
    told = [claims.get("name"), " ".join(part for part in parts if isinstance(part, str))]
    names = (one_line(each)[:LONGEST_NAME] for each in told if isinstance(each, str))
    return next(filter(None, names), email.partition("@")[0])


def _roles_told(provider: IdentityProvider, claims: Mapping[str, Any]) -> set[str]:
    """The roles that the values of the role claim stand for. Values that nobody mapped give none."""
    found = _found(claims, provider.role_claim) if provider.role_claim else None
    values = found if isinstance(found, list) else [found]
    named = {
        provider.role_map[value] for value in values if isinstance(value, str) and value in provider.role_map
    }
    return {role for role in named if role in Role.values}


def _found(claims: Mapping[str, Any], name: str) -> Any:
    """The claim of this name, else the one this path of dots leads to, such as `realm_access.roles`."""
    if name in claims:
        return claims[name]
    found: Any = claims
    for part in name.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found


def _with_roles(person: User, told: set[str]) -> User:
    """The person, holding by the provider exactly what it told now; what was given by hand stays."""
    before, after = _wanted(person, told)
    if before != after:
        lock_people()
        _recompute(person, told)
    return User.objects.get(pk=person.pk)


def _wanted(person: User, told: set[str]) -> tuple[set[str], set[str]]:
    """The roles held by the provider, before and after."""
    by_source: dict[str, set[str]] = {source: set() for source in RoleHolding.Source.values}
    for role, source in person.holdings.values_list("role", "source"):
        by_source[source].add(role)
    by_hand = by_source[RoleHolding.Source.HAND]
    return by_source[RoleHolding.Source.PROVIDER], set(with_basic(by_hand | told)) - by_hand


def _recompute(person: User, told: set[str]) -> None:
    """Under `lock_people`. The last Super Administrator stays one, whatever the provider says."""
    held = set(person.holdings.values_list("role", flat=True))
    before, after = _wanted(person, told)
    others = User.objects.active().holding(Role.SUPER).exclude(pk=person.pk)
    kept = {Role.SUPER} & (before - after) if not others.exists() else set()
    person.holdings.filter(role__in=before - after - kept).delete()
    RoleHolding.objects.bulk_create(
        RoleHolding(user=person, role=role, source=RoleHolding.Source.PROVIDER)
        for role in sorted(after - before)
    )
    now_held = held - (before - after - kept) | after
    if now_held != held:
        announce_reader(person, held, now_held)
        record(
            "core.roles_from_provider",
            person,
            by=None,
            before={"roles": labels(held)},
            after={"roles": labels(now_held)},
            is_last_administrator=bool(kept),
        )
        announce(NEWS, person.pk)
