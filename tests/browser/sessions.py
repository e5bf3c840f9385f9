"""Sessions for pictures and journeys, made inside an instance."""

from django.contrib.auth import login
from django.contrib.sessions.backends.db import SessionStore
from django.http import HttpRequest

from core.http import sessions
from core.models import User


def session_of(person: User, *, age: int) -> str:
    """A session in which this person proved so many seconds ago who they are."""
    request = HttpRequest()
    request.session = SessionStore()
    login(request, person)
    request.session[sessions.PROVEN] = sessions.seconds() - age
    request.session.save()
    return str(request.session.session_key)
