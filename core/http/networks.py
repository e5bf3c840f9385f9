"""From where people may come, if the organisation says so."""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from core.http.address import client_address
from core.http.guards import log_refusal
from core.http.request import Answer, is_htmx, organisation_of

OPEN = {"core:live", "core:ready", "core:metrics"}
"""Asked for by machines, which have no sign-in to protect."""


class Networks:
    """Middleware: whoever comes from elsewhere sees one sentence and nothing more.

    It decides before an address is looked up and before a form's token is checked: the answers to those
    show who is signed in.
    """

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path in {reverse(name) for name in OPEN}:
            return self._answer(request)
        address = client_address(request)
        if are_allowed(organisation_of(request).allowed_networks, address):
            return self._answer(request)
        return _turned_away(request, f"This console may not be used from {address or 'an unknown address'}.")


def _turned_away(request: HttpRequest, sentence: str) -> HttpResponse:
    log_refusal(request, sentence)
    if is_htmx(request):
        toast = {"sentence": sentence, "tone": "error"}
        return render(request, "components/toast.html", toast, status=403)
    return render(request, "core/sign_in_elsewhere.html", {"sentence": sentence}, status=403)


def are_allowed(networks: Sequence[str], address: str | None) -> bool:
    """Whether this address is of one of the networks; any is where none is named."""
    if not networks:
        return True
    return address is not None and any(ip_address(address) in ip_network(each) for each in networks)
