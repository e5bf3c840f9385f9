"""After five failed tries for one e-mail from one address, sign-in waits for a quarter of an hour.

django-axes counts; passwords at sign-in, passwords typed again and codes of a second factor count alike. An
e-mail that nobody here has locks the same way, so that the lock tells nothing. While it is locked nothing is
written: the trail only grows, and strangers must not fill it.

Whoever gets as far as a code knows the password or reads the mail. So wrong codes count for the person as
well, from whatever address: ten in a quarter of an hour, and no code is looked at for another one. The trail
counts those, and no mailed link forgets them.
"""

from datetime import timedelta

from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.http import HttpRequest  # noqa: TID251  # handed through to django-axes
from django.utils.timezone import now

from core.errors import NotPossible
from core.http.address import client_address, is_from_this_machine
from core.mailbox import post
from core.models import Organisation, TrailEvent, User
from core.queries.sign_in import is_last_super, may_use_password
from core.trail import ERROR, record

MINUTES = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
LOCKED = (
    f"There were {settings.AXES_FAILURE_LIMIT} failed tries for this e-mail from your address."
    f" For {MINUTES} minutes no password is looked at. A password set by a mailed link opens sign-in at once."
)
MOST_CODES = 10
WRONG_CODE = "wrong code of the second factor"
NO_CODES = (
    f"There were {MOST_CODES} wrong codes for you. For {MINUTES} minutes no code is looked at, wherever it"
    " comes from; a letter tells you more."
)


def is_locked(request: HttpRequest, email: str) -> bool:
    """Whether tries for this e-mail from this address are refused unseen. Never for the last active Super
    Administrator at the machine that Reeve runs on: somebody must be able to look after it."""
    if _is_exempt(request, email):
        return False
    locked: bool = AxesProxyHandler.is_locked(_bare(request), _named(email))
    return locked


@transaction.atomic
def note_failure(request: HttpRequest, email: str, *, why: str) -> None:
    """Count a failed try and tell the trail; the one that locks posts a letter to the person."""
    person = hold(email)
    if is_locked(request, email):
        return
    AxesProxyHandler.user_login_failed(__name__, _named(email), _bare(request))
    about = person or Organisation.current()
    record("core.sign_in_failed", about, by=None, severity=ERROR, why=why)
    if is_locked(request, email):
        event = record("core.locked_out", about, by=None, severity=ERROR, minutes=MINUTES)
        if person is not None and person.is_active and may_use_password(person):
            _write_to(person, key=str(event.pk), address=client_address(request))


def hold(email: str) -> User | None:
    """The person with this e-mail, held until the transaction ends: their tries are counted one by one."""
    return User.objects.select_for_update(no_key=True).filter(email=email).first()


def are_codes_locked(request: HttpRequest, person: User) -> bool:
    """Whether no code of this person's second factor is looked at, from whatever address. Never for the last
    active Super Administrator at the machine that Reeve runs on."""
    if _is_exempt(request, person.email):
        return False
    return _lately(person).filter(action="core.locked_out", change__has_key="codes").exists()


@transaction.atomic
def note_wrong_code(request: HttpRequest, person: User) -> None:
    """As `note_failure`; the tenth wrong code in a quarter of an hour locks all others, with a letter."""
    note_failure(request, person.email, why=WRONG_CODE)
    if _is_exempt(request, person.email) or are_codes_locked(request, person):
        return
    if _wrong_codes(person) < MOST_CODES:
        return
    event = record("core.locked_out", person, by=None, severity=ERROR, minutes=MINUTES, codes=MOST_CODES)
    if may_use_password(person):
        _write_to(person, key=str(event.pk), address=client_address(request), codes=MOST_CODES)


def _is_exempt(request: HttpRequest, email: str) -> bool:
    return is_from_this_machine(request) and is_last_super(email)


def _wrong_codes(person: User) -> int:
    return _lately(person).filter(action="core.sign_in_failed", change__why=WRONG_CODE).count()


def _lately(person: User) -> QuerySet[TrailEvent]:
    """What the trail tells of this person since an operator lifted a lock, a quarter of an hour at most."""
    about = TrailEvent.objects.filter(object_type="core.user", object_id=person.pk)
    lately = about.filter(at__gt=now() - timedelta(minutes=MINUTES))
    lifted = lately.filter(action="core.lock_lifted").order_by("-pk").values_list("pk", flat=True).first()
    return lately.filter(pk__gt=lifted or 0)


def forget_failures(email: str) -> None:
    """What was counted counts no more, from whatever address."""
    AxesProxyHandler.reset_attempts(username=email)


@transaction.atomic
def unlock(email: str) -> User:
    """Lift the lock on this e-mail: an operator's doing. Raises NotPossible where nobody has it."""
    person = User.objects.filter(email=email.lower()).first()
    if person is None:
        raise NotPossible(f"Nobody here has the e-mail {email}.")
    forget_failures(person.email)
    record("core.lock_lifted", person, by=None)
    return person


def _bare(request: HttpRequest) -> HttpRequest:
    """Without what was typed: django-axes would keep that."""
    bare = HttpRequest()
    bare.META, bare.path = request.META, request.path
    return bare


def _named(email: str) -> dict[str, str]:
    return {"username": email}


def _write_to(person: User, *, key: str, address: str | None, codes: int = 0) -> None:
    organisation = Organisation.current()
    local = now().astimezone(organisation.zone)
    at = f"{local.day} {local:%b %Y %H:%M} ({organisation.time_zone})"
    place = address or "an unknown address"
    post("locked_out", to=person, key=key, at=at, where=place, minutes=MINUTES, codes=codes)
