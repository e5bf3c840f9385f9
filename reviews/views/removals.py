"""Removals: of a campaign, of the apps one answers for, and one by itself."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.forms import Form
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_http_methods

from connectors.models import App, ProvisionOrder
from connectors.queries import kind_names
from core.errors import NotPossible
from core.http import HtmxRequest
from core.models import User
from core.queries.asked import one_of, page
from reviews.actions import disabling, removing
from reviews.actions import removals as removal_verbs
from reviews.actions.permission import may_run
from reviews.actions.rights import may_decide
from reviews.forms.ending import ByHandForm, ExceptForm, LookBackForm
from reviews.models import Campaign, Removal, ReviewTask
from reviews.models.task import RemovalQuerySet
from reviews.queries import running
from reviews.queries.people import own_among
from reviews.queries.removals import afterwards, for_screen, late, of_apps, waiting_for
from reviews.views.running import head, shown

MOST = 1_000
"""Taken in hand by one act."""


@require_http_methods(["GET", "POST"])
def removals(request: HtmxRequest, pk: str) -> HttpResponse:
    """Those of a campaign. POST: confirm those ticked, or make exceptions of them."""
    campaign = shown(request, pk)
    form = ExceptForm(request.POST if request.POST.get("do") == "except" else None)
    if request.method == "POST" and (answer := _act_on(request, campaign, form)):
        return answer
    rows = campaign.removals.all()
    status = one_of(request, "status", Removal.Status.values)
    narrowed = rows.filter(status=status) if status else rows
    context = head(request, campaign, "removals") | {
        "page": page(request, for_screen(narrowed), order="number"),
        "status": status,
        "statuses": _statuses(campaign),
        "late": late(rows).count(),
        "unremoved": _unremoved(campaign),
        "form": form,
        "ticked": set(request.POST.getlist("removal")),
        "confirmable": rows.confirmable_by(request.user).count(),
        "may_except": may_run(campaign, request.user) and not campaign.is_over,
    }
    context["bare"] = _bare(context["page"].rows)
    return render(request, "reviews/running_removals.html", context, status=422 if form.errors else 200)


def _act_on(request: HtmxRequest, campaign: Campaign, form: ExceptForm) -> HttpResponse | None:
    """Where to go afterwards; None where the form is to be shown again."""
    here, do = ("reviews:removals", campaign.pk), request.POST.get("do", "confirm")
    if do == "open":
        number = removal_verbs.open_denied(campaign, by=request.user)
        messages.success(request, f"{number:,} removal{'' if number == 1 else 's'} opened.")
        return redirect(*here)
    if _means_all(request):
        return _all_confirmed(request, Removal.objects.filter(campaign=campaign), *here)
    chosen = _chosen(request, Removal.objects.filter(campaign=campaign))
    if do == "confirm":
        return _confirmed(request, chosen, *here)
    if not form.is_valid():
        return None
    number = removing.except_(chosen, by=request.user, reason=form.cleaned_data["reason"])
    messages.success(request, f"{number:,} removal{'' if number == 1 else 's'} became an exception.")
    return redirect(*here)


@require_http_methods(["GET", "POST"])
def my_removals(request: HtmxRequest) -> HttpResponse:
    """Those of the apps one answers for. POST: confirm those ticked."""
    if request.method == "POST":
        if request.POST.get("do", "confirm") != "confirm":
            raise NotPossible("Here removals are only confirmed: open one to do something else with it.")
        if _means_all(request):
            return _all_confirmed(request, Removal.objects.all(), "reviews:my_removals")
        return _confirmed(request, _chosen(request, of_apps(request.user)), "reviews:my_removals")
    is_all = request.GET.get("show") == "all"
    rows = of_apps(request.user) if is_all else waiting_for(request.user)
    shown_page = page(request, for_screen(rows), order="number")
    context = {
        "page": shown_page,
        "bare": _bare(shown_page.rows),
        "is_all": is_all,
        "confirmable": Removal.objects.confirmable_by(request.user).count(),
        "owns": App.objects.here().owned_by(request.user).exists(),
    }
    return render(request, "reviews/removals_mine.html", context)


@require_http_methods(["GET", "POST"])
def removal(request: HtmxRequest, key: str) -> HttpResponse:
    """One: what it waits for, and what can be done about it. `do`: which of its forms was sent."""
    found = get_object_or_404(for_screen(Removal.objects.visible_to(request.user)), key=key)
    forms: dict[str, Form] = {
        "by_hand": ByHandForm(_sent(request, "by_hand")),
        "except": ExceptForm(_sent(request, "except")),
        "look_back": LookBackForm(_sent(request, "look_back"), initial=found.lookback),
    }
    do = request.POST.get("do", "")
    if request.method == "POST" and (do not in forms or forms[do].is_valid()):
        _act(found, do, forms.get(do), request.user)
        messages.success(request, DONE[do])
        return redirect("reviews:removal", found.key)
    after = None if found.is_settled else afterwards([found]).get(found.task.account_id)
    context = {"removal": found, "forms": forms, **_rights(found, request.user)}
    orders = [key for key in (found.order_id, found.disabling_id) if key]
    sees_order = ProvisionOrder.objects.visible_to(request.user).filter(pk__in=orders).exists()
    context |= {"after": after, "names": kind_names(found.app), "sees_order": sees_order}
    return render(request, "reviews/removal.html", context, status=422 if do else 200)


DONE = {
    "by_hand": "Noted: a later sync proves it, or shows that it is not so.",
    "except": "It is an exception now, with its reason.",
    "look_back": "What you found out is kept with it.",
    "again": "It is ordered again.",
    "confirm": "Confirmed: it is being ordered.",
    "disable": "An order was made that disables the account, too.",
}


def _act(found: Removal, do: str, form: Form | None, by: User) -> None:
    typed = form.cleaned_data if form else {}
    if do == "by_hand":
        removing.done_by_hand(found, by=by, how=typed["how"])
    elif do == "except":
        removing.except_([found], by=by, reason=typed["reason"])
    elif do == "look_back":
        removing.look_back(found, by=by, **typed)
    elif do == "again":
        removing.order_again(found, by=by)
    elif do == "confirm":
        removing.confirm([found], by=by)
    elif do == "disable":
        disabling.disable_too(found, by=by)
    else:
        raise NotPossible("Choose what is to be done with it.")


def _rights(found: Removal, user: User) -> dict[str, Any]:
    """What this person may do with it as it stands."""
    is_own = bool(own_among(user, ReviewTask.objects.filter(pk=found.task_id)))
    owns_app = App.objects.owned_by(user).filter(pk=found.app_id).exists()
    is_owner = not is_own and owns_app and may_decide(user)
    runs_it = not is_own and may_run(found.campaign, user)
    is_over = found.campaign.is_over
    may_see = running.campaigns_shown(user).filter(pk=found.campaign_id).exists()
    return {
        "may_confirm": is_owner and Removal.objects.confirmable_by(user).filter(pk=found.pk).exists(),
        "may_say_done": is_owner and found.status == Removal.Status.BY_HAND,
        "may_order": is_owner and found.status in (Removal.Status.FAILED, Removal.Status.BY_HAND),
        "may_except": runs_it and not is_over and not found.is_settled,
        "may_disable": is_owner and not found.is_settled,
        "may_look_back": (is_owner or runs_it) and not is_over and removing.is_grave(found),
        "may_see_campaign": may_see,
        "owners": found.app.owners_now(),
    }


def _bare(rows: Sequence[Removal]) -> set[str]:
    """Accounts that would hold no role more, of removals somebody has yet to confirm."""
    found = afterwards([each for each in rows if each.is_to_be_confirmed])
    return {key for key, after in found.items() if after.is_bare}


def _unremoved(campaign: Campaign) -> int:
    """Denied lines that nobody takes away, after closing: their policy removes nothing."""
    if campaign.status not in (Campaign.Status.CLOSED, Campaign.Status.REMEDIATION):
        return 0
    return removal_verbs.denied_without(campaign).count()


def _statuses(campaign: Campaign) -> Sequence[tuple[str, str, int]]:
    numbers = running.removals_by_status(campaign)
    return [(each.value, each.label, numbers[each]) for each in Removal.Status if each in numbers]


def _means_all(request: HtmxRequest) -> bool:
    return bool(request.POST.get("all")) and request.POST.get("do", "confirm") == "confirm"


def _chosen(request: HtmxRequest, rows: RemovalQuerySet) -> list[Removal]:
    """Those ticked; raises NotPossible if it is none."""
    keys = [key for key in request.POST.getlist("removal") if key.isascii() and key.isalnum()]
    if len(keys) > MOST:
        raise NotPossible(f"Tick at most {MOST:,} at once.")
    named = rows.filter(key__in=keys)
    chosen = list(named.select_related("campaign", "task__person", "app", "order").order_by("pk"))
    if not chosen:
        raise NotPossible("Tick the removals that you mean.")
    return chosen


def _all_confirmed(request: HtmxRequest, rows: RemovalQuerySet, *back: str) -> HttpResponse:
    done = removing.confirm_all(rows, by=request.user)
    _say_confirmed(request, done.number)
    if done.own:
        was = "1 was" if done.own == 1 else f"{done.own:,} were"
        messages.warning(request, f"{was} left out: about your own access, which another owner confirms.")
    return redirect(*back)


def _confirmed(request: HtmxRequest, chosen: Sequence[Removal], *back: str) -> HttpResponse:
    number = removing.confirm(chosen, by=request.user)
    _say_confirmed(request, number)
    if left := len(chosen) - number:
        was = "1 was" if left == 1 else f"{left:,} were"
        messages.warning(
            request, f"{was} left out: about your own access, which another owner confirms, or not waiting."
        )
    return redirect(*back)


def _say_confirmed(request: HtmxRequest, number: int) -> None:
    said = "1 removal is" if number == 1 else f"{number:,} removals are"
    messages.success(request, f"{said} confirmed: a worker orders them now.")


def _sent(request: HtmxRequest, do: str) -> Any:
    return request.POST if request.method == "POST" and request.POST.get("do") == do else None
