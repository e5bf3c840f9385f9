"""Making people, changing what is known of them, letting them go, and what they choose for themselves."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import datetime
from typing import Any
from zoneinfo import available_timezones

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.utils.timezone import now

from core.actions.delegations import end_those_to
from core.actions.password import NOT_FOR_YOU, password_link
from core.actions.roles import NEWS, lock_people, must_be_super, must_leave_an_administrator, with_basic
from core.actions.sessions import end_sessions
from core.errors import Denied, NotPossible
from core.mailbox import post
from core.models import Organisation, Reporting, Role, RoleHolding, User
from core.models.keys import one_line
from core.people_file import LONGEST
from core.queries.people import has_administrator, is_over
from core.queries.sign_in import may_use_password
from core.queue import announce
from core.states import must_be_unchanged
from core.trail import record

LONGEST_NAME, LONGEST_EMAIL = LONGEST["name"], LONGEST["email"]
ONLY_SUPER = "Only a Super Administrator can change people."

type Told = dict[str, Any]
"""The facts of a person as the trail tells them."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What an administrator can say about a person."""

    name: str
    email: str
    title: str = ""
    department: str = ""
    employee_id: str = ""


class TakenEmail(NotPossible):
    """Somebody else has this e-mail."""


class BadManagers(NotPossible):
    """These cannot be the managers of this person."""


@transaction.atomic
def create_first_administrator(*, name: str, email: str, password: str) -> User:
    """Make the first Super Administrator; refused once there is one, also to the slower of two at once."""
    organisation = Organisation.current()
    Organisation.objects.select_for_update().get(pk=organisation.pk)
    if has_administrator():
        raise NotPossible("This console has an administrator already; the set-up link is no longer needed.")
    person = User.objects.filter(email=email.lower()).first() or User(email=email)
    person.name, person.status = name, User.Status.ACTIVE
    person.set_password(password)
    person.save()
    for role in (Role.SUPER, Role.BASIC):
        RoleHolding.objects.get_or_create(user=person, role=role)
    record("core.first_administrator", person, by=person)
    return person


@transaction.atomic
def add_person(email: str, *, name: str, role: Role | None = None) -> User:
    """Make an active person without a password, with this role; an operator's doing.

    Basic User comes by itself, except to who is only a Read-Only Administrator.

    Raises NotPossible for an e-mail that is known here, and for a name or e-mail that cannot be one.
    """
    email, name = email.strip().lower(), one_line(name)
    must_be_email(email)
    if not name or len(name) > LONGEST_NAME:
        raise NotPossible(f"A name has 1 to {LONGEST_NAME} letters.")
    new = {"name": name, "password": make_password(None)}
    person, is_new = User.objects.get_or_create(email=email, defaults=new)
    if not is_new:
        raise NotPossible(f"{email} is known here already: {person}, {person.get_status_display().lower()}.")
    roles = sorted(with_basic({role or Role.BASIC}))
    RoleHolding.objects.bulk_create(RoleHolding(user=person, role=each) for each in roles)
    record("core.person_added", person, by=None, email=email, roles=roles)
    return person


@transaction.atomic
def edit(person: User, facts: Facts, managers: Collection[User], *, by: User, seen: datetime | None) -> User:
    """Change what is known of a person, and who their managers are. `seen`: `changed_at` as the form knew it.

    Where the e-mail becomes another, the old address gets a letter: by the new one somebody could come in as
    them.

    Raises Denied, StaleState, TakenEmail, and BadManagers for rings: nobody is, over any number of steps,
    their own manager.
    """
    lock_people()
    must_be_super(by, ONLY_SUPER)
    person = User.objects.select_for_update().get(pk=person.pk)
    must_be_unchanged(person.changed_at, seen=seen)
    _must_be_free(facts.email, person)
    _must_not_ring(person, managers)
    before = _told(person)
    for column, value in asdict(facts).items():
        setattr(person, column, value)
    Reporting.objects.filter(person=person).exclude(manager__in=managers).delete()
    Reporting.objects.bulk_create(
        [Reporting(person=person, manager=each) for each in managers], ignore_conflicts=True
    )
    after = _told(person)
    changed = sorted(name for name in after if after[name] != before[name])
    if changed:
        person.changed_at = now()
        person.save(update_fields=[*asdict(facts), "search_text", "changed_at"])
        _tell(person, before, after, changed, by=by)
    return person


@transaction.atomic
def deactivate(person: User, *, by: User, reason: str = "") -> None:
    """Shut a person out, at once; everything they did stays. They stand in for nobody any longer.

    Raises Denied, and NotPossible for oneself and for the last active Super Administrator.
    """
    lock_people()
    must_be_super(by, ONLY_SUPER)
    if person == by:
        raise NotPossible("You cannot deactivate yourself. Ask another Super Administrator.")
    _shut_out(person, by=by, reason=reason)


