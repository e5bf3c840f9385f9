"""After five failed tries for one e-mail from one address, sign-in waits for a quarter of an hour.

django-axes counts; passwords at sign-in, passwords typed again and codes of a second factor count alike. An
e-mail that nobody here has locks the same way, so that the lock tells nothing.
"""

from axes.handlers.proxy import AxesProxyHandler
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest  # noqa: TID251  # handed through to django-axes
from django.utils.timezone import now

from core.errors import NotPossible
from core.http.address import client_address, is_from_this_machine
from core.mailbox import post
from core.models import Organisation, User
from core.queries.sign_in import is_last_super, may_use_password
from core.trail import ERROR, record

MINUTES = int(settings.AXES_COOLOFF_TIME.total_seconds() // 60)
LOCKED = (
    f"There were {settings.AXES_FAILURE_LIMIT} failed tries for this e-mail from your address."
    f" For {MINUTES} minutes no password is looked at. A password set by a mailed link opens sign-in at once."
)


def is_locked(request: HttpRequest, email: str) -> bool:
    """Whether tries for this e-mail from this address are refused unseen. Never for the last active Super
    Administrator at the machine that Reeve runs on: somebody must be able to look after it."""
    if is_from_this_machine(request) and is_last_super(email):
        return False
    locked: bool = AxesProxyHandler.is_locked(_bare(request), _named(email))
    return locked


@transaction.atomic
def note_failure(request: HttpRequest, email: str, *, why: str) -> None:
    """Count a failed try and tell the trail; the one that locks posts a letter to the person."""
    Organisation.objects.select_for_update().get(pk=Organisation.current().pk)  # one after the other
    was_locked = is_locked(request, email)
    if not was_locked:
        AxesProxyHandler.user_login_failed(__name__, _named(email), _bare(request))
    person = User.objects.filter(email=email).first()
    about = person or Organisation.current()
    record("core.sign_in_failed", about, by=None, severity=ERROR, why="locked" if was_locked else why)
    if not was_locked and is_locked(request, email):
        event = record("core.locked_out", about, by=None, severity=ERROR, minutes=MINUTES)
        if person is not None and person.is_active and may_use_password(person):
            _write_to(person, key=str(event.pk), address=client_address(request))


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


def _write_to(person: User, *, key: str, address: str | None) -> None:
    organisation = Organisation.current()
    local = now().astimezone(organisation.zone)
    at = f"{local.day} {local:%b %Y %H:%M} ({organisation.time_zone})"
    post("locked_out", to=person, key=key, at=at, address=address or "an unknown address", minutes=MINUTES)
