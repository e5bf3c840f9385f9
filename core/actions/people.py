"""Making people, and what they choose for themselves."""

from django.db import transaction

from core import queries
from core.errors import NotPossible
from core.models import Organisation, Role, RoleHolding, User
from core.trail import record


@transaction.atomic
def create_first_administrator(*, name: str, email: str, password: str) -> User:
    """Make the first Super Administrator; refused once there is one, also to the slower of two at once."""
    organisation = Organisation.current()
    Organisation.objects.select_for_update().get(pk=organisation.pk)
    if queries.has_administrator():
        raise NotPossible("This console has an administrator already; the set-up link is no longer needed.")
    person = User.objects.filter(email=email.lower()).first() or User(email=email)
    person.name, person.status = name, User.Status.ACTIVE
    person.set_password(password)
    person.save()
    for role in (Role.SUPER, Role.BASIC):
        RoleHolding.objects.get_or_create(user=person, role=role)
    record("core.first_administrator", person, by=person)
    return person


def choose_theme(person: User, theme: User.Theme) -> None:
    """Light, dark, or as the system. A matter of taste: the trail does not tell it."""
    User.objects.filter(pk=person.pk).update(theme=theme)
