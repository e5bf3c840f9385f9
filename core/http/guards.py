"""What no view should have to think of: odd characters, the trail's source, refusals by a rule."""

from django.http import HttpRequest, HttpResponse, UnreadablePostError
from django.shortcuts import render

from core.errors import DomainError
from core.http.address import client_address
from core.http.request import Answer, is_htmx
from core.models import TrailEvent
from core.trail import Source, source

UNREADABLE = "This request broke off, or holds a character that no text holds (NUL)."


def refuse_unreadable(answer: Answer) -> Answer:
    """Middleware: 400 for a NUL wherever a request may carry text. PostgreSQL takes none, SQLite all."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if not _holds_nul(request):
            return answer(request)
        if is_htmx(request):
            toast = {"sentence": UNREADABLE, "tone": "error"}
            return render(request, "components/toast.html", toast, status=400)
        return render(request, "refused.html", {"sentence": UNREADABLE, "is_technical": True}, status=400)

    return middleware


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


class DomainErrors:
    """Middleware: a refusal by a rule becomes a page, or a toast for htmx, with the error's own status."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._answer(request)

    def process_exception(self, request: HttpRequest, problem: Exception) -> HttpResponse | None:
        if not isinstance(problem, DomainError):
            return None
        template = "components/refusal.html" if getattr(request, "htmx", False) else "refused.html"
        return render(request, template, {"sentence": str(problem)}, status=problem.status)
