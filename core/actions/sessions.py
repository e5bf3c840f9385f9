"""Ending what somebody is signed in with."""

import secrets

from django.db import transaction

from core.errors import Denied
from core.models import User
from core.trail import record


@transaction.atomic
def end_sessions(person: User, *, by: User | None) -> None:
    """Sign this person out everywhere, at once. `by` is themselves, a Super Administrator, or an operator.

    Who wants to stay signed in where they do so keeps that session by Django's update_session_auth_hash.
    """
    if by is not None and by != person and not by.is_super:
        raise Denied("Only a Super Administrator can end the sessions of somebody else.")
    person.sessions = secrets.token_hex(16)
    person.save(update_fields=["sessions"])
    record("core.sessions_ended", person, by=by)
