"""The second factor: codes by time from an app (TOTP, RFC 6238), and codes for when the app is lost.

SHA-1, six digits and thirty seconds are what every authenticator app knows. A code is good one step early or
late, and once.
"""

import base64
import hashlib
import hmac
import os
import secrets
from collections.abc import Sequence

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.totp import TOTP
from django.db import transaction
from django.http import HttpRequest  # noqa: TID251  # handed through to those who count failed tries
from django.utils.timezone import now

from core.actions import lockout
from core.errors import Denied, NotPossible, StaleState
from core.mailbox import post
from core.models import SecondFactor, User
from core.models.keys import place_of
from core.queries.sign_in import second_factor_of
from core.sealing import CannotOpen, seal, unseal
from core.trail import record

STEP = 30  # seconds
DIGITS = 6
SECRET_BYTES = 20  # as RFC 4226 recommends for SHA-1
RECOVERY_CODES = 10
RECOVERY_BYTES = 15  # 120 bits: enough for a plain SHA-256 to keep them safe
WRONG_CODE = "This code is wrong, or was used already. Wait for the next one."


@transaction.atomic
def begin(*, by: User) -> None:
    """Make a new shared secret, which is in force once a first code of it was typed."""
    User.objects.select_for_update(no_key=True).get(pk=by.pk)  # two clicks, one after the other
    if second_factor_of(by) is not None:
        raise NotPossible("You have a second factor already. Take it away first.")
    SecondFactor.objects.filter(user=by).delete()
    factor = SecondFactor(user=by)
    factor.sealed = seal(
        base64.b32encode(os.urandom(SECRET_BYTES)).decode(), place=place_of(factor, "sealed")
    )
    factor.save(force_insert=True)


def shared_secret(factor: SecondFactor) -> str:
    """What app and console share, in base32. Raises NotPossible if its key is gone."""
    try:
        return unseal(factor.sealed, place=place_of(factor, "sealed"))
    except CannotOpen as problem:
        raise NotPossible(
            "This second factor cannot be read any longer: its key is gone."
            " Ask a Super Administrator to take it away."
        ) from problem


def address(factor: SecondFactor) -> str:
    """What the QR code says to an app."""
    return _totp(factor).get_provisioning_uri(factor.user.email, "Reeve")


def confirm(*, by: User, code: str, request: HttpRequest) -> Sequence[str]:
    """Put the second factor in force with a first code; answers the recovery codes, which are shown once.

    Raises NotPossible for a wrong code, which counts as a failed sign-in.
    """
    factor = SecondFactor.objects.filter(user=by, confirmed_at=None).first()
    if factor is None:
        raise StaleState("There is no second factor to confirm; it was confirmed already, or taken away.")
    _check(factor, code, request=request, also_recovery=False)
    with transaction.atomic():
        codes, digests = _recovery_codes(by)
        waiting = SecondFactor.objects.filter(user=by, confirmed_at=None)
        if not waiting.update(confirmed_at=now(), recovery=digests):
            raise StaleState("This second factor was confirmed in another window.")
        record("core.second_factor_set_up", by, by=by)
    return codes


@transaction.atomic
def renew_recovery_codes(*, by: User) -> Sequence[str]:
    """Ten new codes; those before work no longer."""
    codes, digests = _recovery_codes(by)
    if not SecondFactor.objects.filter(user=by, confirmed_at__isnull=False).update(recovery=digests):
        raise NotPossible("You have no second factor.")
    record("core.recovery_codes_made", by, by=by)
    return codes


def check(person: User, code: str, *, request: HttpRequest) -> None:
    """Take a code of this person's second factor, or one of the recovery codes, at sign-in. It works once.

    Raises NotPossible for a wrong one, which counts as a failed sign-in.
    """
    factor = second_factor_of(person)
    if factor is None:
        raise StaleState("This second factor was taken away; sign in again.")
    _check(factor, code, request=request, also_recovery=True)


@transaction.atomic
def remove(person: User, *, by: User | None) -> None:
    """Take a second factor away: one's own, or somebody else's as a Super Administrator or an operator."""
    is_own = person == by
    if by is not None and not is_own and not by.is_super:
        raise Denied("Only a Super Administrator can take somebody else's second factor away.")
    removed, _ = SecondFactor.objects.filter(user=person).delete()
    if not removed:
        raise NotPossible(f"{person} has no second factor.")
    event = record("core.second_factor_removed", person, by=by)
    post("second_factor_removed", to=person, key=str(event.pk), who=None if is_own else by or "An operator")


def _check(factor: SecondFactor, code: str, *, request: HttpRequest, also_recovery: bool) -> None:
    """Under a hold on the person: codes sent at once count as if they came one by one."""
    with transaction.atomic():
        lockout.hold(factor.user.email)
        problem = _locked(factor.user, request)
        typed = "".join(code.split()).replace("-", "").lower()
        is_right = not problem and _is_right(factor, typed, also_recovery=also_recovery)
        if not problem and not is_right:
            lockout.note_wrong_code(request, factor.user)
            problem = _locked(factor.user, request) or WRONG_CODE
    if problem:  # raised out here, so that the failed try is kept
        raise NotPossible(problem)


def _is_right(factor: SecondFactor, typed: str, *, also_recovery: bool) -> bool:
    return _is_in_time(factor, typed) or (also_recovery and _is_recovery(factor, typed))


def _locked(person: User, request: HttpRequest) -> str:
    """The sentence why no code is looked at now; empty where one is."""
    if lockout.are_codes_locked(request, person):
        return lockout.NO_CODES
    return lockout.LOCKED if lockout.is_locked(request, person.email) else ""


def _is_in_time(factor: SecondFactor, typed: str) -> bool:
    """Whether this is the code of now, or of a step before or after; then it is used up."""
    if not (len(typed) == DIGITS and typed.isascii() and typed.isdigit()):
        return False
    totp, present = _totp(factor), int(now().timestamp()) // STEP
    for step in (present - 1, present, present + 1):
        if hmac.compare_digest(totp.generate(step * STEP).decode(), typed):
            later = SecondFactor.objects.filter(pk=factor.pk, last_step__lt=step)
            return bool(later.update(last_step=step))
    return False


@transaction.atomic
def _is_recovery(factor: SecondFactor, typed: str) -> bool:
    locked = SecondFactor.objects.select_for_update().get(pk=factor.pk)
    digest = _digest(locked.user, typed)
    if digest not in locked.recovery:
        return False
    locked.recovery = [each for each in locked.recovery if each != digest]
    locked.save(update_fields=["recovery"])
    record("core.recovery_code_used", locked.user, by=locked.user, left=len(locked.recovery))
    return True


def _totp(factor: SecondFactor) -> TOTP:
    return TOTP(base64.b32decode(shared_secret(factor)), DIGITS, SHA1(), STEP)  # noqa: S303  # as the apps want it


def _recovery_codes(person: User) -> tuple[list[str], list[str]]:
    """Ten codes of 120 bits each, as they are written down, and their digests."""
    codes = [
        base64.b32encode(secrets.token_bytes(RECOVERY_BYTES)).decode().lower() for _ in range(RECOVERY_CODES)
    ]
    written = ["-".join(code[at : at + 4] for at in range(0, len(code), 4)) for code in codes]
    return written, [_digest(person, code) for code in codes]


def _digest(person: User, code: str) -> str:
    return hashlib.sha256(f"{person.pk}:{code}".encode()).hexdigest()
