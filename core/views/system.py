"""Settings, the part about the console itself: what runs here, and the maintenance switch."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from core.actions.organisation import drop_letters
from core.errors import NotPossible
from core.http import HtmxRequest
from core.models import Organisation
from core.queries.system import letters_switched
from core.queries.system import system as system_of

SWITCH = {"off": True, "on": False}
"""What is sent, and whether letters are dropped then."""


@require_GET
def system(request: HtmxRequest) -> HttpResponse:
    context = {
        "part": "system",
        "system": system_of(request.user),
        "present": Organisation.current(),
        "switched": letters_switched(),
        "may_change": request.user.is_super,
    }
    return render(request, "core/settings_system.html", context)


@require_POST
def letters(request: HtmxRequest) -> HttpResponse:
    """`letters`: off or on."""
    drops = SWITCH.get(request.POST.get("letters", ""))
    if drops is None:
        raise NotPossible("Say whether letters are on or off.")
    drop_letters(by=request.user, drops=drops)
    messages.success(request, "Letters are dropped from now on." if drops else "Letters are sent again.")
    return redirect("core:system")
