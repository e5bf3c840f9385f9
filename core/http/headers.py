"""Headers that Django has no setting for."""

from django.http import HttpRequest, HttpResponse

from core.http.request import Answer

PERMISSIONS = "camera=(), display-capture=(), geolocation=(), microphone=(), payment=(), usb=()"


def further_headers(answer: Answer) -> Answer:
    """Middleware: no page asks for a device, none is embedded elsewhere, none stays in a cache."""

    def middleware(request: HttpRequest) -> HttpResponse:
        response = answer(request)
        response.headers.setdefault("Permissions-Policy", PERMISSIONS)
        response.headers.setdefault("Cross-Origin-Resource-Policy", "same-origin")
        response.headers.setdefault("Cache-Control", "no-store")
        return response

    return middleware
