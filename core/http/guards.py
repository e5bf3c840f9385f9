"""What no view should have to think of: large or odd requests, the trail's source, refusals by a rule."""

import logging
from collections.abc import Callable
from urllib.parse import quote

from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.shortcuts import render
from django.urls import Resolver404, resolve

from core.errors import DomainError
from core.http.address import client_address
from core.http.request import Answer, is_htmx
from core.models import TrailEvent, User
from core.trail import Source, source

log = logging.getLogger(__name__)

MOST_MEGABYTES = 12
"""The largest body, as in deploy/Caddyfile: a file of people (10 MB) and what goes with it."""
_MOST = "most_megabytes"
"""What marks a view that takes larger ones."""
UNREADABLE = "This request broke off, or holds a character that no text holds (NUL)."


def refuse_large(answer: Answer) -> Answer:
    """Middleware: 413 for a body that says it is too large, before anything of it is read.

    One that says nothing of its size counts as empty (django.core.handlers.wsgi.WSGIRequest). Views may
    take more than others (`takes_megabytes`).
    """

    def middleware(request: HttpRequest) -> HttpResponse:
        told = request.META.get("CONTENT_LENGTH") or ""
        size = int(told[:20]) if told.isascii() and told.isdigit() else 0
        if size > MOST_MEGABYTES * 1_000_000 and size > (most := _most(request)) * 1_000_000:
            sentence = f"What you sent is larger than {most} MB. Nothing was read of it."
            return _refuse(request, sentence, status=413)
        return answer(request)

    return middleware


def takes_megabytes[**P](most: int) -> Callable[[Callable[P, HttpResponse]], Callable[P, HttpResponse]]:
    """Mark a view, outermost, that takes larger bodies than others; deploy/Caddyfile has to know of it."""

    def mark(view: Callable[P, HttpResponse]) -> Callable[P, HttpResponse]:
        setattr(view, _MOST, most)
        return view

    return mark


def _most(request: HttpRequest) -> int:
    """How many megabytes the view of this address takes."""
    try:
        return int(getattr(resolve(request.path_info).func, _MOST, MOST_MEGABYTES))
    except Resolver404:
        return MOST_MEGABYTES


def refuse_unreadable(answer: Answer) -> Answer:
    """Middleware: 400 for a NUL wherever a request may carry text. PostgreSQL takes none, SQLite all."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return _refuse(request, UNREADABLE, status=400) if _holds_nul(request) else answer(request)

    return middleware


def _refuse(request: HttpRequest, sentence: str, *, status: int) -> HttpResponse:
    if is_htmx(request):
        toast = {"sentence": sentence, "tone": "error"}
        return render(request, "components/toast.html", toast, status=status)
    return render(request, "refused.html", {"sentence": sentence, "is_technical": True}, status=status)


def _holds_nul(request: HttpRequest) -> bool:
    """Whether a NUL stands in path, query, form or cookies; a form that breaks off counts as well."""
    try:
        fields = [*request.GET.lists(), *request.POST.lists()]
    except UnreadablePostError:
        return True
    texts = [request.path, *request.COOKIES.values()]
    for name, values in fields:
        texts += [name, *values]
    return any("\0" in text for text in texts)


def trail_source(answer: Answer) -> Answer:
    """Middleware: trail events written while answering carry the browser's address."""

    def middleware(request: HttpRequest) -> HttpResponse:
        token = source.set(Source(TrailEvent.Channel.WEB, client_address(request)))
        try:
            return answer(request)
        finally:
            source.reset(token)

    return middleware


def log_refusal(request: HttpRequest, why: str) -> None:
    """A line for operators: who was refused, from where and what. The trail they could fill."""
    user = getattr(request, "user", None)
    who = user.pk if isinstance(user, User) else "a stranger"
    address = client_address(request) or "an unknown address"
    log.warning("Refused %s from %s: %s %s. %s", who, address, request.method, quote(request.path), why)


class DomainErrors:
    """Middleware: a refusal by a rule becomes a page, or a toast for htmx, with the error's own status."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._answer(request)

    def process_exception(self, request: HttpRequest, problem: Exception) -> HttpResponse | None:
        if not isinstance(problem, DomainError):
            return None
        if problem.status == 403:
            log_refusal(request, str(problem))
        template = "components/refusal.html" if getattr(request, "htmx", False) else "refused.html"
        return render(request, template, {"sentence": str(problem)}, status=problem.status)
