"""Setting a connector up: catalogue, app, owners."""

from collections.abc import Sequence
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from connectors import queries, registry
from connectors.actions import connectors, holding
from connectors.actions.applications import TakenName, same_name
from connectors.actions.permission import may_manage, must_manage, must_run_connectors
from connectors.contract import Spec
from connectors.forms import AppForm, OwnersForm
from connectors.models import App, Connector
from connectors.models.app import AppQuerySet
from connectors.views.console import add_console
from connectors.views.names import spoken
from connectors.views.steps import steps
from core.actions.invitations import invitable, may_invite
from core.http import HtmxRequest
from core.models import User
from core.queries.asked import one_of, people, words
from core.queries.people import people_matching

APPS_SHOWN = 50


@require_GET
def catalogue(request: HtmxRequest) -> HttpResponse:
    must_run_connectors(request.user)
    asked = words(request)
    app = _asked_app(request)
    context = {"specs": queries.catalogue(asked, app=app), "words": asked, "app": app}
    return render(request, "connectors/catalogue.html", context)


@require_http_methods(["GET", "POST"])
def add(request: HtmxRequest, driver: str) -> HttpResponse:
    must_run_connectors(request.user)
    spec = _spec(driver)
    if spec.is_own:
        return add_console(request, spec)
    form = AppForm(request.POST if request.method == "POST" else None, user=request.user)
    if form.is_bound and form.is_valid():
        try:
            connector = connectors.create(spec.kind, form.choice(), by=request.user)
        except TakenName as problem:
            form.add_error("name", str(problem))
        else:
            return redirect("connectors:owners", connector.pk)
    return _app_page(request, spec, form, None)


@require_http_methods(["GET", "POST"])
def app(request: HtmxRequest, pk: str) -> HttpResponse:
    connector = _connector(request, pk)
    must_run_connectors(request.user)
    form = AppForm(request.POST if request.method == "POST" else None, user=request.user)
    if form.is_bound and form.is_valid():
        try:
            connectors.choose_app(connector, form.choice(), by=request.user)
        except TakenName as problem:
            form.add_error("name", str(problem))
        else:
            return redirect("connectors:owners", connector.pk)
    return _app_page(request, _spec(connector.driver), form, connector)


@require_http_methods(["GET", "POST"])
def owners(request: HtmxRequest, pk: str) -> HttpResponse:
    connector = _connector(request, pk)
    must_manage(connector, request.user)
    if request.method == "GET":
        is_told = request.htmx or "owners" in request.GET
        chosen = list(people(request.GET, "owners")) if is_told else list(_named(connector))
        return _owners_page(request, connector, chosen)
    if "owners_invite" in request.POST:
        return redirect(_invitation(request, connector))
    form = OwnersForm(request.POST)
    if "owners_find" in request.POST:
        return _owners_page(request, connector, list(people(request.POST, "owners")))
    if not form.is_valid():
        return _owners_page(request, connector, list(people(request.POST, "owners")), form)
    asked = connectors.name_owners(connector, form.cleaned_data["owners"], by=request.user)
    if asked:
        verb = "told" if connector.has_settings else "asked"
        wish = "that they look after it now" if connector.has_settings else "to help"
        messages.success(request, f"We {verb} {spoken(asked)} {wish}.")
    if request.POST.get("then") == "settings" and may_manage(connector, request.user):
        return redirect("connectors:settings", connector.pk)
    if may_manage(connector, request.user):
        return redirect("connectors:connector", connector.pk)
    return redirect("core:home")


@require_POST
def ask_again(request: HtmxRequest, pk: str) -> HttpResponse:
    connector = _connector(request, pk)
    owner = get_object_or_404(connector.owners_now(), pk=request.POST.get("owner", ""))
    connectors.ask_again(connector, owner, by=request.user)
    messages.success(request, f"We asked {owner} again.")
    return redirect("connectors:connector", connector.pk)


