"""How accounts of an app are matched to people, what a change would do, and why some match nobody."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from connectors.actions import matching as verbs
from connectors.actions.permission import may_govern, must_govern
from connectors.forms.matching import MatchingForm, matching_of
from connectors.models import App
from connectors.queries import accounts as account_queries
from connectors.sync.rematch import Outcome
from connectors.views.apps import head, visible_app
from core.errors import StaleState
from core.http import HtmxRequest
from core.models import User


@require_http_methods(["GET", "POST"])
def matching(request: HtmxRequest, pk: str) -> HttpResponse:
    app = visible_app(request, pk)
    if request.method == "GET":
        return _page(request, app, _form(request, app))
    must_govern(app, request.user)
    form = _form(request, app)
    if not form.is_valid():
        return _page(request, app, form, status=422)
    if "preview" in request.POST:
        found = verbs.preview_matching(app, form.strategy(), by=request.user)
        return _page(request, app, form, found=found)
    try:
        done = verbs.change_matching(
            app, form.strategy(), by=request.user, seen=form.cleaned_data["changed_at"]
        )
    except StaleState:
        form.compare(matching_of(App.objects.get(pk=app.pk)))
        return _page(request, app, form, status=409)
    messages.success(
        request, f"Saved: {done.gained:,} got an owner, {done.changed:,} another, {done.lost:,} lost theirs."
    )
    return redirect("connectors:matching", app.pk)


def _form(request: HtmxRequest, app: App) -> MatchingForm:
    names = set(account_queries.attributes(app))
    names |= {account.removeprefix("profile.") for account, _ in app.pairs if account.startswith("profile.")}
    typed = request.POST if request.method == "POST" else None
    return MatchingForm(typed, attributes=sorted(names), initial=matching_of(app))


def _page(
    request: HtmxRequest, app: App, form: MatchingForm, *, found: Outcome | None = None, status: int = 200
) -> HttpResponse:
    people = {}
    if found is not None:
        keys = [each.match.person for each in found.samples] + [each.account.person for each in found.samples]
        people = User.objects.in_bulk([key for key in keys if key])
    samples = [
        (each.account, people.get(each.account.person or ""), people.get(each.match.person), each.match)
        for each in (found.samples if found else ())
    ]
    context = head(app, "accounts") | {
        "form": form,
        "found": found,
        "samples": samples,
        "reasons": account_queries.reasons(app),
        "may_govern": may_govern(app, request.user),
    }
    return render(request, "connectors/matching.html", context, status=status)
