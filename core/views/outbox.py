"""The outbox: every letter, whether it went out, and why not."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from core.actions import outbox
from core.http import HtmxRequest
from core.mailbox import blacked_out
from core.models import OutgoingMail
from core.queries.letters import outbox as letters_of
from core.queries.paging import keyset_page


@require_GET
def letters(request: HtmxRequest) -> HttpResponse:
    status = request.GET.get("status", "")
    status = status if status in OutgoingMail.Status else ""
    rows = letters_of(request.user, status=status).defer("text", "html")
    number = request.GET.get("number", "")
    page = keyset_page(
        rows,
        order="-created_at",
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        number=int(number) if number.isascii() and number.isdigit() else 0,
    )
    context = {
        "part": "outbox",
        "page": page,
        "status": status,
        "statuses": OutgoingMail.Status.choices,
        "has_mail": bool(settings.MAIL_URL),
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
    messages.success(request, "The letter is on its way again.")
    return redirect("core:letter", mail.pk)
