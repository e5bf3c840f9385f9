"""What Super Administrators decide about signing in. Nobody can shut themselves out by it."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from django.db import transaction

from core.actions.organisation import locked, save
from core.errors import Denied, NotPossible
from core.http.networks import are_allowed
from core.models import Organisation, User
from core.queries.sign_in import provider_in_force, second_factor_of
from core.states import must_be_unchanged
from core.trail import record


@dataclass(frozen=True, slots=True)
class Decided:
    """The settings as columns of Organisation. Times in minutes."""

    session_minutes: int
    idle_minutes: int
    administrator_idle_minutes: int
    passwords_for: str
    second_factor_for_administrators: bool
    allowed_networks: Sequence[str]


@dataclass(frozen=True, slots=True)
class Here:
    """How whoever decides is signed in: the browser's address, and whether the identity provider vouched."""

    address: str | None
    by_provider: bool


class BadSetting(NotPossible):
    """One setting cannot be as wished."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


@transaction.atomic
def change(decided: Decided, *, by: User, here: Here, seen: datetime | None) -> None:
    """Put these settings in force. Raises Denied, StaleState if somebody saved after `seen`, BadSetting."""
    if not by.is_super:
        raise Denied("Only a Super Administrator can change how people sign in.")
    organisation = locked()
    must_be_unchanged(organisation.changed_at, seen=seen)
    _must_leave_a_password(decided)
    _must_let_in_again(decided, organisation, by=by, here=here)
    changes = save(organisation, **asdict(decided))
    if changes:
        record("core.sign_in_settings_changed", organisation, by=by, **changes)


@transaction.atomic
def open_networks() -> None:
    """Let everybody come from everywhere again: an operator's doing, for those who shut themselves out."""
    changes = save(locked(), allowed_networks=[])
    record("core.networks_opened", Organisation.current(), by=None, **changes)


def _must_leave_a_password(decided: Decided) -> None:
    if decided.passwords_for == Organisation.Passwords.SUPER and provider_in_force() is None:
        raise BadSetting(
            "passwords_for",
            "Possible once an identity provider is in force: until then everybody else could not sign in.",
        )


def _must_let_in_again(decided: Decided, present: Organisation, *, by: User, here: Here) -> None:
    is_new = decided.second_factor_for_administrators and not present.second_factor_for_administrators
    if is_new and not here.by_provider and second_factor_of(by) is None:
        raise BadSetting(
            "second_factor_for_administrators",
            "Set up a second factor of your own first, under Your profile: you see then that it works.",
        )
    if not are_allowed(decided.allowed_networks, here.address):
        raise BadSetting(
            "allowed_networks",
            f"You come from {here.address or 'an address that is not known'}, which none of these networks"
            " holds: you would shut yourself out.",
        )