def _app_page(request: HtmxRequest, spec: Spec, form: AppForm, connector: Connector | None) -> HttpResponse:
    found = App.objects.visible_to(request.user).unmanaged()
    managed = App.objects.visible_to(request.user).managed().exclude(matching=App.Matching.KEY)
    how = form["how"].value() or one_of(request, "how", (AppForm.FOUND, AppForm.MANAGED, AppForm.NEW))
    asked = words(request)
    preset = _asked_app(request) or (_likely_app(request, spec) if connector is None else None)
    present = connector.app if connector is not None else preset
    if preset is not None and not how:
        how = AppForm.FOUND if preset.status == App.Status.UNMANAGED else AppForm.MANAGED
    context = {
        "spec": spec,
        "form": form,
        "connector": connector,
        "steps": steps(1, connector),
        "words": asked,
        "how": how or (AppForm.MANAGED if present else AppForm.FOUND if found.exists() else AppForm.NEW),
        "found_count": found.count(),
        "managed_count": managed.count(),
        "found": _shown(found, asked if how == AppForm.FOUND else "", present),
        "managed": _shown(managed, asked if how == AppForm.MANAGED else "", present),
        "chosen": form["found"].value() or form["managed"].value() or (present.pk if present else None),
        "shown": APPS_SHOWN,
        "same": same_name(str(form["name"].value() or "")) if form.is_bound and how == AppForm.NEW else None,
    }
    return render(request, "connectors/app.html", context, status=422 if form.is_bound else 200)


def _asked_app(request: HtmxRequest) -> App | None:
    """The app that the address names, for whoever comes from its page."""
    key = request.GET.get("app", "")
    return App.objects.here().visible_to(request.user).filter(pk=key).first() if key.isalnum() else None


def _likely_app(request: HtmxRequest, spec: Spec) -> App | None:
    """One that is called as the vendor is, and that nothing reads yet."""
    rows = App.objects.here().visible_to(request.user).filter(search_text=spec.words[0], connectors=None)
    return rows.first()


def _shown(apps: AppQuerySet, asked: str, first: App | None) -> list[App]:
    """The apps to choose from by name; the one in mind comes first where it would not be shown."""
    rows = list(apps.search(asked).order_by("search_text", "pk")[:APPS_SHOWN])
    if first is None or asked or first in rows:
        return rows
    return [*apps.filter(pk=first.pk), *rows]


def _owners_page(
    request: HtmxRequest, connector: Connector, chosen: Sequence[User], form: OwnersForm | None = None
) -> HttpResponse:
    """The whole page, or for htmx the sentence about who will be written to."""
    held = set(connector.ownerships.values_list("user_id", flat=True))
    new = [person for person in chosen if person.pk not in held and person != request.user]
    asked = request.POST.get("owners_words", "").strip()
    matches = (
        people_matching(asked, seen_by=request.user, without=[person.pk for person in chosen])
        if asked
        else []
    )
    context = {
        "connector": connector,
        "spec": _spec(connector.driver),
        "errors": form.errors.get("owners", []) if form is not None else [],
        "steps": [] if connector.has_settings else steps(2, connector),
        "chosen": chosen,
        "to_be_asked": spoken(new) if new and not connector.has_settings else "",
        "words": asked,
        "matches": matches,
        "invitable": invitable(asked, by=request.user) if asked and not matches else "",
        "may_invite": may_invite(request.user),
        "app_owners": connector.app.owners_now(),
        "by_holding": holding.by_holding(connector),
        "may_choose_app": request.user.runs_connectors and not connector.has_settings,
    }
    template = "connectors/owners.html#letters" if request.htmx else "connectors/owners.html"
    return render(request, template, context, status=422 if form is not None else 200)


def _invitation(request: HtmxRequest, connector: Connector) -> str:
    """Where somebody new is invited, and from where one comes back with everybody chosen so far."""
    chosen = urlencode({"owners": [person.pk for person in people(request.POST, "owners")]}, doseq=True)
    there = {
        "email": request.POST["owners_invite"],
        "back": f"{reverse('connectors:owners', args=[connector.pk])}?{chosen}",
        "field": "owners",
        "onward": reverse("connectors:settings", args=[connector.pk]),
    }
    return f"{reverse('core:invite')}?{urlencode(there)}"


def _connector(request: HtmxRequest, pk: str) -> Connector:
    rows = Connector.objects.visible_to(request.user).select_related("app", "secret_set_by")
    return get_object_or_404(rows, pk=pk)


def _named(connector: Connector) -> QuerySet[User]:
    """Its active owners by name. Who owns it by what they hold is chosen elsewhere."""
    return User.objects.active().filter(connectorowners__connector=connector)


def _spec(driver: str) -> Spec:
    try:
        return registry.spec(driver)
    except LookupError as problem:
        raise Http404 from problem
