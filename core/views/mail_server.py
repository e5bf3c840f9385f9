"""The mail server: how letters go out, whether they do, and which addresses take none."""

from collections.abc import Mapping
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from core.actions import mail_server, outbox
from core.actions.mail_server import BadMailServer
from core.errors import StaleState
from core.forms.mail_server import MailServerForm, present
from core.http import HtmxRequest, fresh_sign_in_to_send, organisation_of
from core.models import MailServer, OutgoingMail
from core.queries.letters import bounces, has_mail, last_test
from core.queries.mail_server import in_force, must_see_mail_server, of_environment, unsettled

PAGE = "core/settings_mail.html"
STATE = f"{PAGE}#state"
BOUNCES_SHOWN = 50


@require_GET
def look(request: HtmxRequest) -> HttpResponse:
    """The page; asked by htmx, what goes on alone: what is being typed below stays."""
    must_see_mail_server(request.user)
    if not request.htmx:
        return _page(request, MailServerForm(initial=present(mail_server.shown())))
    return render(request, STATE, _state(request))


@require_POST
@fresh_sign_in_to_send
def save(request: HtmxRequest) -> HttpResponse:
    mail_server.must_be_allowed(by=request.user)
    form = MailServerForm(request.POST, initial=present(mail_server.shown()))
    if not form.is_valid():
        return _page(request, form, status=422)
    try:
        mail_server.save(form.typed(), by=request.user, seen=form.cleaned_data["changed_at"])
    except BadMailServer as problem:
        form.add_error(problem.field, str(problem))
        return _page(request, form, status=422)
    except StaleState:
        form.compare(present(mail_server.shown()))
        return _page(request, form, status=409)
    return redirect("core:mail_server")


@require_POST
def send_test(request: HtmxRequest) -> HttpResponse:
    mail_server.send_test(by=request.user)
    return redirect("core:mail_server")


@require_POST
def try_address_again(request: HtmxRequest) -> HttpResponse:
    mail = outbox.try_address_again(request.POST.get("address", ""), by=request.user)
    when = "" if has_mail() else " once a mail server is set"
    messages.success(request, f"Letters to {mail.to} are tried again{when}.")
    return redirect("core:mail_server")


def _page(request: HtmxRequest, form: MailServerForm, *, status: int = 200) -> HttpResponse:
    refused = bounces().defer("text", "html")
    context = {
        "part": "mail_server",
        "form": form,
        "has_password": _has_password(),
        "bounces": refused[:BOUNCES_SHOWN],
        "bounces_total": refused.count(),
        **_state(request),
    }
    return render(request, PAGE, context, status=status)


def _state(request: HtmxRequest) -> Mapping[str, Any]:
    """What letters go through, what is tried now or was tried last, and the last test letter."""
    candidate, test = unsettled(), last_test(request.user)
    goes_out = not organisation_of(request).drops_letters
    is_checking = candidate is not None and candidate.status == MailServer.Status.CHECKING
    is_sending = test is not None and test.status == OutgoingMail.Status.QUEUED and not test.problem
    return {
        "environment": of_environment(),
        "present": in_force(),
        "candidate": candidate,
        "test": test,
        "has_mail": has_mail(),
        "goes_on": goes_out and (is_checking or (is_sending and has_mail())),
        "may_change": request.user.is_super,
    }


def _has_password() -> bool:
    row = mail_server.shown()
    return row is not None and bool(row.sealed)
