"""Pages for what went wrong before or beside a view."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.template.loader import get_template

from core.http.request import is_htmx

NOT_FOUND = "There is nothing here, or nothing that you may see."
BROKEN = "Something in Reeve went wrong. It was written to the log."
FORGED = (
    "This form came from elsewhere, or was open for too long. Go back, load the page again, and send again."
)


def not_found(request: HttpRequest, exception: Exception) -> HttpResponse:
    if is_htmx(request):
        return render(request, "components/toast.html", {"sentence": NOT_FOUND, "tone": "error"}, status=404)
    return render(request, "404.html", {"sentence": NOT_FOUND}, status=404)


def broken(request: HttpRequest) -> HttpResponse:
    """Asks neither the database nor the session: they may be what broke."""
    template = "components/toast.html" if is_htmx(request) else "500.html"
    return HttpResponse(get_template(template).render({"sentence": BROKEN, "tone": "error"}), status=500)


def forged(request: HttpRequest, reason: str = "") -> HttpResponse:
    """A POST without a good token. `reason` is Django's, for logs."""
    if is_htmx(request):
        return render(request, "components/toast.html", {"sentence": FORGED, "tone": "error"}, status=403)
    return render(request, "refused.html", {"sentence": FORGED, "is_technical": True}, status=403)
