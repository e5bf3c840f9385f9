"""What this room shows on the ground floor: its links in the rail, and what waits on the home page."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from connectors import queries
from connectors.actions.permission import may_list_apps
from connectors.actions.removing import may_ask_about
from connectors.models import Account, App, Connector, SyncRun
from connectors.queries.console import vendors
from connectors.queries.orders import orders_waiting_for
from core.models import User

type Shown = Mapping[str, Any] | None

ACCOUNTS_SHOWN = 50


def applications_link(request: HttpRequest, details: Mapping[str, Any]) -> Shown:
    """For those who run connectors or make apps, and for those who own one."""
    user = _user(request)
    if user is None or not (may_list_apps(user) or App.objects.visible_to(user).exists()):
        return None
    return _link("Applications", "apps", reverse("connectors:applications"))


def connectors_link(request: HttpRequest, details: Mapping[str, Any]) -> Shown:
    """With the number of those that need a person."""
    user = _user(request)
    if user is None:
        return None
    visible = Connector.objects.visible_to(user)
    if not (user.runs_connectors or visible.exists()):
        return None
    link = _link("Connectors", "plug-connected", reverse("connectors:index"))
    return {**link, "count": visible.filter(queries.NEEDS_HELP).count(), "count_waits": True}


def rules_part(request: HttpRequest, details: Mapping[str, Any]) -> Shown:
    """What holds for all connectors, as a part of Settings."""
    user = _user(request)
    if user is None or not user.sees_everything:
        return None
    return {"name": "connectors", "label": "Connectors", "url": reverse("connectors:guards")}


def tags_part(request: HttpRequest, details: Mapping[str, Any]) -> Shown:
    """A part of Settings, for those who may see those."""
    user = _user(request)
    if user is None or not user.sees_everything:
        return None
    return {"name": "tags", "label": "Tags", "url": reverse("connectors:tags")}


def waiting(request: HttpRequest, details: Mapping[str, Any]) -> Shown:
    """Connectors of this person's that wait for a person."""
    user = _user(request)
    rows = list(queries.waiting_for(user)) if user is not None else []
    return {"rows": rows} if rows else None


def orders_waiting(request: HttpRequest, details: Mapping[str, Any]) -> Shown:
    """Orders for this person's apps that people have to do, or to put right."""
    user = _user(request)
    rows = orders_waiting_for(user) if user is not None else []
    return {"rows": rows} if rows else None


def door(request: HttpRequest, details: Mapping[str, Any]) -> Shown:
    """The way to the first connector, as long as there is none."""
    user = _user(request)
    if (
        user is None
        or not user.runs_connectors
        or Connector.objects.here().filter(driver__in=vendors()).exists()
    ):
        return None
    return {}


def checklist(request: HttpRequest, details: Mapping[str, Any]) -> Shown:
    """A step of the set-up: the first connector, read at least once."""
    title = "Coupa"
    drivers = vendors()
    runs = SyncRun.objects.filter(status=SyncRun.Status.DONE)
    if runs.filter(connector__driver__in=drivers).exists():
        accounts = Account.objects.here().count()
        sentence = f"Connected: {accounts:,} accounts are known."
        return _step(title, "done", sentence, reverse("connectors:index"), "See connectors")
    if runs.exists() and not Connector.objects.here().filter(driver__in=drivers).exists():
        sentence = "Not connected. What is known comes from files, or from Reeve itself."
        return _step(title, "later", sentence, reverse("connectors:add", args=["coupa"]), "Connect")
    if Connector.objects.here().filter(driver__in=drivers).exists():
        sentence = "A connector is begun, and nothing was read to its end yet."
        return _step(title, "open", sentence, reverse("connectors:index"), "Go on")
    sentence = "Nothing is connected. An OAuth client in Coupa is wanted; a guide stands beside the form."
    return _step(title, "open", sentence, reverse("connectors:add", args=["coupa"]), "Connect")


def accounts_of(request: HttpRequest, details: Mapping[str, Any]) -> Shown:
    """On a person's page: their accounts in the apps the reader may see; all of them for themselves, and for
    who may ask that they lose what they hold."""
    reader, person = _user(request), details["person"]
    if reader is None:
        return None
    rows = Account.objects.here().filter(person=person).select_related("app")
    visible = set(rows.visible_to(reader).values_list("pk", flat=True))
    sees_all = reader == person or may_ask_about(person, reader)
    shown = rows if sees_all else rows.filter(pk__in=visible)
    ordered = shown.annotate(grant_count=queries.GRANT_COUNT).order_by("app__search_text", "search_text")
    number = shown.count()
    return {
        "accounts": list(ordered[:ACCOUNTS_SHOWN]),
        "number": number,
        "visible": visible,
        "may_ask": sees_all,
        "has_hidden": number < rows.count(),
        "person": person,
    }


def left_behind(request: HttpRequest, details: Mapping[str, Any]) -> Shown:
    """Before a person is deactivated: what they answer for here."""
    person = details["person"]
    apps = App.objects.here().filter(ownerships__user=person)
    connectors = Connector.objects.here().filter(ownerships__user=person)
    enabled = Account.objects.here().filter(person=person, status=Account.Status.ENABLED)
    found = {"apps": list(apps), "connectors": list(connectors), "enabled": enabled.count()}
    return found if any(found.values()) else None


def _user(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


def _step(title: str, state: str, sentence: str, url: str, label: str) -> dict[str, Any]:
    said = {"title": title, "icon": "plug-connected", "state": state, "sentence": sentence}
    return {**said, "url": url, "label": label}


def _link(label: str, icon: str, url: str) -> dict[str, Any]:
    return {"label": label, "icon": icon, "url": url, "group": "admin"}
