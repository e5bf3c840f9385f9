"""One's own page, what people choose for themselves, and who stands in for them."""

from datetime import date

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.timezone import now
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.actions import delegations, people
from core.errors import NotPossible
from core.forms.people import DelegationForm, TimeZoneForm
from core.http import HtmxRequest, onward
from core.models import Delegation, Organisation, SecondFactor, User
from core.queries.asked import people as people_chosen
from core.queries.letters import what_becomes
from core.queries.people import MIGHT, people_matching
from core.views.people import visible_person

_THEMES = {"system": User.Theme.SYSTEM, "light": User.Theme.LIGHT, "dark": User.Theme.DARK}


@require_GET
def profile(request: HtmxRequest) -> HttpResponse:
    form = TimeZoneForm(person=request.user, ours=Organisation.current().time_zone)
    return _profile_page(request, form)


@require_POST
def time_zone(request: HtmxRequest) -> HttpResponse:
    form = TimeZoneForm(request.POST, person=request.user, ours=Organisation.current().time_zone)
    if not form.is_valid():
        return _profile_page(request, form)
    people.choose_time_zone(request.user, form.cleaned_data["time_zone"], by=request.user)
    messages.success(request, "Times are shown in this zone from now on.")
    return redirect("core:profile")


@require_http_methods(["GET", "POST"])
def delegate(request: HtmxRequest, pk: str) -> HttpResponse:
    """For oneself, or, as a Super Administrator, for anybody."""
    person = visible_person(request, pk)
    delegations.must_delegate_for(person, by=request.user)
    if request.method == "GET" or "delegate_find" in request.POST:
        days = {"first": _today().isoformat(), **request.POST.dict()}
        return _delegate_page(request, person, DelegationForm(initial=days), status=200)
    form = DelegationForm(request.POST)
    if not form.is_valid():
        return _delegate_page(request, person, form, status=422)
    typed = form.cleaned_data
    try:
        delegations.begin(
            person, typed["delegate"], first=typed["first"], last=typed["last"], by=request.user
        )
    except (delegations.BadDelegate, delegations.BadDates) as problem:
        form.add_error("delegate" if isinstance(problem, delegations.BadDelegate) else "first", str(problem))
        return _delegate_page(request, person, form, status=422)
    messages.success(request, f"{typed['delegate']} stands in; {what_becomes()}.")
    return _back(request, person)


@require_POST
def end_delegation(request: HtmxRequest, pk: str) -> HttpResponse:
    person = visible_person(request, pk)
    delegations.end(person, by=request.user)
    messages.success(request, "Nobody stands in any longer.")
    return _back(request, person)


@require_POST
def theme(request: HtmxRequest) -> HttpResponse:
    wanted = _THEMES.get(request.POST.get("theme", ""))
    if wanted is None:
        raise NotPossible("Choose light, dark, or as the system.")
    people.choose_theme(request.user, wanted)
    return redirect(onward(request))


def _profile_page(request: HtmxRequest, form: TimeZoneForm) -> HttpResponse:
    me, delegating = request.user, Delegation.objects.not_over(now())
    context = {
        "person": me,
        "form": form,
        "managers": me.managers.order_by("search_text", "pk"),
        "holdings": me.holdings.order_by(MIGHT),
        "groups": me.groups_of_people.order_by("search_text"),
        "delegation": delegating.filter(person=me).select_related("delegate").first(),
        "stands_in_for": delegating.filter(delegate=me).select_related("person").order_by("starts_at"),
        "may_delegate": True,
        "has_second_factor": SecondFactor.objects.filter(user=me).exclude(confirmed_at=None).exists(),
    }
    return render(request, "core/profile.html", context, status=422 if form.is_bound else 200)


def _delegate_page(request: HtmxRequest, person: User, form: DelegationForm, *, status: int) -> HttpResponse:
    chosen = people_chosen(request.POST, "delegate")
    words = request.POST.get("delegate_words", "").strip()
    without = [person.pk, *(each.pk for each in chosen)]
    context = {
        "person": person,
        "form": form,
        "chosen": chosen,
        "words": words,
        "matches": people_matching(words, seen_by=request.user, without=without),
        "errors": form["delegate"].errors,
        "present": Delegation.objects.not_over(now())
        .filter(person=person)
        .select_related("delegate")
        .first(),
    }
    return render(request, "core/person_delegate.html", context, status=status)


def _today() -> date:
    return now().astimezone(Organisation.current().zone).date()


def _back(request: HtmxRequest, person: User) -> HttpResponse:
    return redirect("core:profile") if person == request.user else redirect("core:person", person.pk)
