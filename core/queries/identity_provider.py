"""The identity provider as it is being set up; who asks for the one in force asks core.queries.sign_in."""

from core.errors import Denied
from core.models import IdentityProvider, User
from core.queries.sign_in import provider_in_force

CANDIDATES = (IdentityProvider.Status.DRAFT, IdentityProvider.Status.TRIED)


def candidate() -> IdentityProvider | None:
    """What was saved last and is not in force yet."""
    return IdentityProvider.objects.filter(status__in=CANDIDATES).order_by("-saved_at", "-pk").first()


def last_typed() -> IdentityProvider | None:
    """What the settings page is about: what was saved last, in force or not, or out of force again."""
    replaced = IdentityProvider.objects.order_by("-saved_at", "-pk").first()
    return candidate() or provider_in_force() or replaced


def must_see_provider(user: User) -> None:
    if not user.sees_everything:
        raise Denied("Only Super Administrators and auditors can see the identity provider.")
