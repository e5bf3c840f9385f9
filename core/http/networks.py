"""From where people may come, if the organisation says so."""

from collections.abc import Sequence
from ipaddress import ip_address, ip_network
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from core.http.address import client_address
from core.http.request import Answer, is_htmx, organisation_of

OPEN = {"core:live", "core:ready", "core:metrics"}
"""Asked for by machines, which have no sign-in to protect."""


class Networks:
    """Middleware: whoever comes from elsewhere sees one sentence and nothing more."""

    def __init__(self, answer: Answer) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._answer(request)

    def process_view(
        self, request: HttpRequest, view: object, args: Sequence[Any], kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        match = request.resolver_match
        if match is not None and match.view_name in OPEN:
            return None
        networks, address = organisation_of(request).allowed_networks, client_address(request)
        if are_allowed(networks, address):
            return None
        sentence = f"This console may not be used from {address or 'an unknown address'}."
        if is_htmx(request):
            toast = {"sentence": sentence, "tone": "error"}
            return render(request, "components/toast.html", toast, status=403)
        return render(request, "core/sign_in_elsewhere.html", {"sentence": sentence}, status=403)


def are_allowed(networks: Sequence[str], address: str | None) -> bool:
    """Whether this address is of one of the networks; any is where none is named."""
    if not networks:
        return True
    return address is not None and any(ip_address(address) in ip_network(each) for each in networks)
