"""The outbox: every letter, whether it went out, and why not."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from core.actions import outbox
from core.http import HtmxRequest
from core.mailbox import blacked_out
from core.models import OutgoingMail
from core.queries.asked import page
from core.queries.letters import BOUNCED, has_mail
from core.queries.letters import outbox as letters_of

STATUSES = (*OutgoingMail.Status.choices, (BOUNCED, "Bounced"))
"""By what the list can be narrowed down."""
ON_ITS_WAY = "The letter is on its way again."
WAITS = "The letter waits in the outbox again, until a mail server is set."


@require_GET
def letters(request: HtmxRequest) -> HttpResponse:
    status = request.GET.get("status", "")
    status = status if status in dict(STATUSES) else ""
    rows = letters_of(request.user, status=status).defer("text", "html")
    shown = page(request, rows, order="-created_at")
    context = {
        "part": "outbox",
        "page": shown,
        "status": status,
        "statuses": STATUSES,
        "has_mail": has_mail(),
    }
    return render(request, "core/outbox_list.html", context)


@require_GET
def letter(request: HtmxRequest, pk: str) -> HttpResponse:
    """As text. A link that signs in is not kept, so it cannot be shown either."""
    mail = get_object_or_404(letters_of(request.user), pk=pk)
    text = blacked_out(mail.text)
    return render(request, "core/outbox_letter.html", {"part": "outbox", "mail": mail, "text": text})


@require_POST
def try_again(request: HtmxRequest, pk: str) -> HttpResponse:
    mail = get_object_or_404(letters_of(request.user), pk=pk)
    outbox.try_again(mail, by=request.user)
    messages.success(request, ON_ITS_WAY if has_mail() else WAITS)
    return redirect("core:letter", mail.pk)
