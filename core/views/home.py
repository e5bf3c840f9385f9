"""Home: what waits for me."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from core.http import HtmxRequest
from core.templatetags.reeve import drawn
from core.views.checklist import checklist


@require_GET
def home(request: HtmxRequest) -> HttpResponse:
    """Higher rooms say what waits (slot `home`, list items), what else is worth showing here (slot
    `home_below`), which doors a new console has (slot `home_doors`, list items), and which steps of the
    set-up are theirs (slot `checklist`: title, icon, state, sentence; url and label may be missing)."""
    context = {
        "waiting": drawn("home", request, {}),
        "checklist": checklist(request),
        "doors": drawn("home_doors", request, {}) if request.user.is_super else [],
        "below": drawn("home_below", request, {}),
    }
    return render(request, "core/home.html", context)
