"""A password forgotten or never set: a mailed link sets one. One that is known can be changed."""

from django.contrib import messages
from django.contrib.auth import update_session_auth_hash
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from core.actions import password
from core.errors import Denied
from core.forms.sign_in import ChangePasswordForm, LinkForm, NewPasswordForm
from core.http import HtmxRequest, OpenRequest, onward, organisation_of
from core.http.sessions import prove
from core.queries.letters import letters_go_out
from core.queries.sign_in import may_use_password, passwords_are_for_super
from core.sign_in.entering import enter


@never_cache
@login_not_required
@require_http_methods(["GET", "POST"])
def ask_for_link(request: OpenRequest) -> HttpResponse:
    """Says the same whoever asks: who is here is nobody's business."""
    form = LinkForm(request.POST or None)
    context = {
        "form": form,
        "next": onward(request),
        "can_send": letters_go_out(),
        "are_for_super": passwords_are_for_super(organisation_of(request)),
    }
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


@require_http_methods(["GET", "POST"])
def change_password(request: HtmxRequest) -> HttpResponse:
    form = ChangePasswordForm(request.user, request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid():
        present, new = form.cleaned_data["present"], form.cleaned_data["password"]
        try:
            person = password.change_password(by=request.user, present=present, password=new, request=request)
        except Denied as problem:
            form.add_error("present", str(problem))
        else:
            update_session_auth_hash(request, person)
            prove(request)
            messages.success(request, "Your password is changed. You are signed out everywhere else.")
            return redirect("core:profile")
    context = {
        "form": form,
        "may": may_use_password(request.user),
        "has_one": request.user.has_usable_password(),
    }
    return render(request, "core/password_change.html", context, status=422 if form.errors else 200)
