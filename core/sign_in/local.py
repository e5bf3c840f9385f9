"""Sign in with e-mail and password, and out again."""

from urllib.parse import urlencode

from django.contrib.auth import logout
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from core.actions import signing_in
from core.errors import Denied
from core.forms.sign_in import SignInForm
from core.http import HtmxRequest, OpenRequest, onward, organisation_of
from core.http.sessions import ENDED
from core.queries.people import has_administrator
from core.queries.sign_in import passwords_are_for_super
from core.sign_in.entering import enter

PAGE = "core/sign_in.html"


@never_cache
@login_not_required
@require_http_methods(["GET", "POST"])
def sign_in(request: OpenRequest) -> HttpResponse:
    if request.htmx:  # a part of a page was asked for after the session had ended
        return HttpResponseClientRedirect(_back_to(request.htmx.current_url_abs_path))
    if request.user.is_authenticated:
        return redirect(onward(request))
    if not has_administrator():
        return render(request, "core/no_administrator.html")
    form = SignInForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            person = signing_in.recognise(**form.cleaned_data, request=request)
        except Denied as problem:
            form.add_error(None, str(problem))
        else:
            return enter(request, person, proof="password", onward=onward(request))
    context = {
        "form": form,
        "next": onward(request),
        "ended": request.session.get(ENDED, ""),
        "are_for_super": passwords_are_for_super(organisation_of(request)),
    }
    return render(request, PAGE, context, status=422 if form.errors else 200)


@require_POST
def sign_out(request: HtmxRequest) -> HttpResponse:
    signing_in.farewell(request.user)
    logout(request)
    reply = redirect("core:sign_in")
    reply["Clear-Site-Data"] = '"cache"'
    return reply


def _back_to(page: str | None) -> str:
    return f"{reverse('core:sign_in')}?{urlencode({'next': page or reverse('core:home')})}"
