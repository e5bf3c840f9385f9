"""The mail server: saved as a candidate, tried with a real letter, then in force or refused."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils.timezone import now

from core.errors import Denied, NotPossible
from core.ids import ksuid
from core.mailbox import post
from core.models import MailServer, Organisation, OutgoingMail, User
from core.models.keys import place_of
from core.queries.letters import has_mail
from core.queries.mail_server import UNSETTLED, in_force, is_this_machine, password_of, unsettled
from core.queue import nudge
from core.sealing import CannotOpen, seal
from core.states import must_be_unchanged
from core.trail import ERROR, record

TRIES = 5
"""Workers that may take a mail server and die before it is given up."""
NEVER = datetime(1970, 1, 1, tzinfo=UTC)
"""What a form saw that was drawn before anything was saved."""
TESTS_A_MINUTE = 5
FIRST_OUT = 100
"""Letters that need not wait for the sweeper when a mail server begins to work."""
IN_ENVIRONMENT = "The mail server is set by MAIL_URL where Reeve is started; it can only be changed there."
NOT_TRIED = "Letters are dropped now (maintenance), so no mail server can be tried. Switch them on first."


class BadMailServer(NotPossible):
    """It cannot work like this; `field` is the one to look at, None where it is none of them."""

    def __init__(self, field: str | None, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


@dataclass(frozen=True, slots=True)
class Typed:
    """A mail server as it was typed. An empty password keeps the present one."""

    host: str
    port: int
    security: str
    username: str
    sender: str
    password: str = field(repr=False, default="")


def shown() -> MailServer | None:
    """The one that the settings page is about: what was saved last, in force or not."""
    return unsettled() or in_force()


def must_be_allowed(*, by: User) -> None:
    """Raises Denied for whoever may look at most."""
    if not by.is_super:
        raise Denied("Only a Super Administrator can change how letters are sent.")


@transaction.atomic
def save(typed: Typed, *, by: User, seen: datetime | None) -> MailServer:
    """Keep it until a job has tried it; the one in force stays. Replaces what is being tried.

    Raises BadMailServer where it cannot work or be tried, StaleState if somebody else saved since `seen`.
    """
    must_be_allowed(by=by)
    if settings.MAIL_URL:
        raise NotPossible(IN_ENVIRONMENT)
    organisation, _ = Organisation.objects.select_for_update().get_or_create(id=1)  # one saves at a time
    if organisation.drops_letters:
        raise BadMailServer(None, NOT_TRIED)
    before = shown()
    must_be_unchanged(before.saved_at if before else NEVER, seen=seen)
    password = _password(typed, before, by=by)
    _must_be_safe(typed, password)

    MailServer.objects.filter(status__in=UNSETTLED).update(
        status=MailServer.Status.REPLACED, sealed="", lease=None, leased_until=None, settled_at=now()
    )
    plain = {name: value for name, value in asdict(typed).items() if name != "password"}
    candidate = MailServer(**plain, saved_by=by)
    candidate.sealed = seal(password, place=place_of(candidate, "sealed")) if password else ""
    candidate.save(force_insert=True)
    record(
        "core.mail_server_saved",
        candidate,
        by=by,
        before=_plain(before),
        after=_plain(candidate),
        has_new_password=bool(typed.password),
    )
    nudge("core.check_mail_server", candidate.pk)
    return candidate


def claim(candidate_id: str) -> MailServer | None:
    """Take one for this worker. None if it is settled, replaced, in other hands, or has had its tries."""
    candidate = MailServer.objects.filter(status=MailServer.Status.CHECKING).claim(candidate_id)
    if candidate is not None and candidate.attempts > TRIES:
        refuse(candidate, f"{TRIES} workers began to try it and none came to an end. Save it again.")
        return None
    return candidate


@transaction.atomic
def put_in_force(candidate: MailServer) -> None:
    """It took a letter: from now on all go through it, those that wait first. Raises LeaseLost."""
    candidate.release(problem="")
    MailServer.objects.filter(status=MailServer.Status.IN_FORCE).update(
        status=MailServer.Status.REPLACED, sealed="", settled_at=now()
    )
    candidate.move(MailServer.Status.IN_FORCE, settled_at=now())
    record("core.mail_server_in_force", candidate, by=None, saved_by=candidate.saved_by)
    waiting = OutgoingMail.objects.filter(status=OutgoingMail.Status.QUEUED).free()
    waiting.filter(due_at__gt=now()).update(due_at=now())
    for mail_id in waiting.order_by("created_at").values_list("pk", flat=True)[:FIRST_OUT]:
        nudge("core.send_mail", mail_id)


@transaction.atomic
def refuse(candidate: MailServer, sentence: str) -> None:
    """It does not work; the one in force stays. Its password is kept for the next try. Raises LeaseLost."""
    candidate.release(problem=sentence)
    candidate.move(MailServer.Status.REFUSED, settled_at=now())
    record("core.mail_server_refused", candidate, by=None, severity=ERROR, problem=sentence)


@transaction.atomic
def send_test(*, by: User) -> OutgoingMail:
    """Post a letter to oneself, through the mail server in force."""
    must_be_allowed(by=by)
    if not has_mail():
        raise NotPossible("There is no mail server yet that a test could go through.")
    if Organisation.current().drops_letters:
        raise NotPossible("Letters are dropped now (maintenance); a test would be dropped as well.")
    lately = OutgoingMail.objects.filter(letter="mail_test", recipient=by)
    sent = lately.filter(created_at__gt=now() - timedelta(minutes=1)).count()
    if sent >= TESTS_A_MINUTE:
        raise NotPossible(f"You sent {sent} test letters within a minute; wait a little.")
    mail = post("mail_test", to=by, key=ksuid())
    record("core.mail_tested", mail, by=by)
    return mail


def _password(typed: Typed, before: MailServer | None, *, by: User) -> str:
    """What was typed, else the one before. That goes to no other host, where somebody might read it."""
    if typed.password or not typed.username:
        return typed.password
    if before is None or not before.sealed:
        raise BadMailServer("password", "Enter the password of this user too.")
    if not (_is_same_place(typed, before) or _was_typed_by(by, before)):
        raise BadMailServer("password", "For another host or user the password must be entered again.")
    try:
        return password_of(before)
    except CannotOpen as problem:
        raise BadMailServer("password", "The saved password cannot be opened: enter it again.") from problem


def _is_same_place(typed: Typed, row: MailServer) -> bool:
    return (typed.host, typed.port, typed.username) == (row.host, row.port, row.username)


def _was_typed_by(person: User, row: MailServer) -> bool:
    """Whether this person entered the password that waits in this refused one, so that they know it."""
    present = in_force()
    try:
        is_new = present is None or password_of(row) != password_of(present)
    except CannotOpen:
        return False
    return row.status != MailServer.Status.IN_FORCE and row.saved_by == person and is_new


def _must_be_safe(typed: Typed, password: str) -> None:
    if password and not typed.username:
        raise BadMailServer("username", "Enter the user this password belongs to.")
    if password and typed.security == MailServer.Security.NONE and not is_this_machine(typed.host):
        raise BadMailServer(
            "security", "Without TLS the password could be read on its way. Choose STARTTLS or TLS."
        )


def _plain(row: MailServer | None) -> Mapping[str, Any]:
    """For the trail: all but the password."""
    if row is None:
        return {}
    return {
        "host": row.host,
        "port": row.port,
        "security": row.security,
        "username": row.username,
        "sender": row.sender,
    }
