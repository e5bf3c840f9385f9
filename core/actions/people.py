"""Making people, and what they choose for themselves."""

from django.contrib.auth.hashers import make_password
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction

from core.errors import NotPossible
from core.models import Organisation, Role, RoleHolding, User
from core.models.keys import one_line
from core.queries.people import has_administrator
from core.trail import record

LONGEST_NAME, LONGEST_EMAIL = 200, 254  # letters, as wide as the columns


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
    """Make an active Basic User without a password, with a further role if given; an operator's doing.

    Raises NotPossible for an e-mail that is known here, and for a name or e-mail that cannot be one.
    """
    email, name = email.strip().lower(), one_line(name)
    _must_be_email(email)
    if not name or len(name) > LONGEST_NAME:
        raise NotPossible(f"A name has 1 to {LONGEST_NAME} letters.")
    new = {"name": name, "password": make_password(None)}
    person, is_new = User.objects.get_or_create(email=email, defaults=new)
    if not is_new:
        raise NotPossible(f"{email} is known here already: {person}, {person.get_status_display().lower()}.")
    roles = sorted({Role.BASIC, role or Role.BASIC})
    RoleHolding.objects.bulk_create(RoleHolding(user=person, role=each) for each in roles)
    record("core.person_added", person, by=None, email=email, roles=roles)
    return person


def _must_be_email(text: str) -> None:
    try:
        validate_email(text)
    except ValidationError as problem:
        raise NotPossible(f"{text!r} is not an e-mail address.") from problem
    if len(text) > LONGEST_EMAIL:
        raise NotPossible(f"An e-mail address has at most {LONGEST_EMAIL} letters.")


def choose_theme(person: User, theme: User.Theme) -> None:
    """Light, dark, or as the system. A matter of taste: the trail does not tell it."""
    User.objects.filter(pk=person.pk).update(theme=theme)
