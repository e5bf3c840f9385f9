"""Reeve itself, added in one step: no address, no credential."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render

from connectors.actions import console
from connectors.contract import Spec
from connectors.queries.console import own_connector, proposals
from connectors.views.names import spoken
from core.http import HtmxRequest


def add_console(request: HtmxRequest, spec: Spec) -> HttpResponse:
    """For whoever may add connectors; where it is there already, the way to it."""
    present = own_connector()
    if present is not None:
        messages.info(request, f"Reeve reads itself already, as {present}.")
        return redirect("connectors:connector", present.pk)
    offered = proposals()
    if request.method == "POST":
        agreed = {each.entitlement for each in offered} & set(request.POST.getlist("risk"))
        made = console.add(risks=agreed, owners=console.first_owners(), by=request.user)
        return redirect("connectors:live", made.pk)
    context = {"spec": spec, "proposals": offered, "owners": spoken(console.first_owners())}
    return render(request, "connectors/console.html", context)
