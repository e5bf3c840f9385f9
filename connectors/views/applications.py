"""Applications made, taken under management, and forgotten with the list they came from."""

from collections.abc import Sequence
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from connectors import queries
from connectors.actions import applications as verbs
from connectors.actions.permission import must_be_super, must_make_apps
from connectors.forms import ForgetForm, ManageForm, NewAppForm
from connectors.models import App
from connectors.views.names import spoken
from core.errors import NotPossible
from core.http import HtmxRequest
from core.models import User
from core.queries.asked import people
from core.queries.people import people_matching

CONNECTOR, FILE, NONE = "connector", "file", "none"


@require_http_methods(["GET", "POST"])
def new(request: HtmxRequest) -> HttpResponse:
    must_make_apps(request.user)
    sources = _sources(request.user)
    if request.method == "GET":
        return _new_page(request, NewAppForm(sources=sources), [request.user], status=200)
    form = NewAppForm(request.POST, sources=sources)
    chosen = list(people(request.POST, "owners"))
    if "owners_find" in request.POST:
        return _new_page(request, form, chosen, status=200)
    if not form.is_valid():
        return _new_page(request, form, chosen, status=422)
    typed = form.cleaned_data
    try:
        app = verbs.create(form.facts(), typed["owners"], is_another=typed["is_another"], by=request.user)
    except verbs.TakenName as problem:
        form.add_error("name", str(problem))
        return _new_page(request, form, chosen, status=422)
    messages.success(request, f"{app} is a managed app now.")
    return redirect(_onward(app, typed["source"], request.user))


@require_http_methods(["GET", "POST"])
def manage(request: HtmxRequest) -> HttpResponse:
    """`app`, several times: which ones. Asks who answers for them, then makes them managed."""
    must_be_super(request.user)
    if request.method == "GET":
        return _manage_page(request, None, [request.user], request.GET.getlist("app"))
    form, chosen = ManageForm(request.POST), list(people(request.POST, "owners"))
    if "owners_find" in request.POST or not form.is_valid():
        finding = "owners_find" in request.POST
        return _manage_page(request, None if finding else form, chosen, request.POST.getlist("app"))
    apps: list[App] = list(form.cleaned_data["app"])
    try:
        verbs.manage(apps, form.cleaned_data["owners"], by=request.user)
    except NotPossible as refusal:
        form.add_error("app", str(refusal))
        return _manage_page(request, form, chosen, request.POST.getlist("app"), status=refusal.status)
    names = apps[0].name if len(apps) == 1 else f"{len(apps):,} apps"
    messages.success(request, f"{names} {'is' if len(apps) == 1 else 'are'} managed now.")
    return (
        redirect("connectors:application", apps[0].pk)
        if len(apps) == 1
        else redirect("connectors:applications")
    )


@require_http_methods(["GET", "POST"])
def forget(request: HtmxRequest) -> HttpResponse:
    """`provider`: whose unmanaged apps go."""
    must_be_super(request.user)
    provider = (request.POST if request.method == "POST" else request.GET).get("provider", "")
    form, status = ForgetForm(request.POST if request.method == "POST" else None), 422
    if form.is_bound and form.is_valid():
        try:
            number = verbs.forget(provider, number=form.cleaned_data["number"], by=request.user)
        except NotPossible as refusal:
            form.add_error("number", str(refusal))
            status = refusal.status
        else:
            told = f"{number:,} unmanaged app{'' if number == 1 else 's'} of {provider} forgotten."
            messages.success(request, told)
            return redirect(reverse("connectors:applications") + "?tab=unmanaged")
    context = {"form": form, "provider": provider, "list": queries.provider_list(provider)}
    return render(request, "connectors/forget.html", context, status=status if form.is_bound else 200)


def _sources(user: User) -> list[tuple[str, str]]:
    """Where the data of a new app may come from: what this person can go on with, and nothing for now."""
    found = [(NONE, "Nothing for now")]
    if user.runs_connectors:
        if any(spec.kind == FILE for spec in queries.catalogue()):
            found.insert(0, (FILE, "Files"))
        found.insert(0, (CONNECTOR, "A connector"))
    return found


def _onward(app: App, source: str, user: User) -> str:
    if source == FILE:
        return f"{reverse('connectors:add', args=[FILE])}?{urlencode({'app': app.pk})}"
    if source == CONNECTOR:
        return f"{reverse('connectors:catalogue')}?{urlencode({'app': app.pk})}"
    if App.objects.visible_to(user).filter(pk=app.pk).exists():
        return reverse("connectors:application", args=[app.pk])
    return reverse("connectors:applications")


def _new_page(request: HtmxRequest, form: NewAppForm, chosen: Sequence[User], *, status: int) -> HttpResponse:
    finding, sources = "owners_find" in request.POST, _sources(request.user)
    typed = str(form["name"].value() or "")
    context = {
        "form": form,
        "errors": form.errors.get("owners", []) if form.is_bound and not finding else [],
        "name_errors": form.errors.get("name", []) if form.is_bound and not finding else [],
        "same": verbs.same_name(typed) if typed and status == 422 else None,
        "source": form["source"].value() or sources[0][0],
        "sources": sources,
        **picker(request, chosen),
    }
    return render(request, "connectors/new_app.html", context, status=status)


def _manage_page(
    request: HtmxRequest,
    form: ManageForm | None,
    chosen: Sequence[User],
    keys: Sequence[str],
    *,
    status: int = 422,
) -> HttpResponse:
    apps = App.objects.here().filter(pk__in=[key for key in keys if key.isalnum()])
    context = {
        "apps": apps.order_by("search_text", "pk"),
        "form": form,
        "errors": form.errors.get("owners", []) if form is not None else [],
        "app_errors": form.errors.get("app", []) if form is not None else [],
        "to_be_asked": spoken([person for person in chosen if person != request.user]),
        **picker(request, chosen),
    }
    return render(request, "connectors/manage.html", context, status=status if form is not None else 200)


def picker(request: HtmxRequest, chosen: Sequence[User]) -> dict[str, object]:
    """What a picker of owners shows: those chosen, and without script those who were searched for."""
    asked = request.POST.get("owners_words", "").strip()
    without = [person.pk for person in chosen]
    return {
        "chosen": chosen,
        "words": asked,
        "matches": people_matching(asked, seen_by=request.user, without=without) if asked else [],
    }
