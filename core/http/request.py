"""Requests as our views know them."""

from collections.abc import Callable
from typing import cast
from urllib.parse import urlsplit, urlunsplit

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django_htmx.http import HttpResponseClientRedirect
from django_htmx.middleware import HtmxDetails

from core.models import Organisation, User

type Answer = Callable[[HttpRequest], HttpResponse]


class HtmxRequest(HttpRequest):
    """A request of somebody who is signed in, perhaps by htmx."""

    htmx: HtmxDetails
    user: User


class OpenRequest(HttpRequest):
    """A request that may come from nobody known."""

    htmx: HtmxDetails
    user: User | AnonymousUser


def onward(request: HttpRequest) -> str:
    """Where `next` leads, if that is a page of ours; else home."""
    return ours(request, request.POST.get("next") or request.GET.get("next") or "")


def ours(request: HttpRequest, wanted: str) -> str:
    """The address, if it is one of ours; else home."""
    is_ours = url_has_allowed_host_and_scheme(
        wanted, allowed_hosts={request.get_host()}, require_https=request.is_secure()
    )
    return wanted if is_ours else reverse("core:home")


def page_of(request: HttpRequest) -> str:
    """The page one looks at: this one, or where its form or its part stands; home if that is not known."""
    if request.method == "GET" and not is_htmx(request):
        return request.get_full_path()
    address = ours(request, request.headers.get("HX-Current-URL") or request.headers.get("Referer") or "")
    return urlunsplit(urlsplit(address)._replace(scheme="", netloc="", fragment=""))


def lead(request: HttpRequest, url: str) -> HttpResponse:
    """A redirect of the whole page, also where htmx asked for a part of it."""
    return HttpResponseClientRedirect(url) if is_htmx(request) else redirect(url)


def is_htmx(request: HttpRequest) -> bool:
    return request.headers.get("HX-Request") == "true"


def organisation_of(request: HttpRequest) -> Organisation:
    """The settings of the organisation, read once a request."""
    kept = vars(request)
    if "organisation" not in kept:
        kept["organisation"] = Organisation.current()
    return cast("Organisation", kept["organisation"])
