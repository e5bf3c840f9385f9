"""What people choose for themselves."""

from django.http import HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from core.actions import people
from core.errors import NotPossible
from core.http import HtmxRequest, onward
from core.models import User

_THEMES = {"system": User.Theme.SYSTEM, "light": User.Theme.LIGHT, "dark": User.Theme.DARK}


@require_POST
def theme(request: HtmxRequest) -> HttpResponse:
    wanted = _THEMES.get(request.POST.get("theme", ""))
    if wanted is None:
        raise NotPossible("Choose light, dark, or as the system.")
    people.choose_theme(request.user, wanted)
    return redirect(onward(request))
