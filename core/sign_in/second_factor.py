"""The second factor: asked for at sign-in, set up and taken away on one's own page."""

from urllib.parse import urlencode

import segno
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.safestring import SafeString
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.actions import second_factor
from core.errors import NotPossible
from core.forms.second_factor import AnyCodeForm, CodeForm
from core.http import HtmxRequest, OpenRequest, fresh_sign_in, onward
from core.http.sessions import must_set_up
from core.models import SecondFactor, User
from core.sign_in.entering import enter_with_code, onward_of, start_over, who_comes

PAGE = "core/second_factor.html"


@login_not_required
@require_http_methods(["GET", "POST"])
def ask_for_code(request: OpenRequest) -> HttpResponse:
    """The second step of signing in."""
    person = who_comes(request)
    if person is None:
        return start_over(request)
    form = AnyCodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            second_factor.check(person, form.cleaned_data["code"], request=request)
        except NotPossible as problem:
            form.add_error("code", str(problem))
        else:
            return enter_with_code(request, person)
    context = {"form": form, "next": onward_of(request)}
    return render(request, "core/second_factor_code.html", context, status=422 if form.errors else 200)


@fresh_sign_in
@require_GET
def show(request: HtmxRequest) -> HttpResponse:
    return _page(request, CodeForm())


@fresh_sign_in
@require_POST
def begin(request: HtmxRequest) -> HttpResponse:
    second_factor.begin(by=request.user)
    return _back(request)


@fresh_sign_in
@require_POST
def confirm(request: HtmxRequest) -> HttpResponse:
    form = CodeForm(request.POST)
    if form.is_valid():
        try:
            codes = second_factor.confirm(by=request.user, code=form.cleaned_data["code"], request=request)
        except NotPossible as problem:
            form.add_error("code", str(problem))
        else:
            return render(request, "core/second_factor_codes.html", {"codes": codes, "next": onward(request)})
    return _page(request, form, status=422)


@fresh_sign_in
@require_POST
def renew(request: HtmxRequest) -> HttpResponse:
    codes = second_factor.renew_recovery_codes(by=request.user)
    return render(request, "core/second_factor_codes.html", {"codes": codes, "next": onward(request)})


@fresh_sign_in
@require_POST
def take_away(request: HtmxRequest) -> HttpResponse:
    """One's own. Where one is demanded, the next one is set up before anything else opens."""
    second_factor.remove(request.user, by=request.user)
    messages.success(request, "Your second factor is taken away.")
    return _back(request)


@fresh_sign_in
@require_POST
def take_away_of(request: HtmxRequest, pk: str) -> HttpResponse:
    """Somebody else's, who lost it."""
    person = get_object_or_404(User.objects.profiles_visible_to(request.user), pk=pk)
    second_factor.remove(person, by=request.user)
    messages.success(request, f"The second factor of {person} is taken away.")
    return redirect(onward(request))


def _page(request: HtmxRequest, form: CodeForm, status: int = 200) -> HttpResponse:
    factor = SecondFactor.objects.filter(user=request.user).select_related("user").first()
    must = must_set_up(request)
    context = {
        "frame": "base_alone.html" if must else "base.html",
        "form": form,
        "factor": factor,
        "next": onward(request),
        "must": must,
    }
    if factor is not None and not factor.confirmed_at:
        secret = second_factor.shared_secret(factor)
        context["secret"] = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
        context["picture"] = _picture(second_factor.address(factor))
    return render(request, PAGE, context, status=status)


def _picture(text: str) -> SafeString:
    """A QR code as inline SVG; light ground and dark squares in any look, as cameras want it."""
    drawn = segno.make(text, error="m").svg_inline(
        scale=5, border=4, dark="#000", light="#fff", omitsize=True
    )
    return SafeString(drawn)  # segno writes paths and numbers, no text of ours


def _back(request: HtmxRequest) -> HttpResponse:
    return redirect(f"{reverse('core:second_factor')}?{urlencode({'next': onward(request)})}")