@transaction.atomic
def shut_out(person: User, *, because: str) -> None:
    """Deactivate somebody as others decided, in a review, say: `because` says who, and goes into the trail.

    Nobody's permission is looked at: that was done where it was decided. Raises NotPossible for the last
    active Super Administrator.
    """
    lock_people()
    _shut_out(person, by=None, reason=because)


@transaction.atomic
def reactivate(person: User, *, by: User) -> None:
    """Let a person in again, with the roles held before. Raises Denied, NotPossible."""
    lock_people()
    must_be_super(by, ONLY_SUPER)
    _let_in(person, by=by)


@transaction.atomic
def let_in(person: User, *, because: str) -> None:
    """Reactivate somebody as others decided; `because` says who, and goes into the trail."""
    lock_people()
    _let_in(person, by=None, because=because)


@transaction.atomic
def mail_password_link(person: User, *, by: User) -> None:
    """Post the letter with a link that sets a password, at most one a minute. Raises Denied, NotPossible."""
    _must_link(person, by)
    post("password_link", to=person, key=f"by-hand:{now():%Y%m%d%H%M}", onward="")
    record("core.password_link_mailed", person, by=by)


@transaction.atomic
def password_link_to_hand_over(person: User, *, by: User) -> str:
    """A link that sets a password, to pass on where no mail goes out; the trail tells it.

    Raises Denied, NotPossible.
    """
    _must_link(person, by)
    record("core.password_link_made", person, by=by)
    return password_link(person)


def _shut_out(person: User, *, by: User | None, reason: str) -> None:
    changes = {"status": User.Status.DEACTIVATED, "changed_at": now()}
    if not User.objects.active().filter(pk=person.pk).update(**changes):
        raise NotPossible(f"{person} is deactivated already.")
    if person.holdings.filter(role=Role.SUPER).exists():
        must_leave_an_administrator()
    end_those_to(person, by=by)
    end_sessions(person, by=by)
    announce("core.person_left", person.pk)
    record("core.person_deactivated", person, by=by, reason=one_line(reason))


def _let_in(person: User, *, by: User | None, because: str = "") -> None:
    gone = User.objects.filter(pk=person.pk, status=User.Status.DEACTIVATED)
    if not gone.update(status=User.Status.ACTIVE, changed_at=now()):
        raise NotPossible(f"{person} is active already.")
    announce(NEWS, person.pk)
    told: Told = {"because": because} if because else {}
    record("core.person_reactivated", person, by=by, **told)


def _must_link(person: User, by: User) -> None:
    must_be_super(by, "Only a Super Administrator can mail a password link to somebody else.")
    if not person.is_active:
        raise NotPossible(f"{person} is deactivated. Reactivate them first.")
    if not may_use_password(person):
        raise NotPossible(NOT_FOR_YOU)


def _must_be_free(email: str, person: User) -> None:
    other = User.objects.filter(email=email.lower()).exclude(pk=person.pk).first()
    if other is not None:
        raise TakenEmail(f"{email} is the e-mail of {other}, {other.get_status_display().lower()}.")


def _must_not_ring(person: User, managers: Collection[User]) -> None:
    for manager in managers:
        if manager == person:
            raise BadManagers(f"{person} cannot be their own manager.")
        if is_over(person, manager):
            raise BadManagers(
                f"{manager} reports to {person}, directly or over others, so cannot be a manager of theirs."
            )


def _tell(person: User, before: Told, after: Told, changed: Sequence[str], *, by: User) -> None:
    was, is_now = ({name: facts[name] for name in changed} for facts in (before, after))
    event = record("core.person_changed", person, by=by, before=was, after=is_now)
    if "email" in changed:
        post("email_changed", to=person, address=before["email"], key=str(event.pk), by=by)


def _told(person: User) -> Told:
    facts: Told = {each.name: getattr(person, each.name) for each in fields(Facts)}
    managers = person.managers.order_by("search_text").values_list("name", flat=True)
    return facts | {"managers": list(managers)}


def must_be_email(text: str) -> None:
    """Raises NotPossible unless this is an e-mail address that has room here."""
    try:
        validate_email(text)
    except ValidationError as problem:
        raise NotPossible(f"{text!r} is not an e-mail address.") from problem
    if len(text) > LONGEST_EMAIL:
        raise NotPossible(f"An e-mail address has at most {LONGEST_EMAIL} letters.")


@transaction.atomic
def choose_time_zone(person: User, time_zone: str, *, by: User) -> None:
    """Show times to this person in a zone of their own; empty: in the organisation's. For display alone."""
    if person != by:
        raise Denied("Everybody chooses their own time zone.")
    if time_zone and time_zone not in available_timezones():
        raise NotPossible(f"{time_zone} is no time zone known here.")
    User.objects.filter(pk=person.pk).update(time_zone=time_zone)


def choose_theme(person: User, theme: User.Theme) -> None:
    """Light, dark, or as the system. A matter of taste: the trail does not tell it."""
    User.objects.filter(pk=person.pk).update(theme=theme)
