"""Sensitive acts want a sign-in that is not older than ten minutes. What was typed meanwhile is not lost.

A form sent too late is laid aside in the session, sealed. The page `core:again` asks for the password and
sends the browser back with 307, so that the same address is asked by POST once more; `held` names the form.
"""

import secrets
from collections.abc import Callable
from functools import wraps
from typing import Concatenate
from urllib.parse import urlencode

from django.http import HttpRequest, HttpResponse, QueryDict
from django.urls import reverse

from core.errors import NotPossible
from core.http.request import HtmxRequest, is_htmx, lead, page_of
from core.http.sessions import PROVEN, seconds
from core.sealing import CannotOpen, seal, unseal

FRESH = 10 * 60  # seconds
HELD = "held"
"""In the session: forms laid aside, by id. In a form: the id of one."""
LEFT = "files_left"
"""In a form that was laid aside: the fields of files chosen with it, which no session holds; views say so."""
MOST_HELD = 4
LOST = "What you had sent is kept no longer. Go back and send it again."

type View[**P] = Callable[Concatenate[HtmxRequest, P], HttpResponse]


def fresh_sign_in[**P](view: View[P]) -> View[P]:
    """A view that may be opened, and sent to, only by somebody who proved lately who they are."""
    return _guarded(view, also_to_look=True)


def fresh_sign_in_to_send[**P](view: View[P]) -> View[P]:
    """A view that anybody may open, but only somebody who proved lately who they are may send to."""
    return _guarded(view, also_to_look=False)


def is_fresh(request: HttpRequest) -> bool:
    """Whether this person proved within the last ten minutes who they are."""
    return 0 <= seconds() - int(request.session.get(PROVEN, 0)) <= FRESH


def held_for(request: HttpRequest, held_id: str) -> str | None:
    """The address of a form laid aside in this session; None if there is none of that id."""
    held = request.session.get(HELD, {}).get(held_id)
    return str(held["url"]) if held else None


def _guarded[**P](view: View[P], *, also_to_look: bool) -> View[P]:
    @wraps(view)
    def guarded(request: HtmxRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if request.method != "POST" and not also_to_look:
            return view(request, *args, **kwargs)
        if not is_fresh(request):
            return _ask(request)
        if request.method == "POST" and HELD in request.POST:
            request.POST = _taken(request, request.POST[HELD])  # type: ignore[assignment]  # as Django's own setter takes it
        return view(request, *args, **kwargs)

    return guarded


def _ask(request: HttpRequest) -> HttpResponse:
    """To the page that asks for the password. What htmx sent stays in its page, and is sent again there."""
    asked = {"next": page_of(request)}
    if request.method == "POST" and not is_htmx(request):
        asked[HELD] = request.POST.get(HELD) or _laid_aside(request)
    return lead(request, f"{reverse('core:again')}?{urlencode(asked)}")


def _laid_aside(request: HttpRequest) -> str:
    held_id = secrets.token_urlsafe(16)
    url = request.get_full_path()
    form = request.POST.copy()
    form.setlist(LEFT, list(request.FILES))
    body = seal(form.urlencode(), place=_place(request, held_id, url))
    held = {**request.session.get(HELD, {}), held_id: {"url": url, "body": body}}
    request.session[HELD] = dict(list(held.items())[-MOST_HELD:])
    return held_id


def _taken(request: HttpRequest, held_id: str) -> QueryDict:
    """The form laid aside for this address, which is used up; raises NotPossible if there is none."""
    everything = dict(request.session.get(HELD, {}))
    held = everything.pop(held_id, None)
    if held is None or held["url"] != request.get_full_path():
        raise NotPossible(LOST)
    request.session[HELD] = everything
    try:
        return QueryDict(unseal(held["body"], place=_place(request, held_id, held["url"])))
    except CannotOpen as problem:
        raise NotPossible(LOST) from problem


def _place(request: HttpRequest, held_id: str, url: str) -> str:
    """Opens for the same person, at the same address, once."""
    return f"session:{request.user.pk}:{held_id}:{url}"
