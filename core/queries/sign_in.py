"""Who may sign in, and how."""

from datetime import timedelta

from django.utils.timezone import now

from core.models import IdentityProvider, Organisation, Role, SecondFactor, TrailEvent, User


def provider_in_force() -> IdentityProvider | None:
    """The identity provider that people sign in with, if there is one."""
    return IdentityProvider.objects.filter(status=IdentityProvider.Status.IN_FORCE).first()


def was_refused_lately(provider: IdentityProvider, address: str | None) -> bool:
    """Whether the trail told within the last minute that somebody there, unknown by name, was not let in."""
    return TrailEvent.objects.filter(
        object_type=provider._meta.label_lower,
        object_id=provider.pk,
        action="core.provider_refused",
        address=address,
        at__gt=now() - timedelta(minutes=1),
    ).exists()


def passwords_are_for_super(organisation: Organisation) -> bool:
    """Whether all others sign in with the identity provider; never while none is in force."""
    wanted = organisation.passwords_for == Organisation.Passwords.SUPER
    return wanted and provider_in_force() is not None


def may_use_password(person: User) -> bool:
    return person.is_super or not passwords_are_for_super(Organisation.current())


def second_factor_of(person: User) -> SecondFactor | None:
    """As set up and confirmed; None without one."""
    return SecondFactor.objects.filter(user=person, confirmed_at__isnull=False).first()


def is_last_super(email: str) -> bool:
    """Whether this is the e-mail of the only one who can look after the console."""
    found = User.objects.active().holding(Role.SUPER).values_list("email", flat=True)[:2]
    return list(found) == [email]
