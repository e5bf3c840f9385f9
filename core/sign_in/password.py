"""A password forgotten, or never set: a mailed link sets one."""

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from core.actions import password
from core.forms.sign_in import LinkForm, NewPasswordForm
from core.http import OpenRequest, onward
from core.sign_in.entering import enter


@never_cache
@login_not_required
@require_http_methods(["GET", "POST"])
def ask_for_link(request: OpenRequest) -> HttpResponse:
    """Says the same whoever asks: who is here is nobody's business."""
    form = LinkForm(request.POST or None)
    context = {"form": form, "next": onward(request), "has_mail": bool(settings.MAIL_URL)}
    if request.method == "POST" and form.is_valid():
        password.ask_for_link(form.cleaned_data["email"], onward=onward(request))
        context["is_asked"] = True
    return render(request, "core/password_ask.html", context, status=422 if form.errors else 200)


@never_cache
@login_not_required
@require_http_methods(["GET", "POST"])
def set_password(request: OpenRequest, pk: str, token: str) -> HttpResponse:
    person = password.person_of(pk, token)
    form = NewPasswordForm(person, request.POST or None)
    if request.method == "POST" and form.is_valid():
        person = password.set_password(person, token, form.cleaned_data["password"])
        return enter(request, person, proof="link", onward=onward(request))
    context = {"form": form, "person": person, "next": onward(request)}
    return render(request, "core/password_set.html", context, status=422 if form.errors else 200)
