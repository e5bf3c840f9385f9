"""Lines put right: one from its page, or those ticked in the list. A page says first what will happen."""

from collections.abc import Sequence
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from core.errors import NotPossible
from core.http import HtmxRequest
from core.models import User
from reviews.actions import repairing
from reviews.forms.ending import RepairForm
from reviews.models import Campaign, ReviewTask
from reviews.queries.keys import among
from reviews.views.running import shown

SHOWN = 50
ANEW = (
    "What was decided about {them} stays in the evidence and no longer counts. Where access was denied, its"
    " removal is taken back. Marks that were not submitted are lost."
)


@dataclass(frozen=True, slots=True)
class Act:
    """What a page says of one of the acts."""

    title: str
    button: str
    will: str
    done: str
    is_for_supers: bool = True


ACTS = {
    "restart": Act(
        "Restart",
        "Restart",
        "{They} asked about from the first step, by the policy {they_are} under. " + ANEW,
        "asked about from the first step again",
        is_for_supers=False,
    ),
    "reset": Act(
        "Hard reset",
        "Reset",
        "{They} asked about from the first step, by what the policy says today. " + ANEW,
        "asked about by what the policy says today",
    ),
    "policy": Act(
        "Change the policy",
        "Change the policy of",
        "{They} asked about from the first step, by the policy that you choose, which holds for {them} from"
        " here on. " + ANEW,
        "under the other policy now",
    ),
    "cancel": Act(
        "Cancel",
        "Cancel",
        "Nobody is asked about {them} any more, and the access stays. {They} counted as"
        " exceptions, with your name and reason.",
        "cancelled, and counted as exceptions",
    ),
}


@require_http_methods(["GET", "POST"])
def repair(request: HtmxRequest, pk: str) -> HttpResponse:
    """`do`: which act; `line`: each line, as number and stamp."""
    campaign = shown(request, pk)
    repairing.must_be_allowed(campaign, request.user)
    asked = request.POST if request.method == "POST" else request.GET
    do = asked.get("do", "")
    if (act := ACTS.get(do)) is None:
        raise NotPossible("Choose what is to be done with the lines.")
    if act.is_for_supers:
        repairing.must_be_super(request.user)
    tasks = _chosen(campaign, asked.getlist("line"))
    form = RepairForm(request.POST if request.method == "POST" else None, takes_policy=do == "policy")
    if form.is_valid():
        try:
            number = _carry_out(do, tasks, form, request.user)
        except NotPossible as problem:
            form.add_error(None, str(problem))
        else:
            are = "1 line is" if number == 1 else f"{number:,} lines are"
            messages.success(request, f"{are} {act.done}.")
            if number == 1:
                return redirect("reviews:campaign_line", campaign.pk, tasks[0].line_no)
            return redirect("reviews:campaign_lines", campaign.pk)
    return _page(request, campaign, do, tasks, form)


def _page(
    request: HtmxRequest, campaign: Campaign, do: str, tasks: Sequence[ReviewTask], form: RepairForm
) -> HttpResponse:
    act = ACTS[do]
    is_one = len(tasks) == 1
    words = {"They": "It is" if is_one else "They are", "them": "it" if is_one else "them"}
    context = {
        "campaign": campaign,
        "do": do,
        "act": act,
        "will": act.will.format(**words, they_are="it is" if is_one else "they are"),
        "tasks": tasks,
        "shown": tasks[:SHOWN],
        "form": form,
    }
    return render(request, "reviews/running_repair.html", context, status=422 if form.is_bound else 200)


def _carry_out(do: str, tasks: Sequence[ReviewTask], form: RepairForm, by: User) -> int:
    reason = form.cleaned_data["reason"]
    if do == "restart":
        return repairing.restart(tasks, by=by, reason=reason)
    if do == "reset":
        return repairing.hard_reset(tasks, by=by, reason=reason)
    if do == "policy":
        return repairing.change_policy(tasks, form.cleaned_data["policy"], by=by, reason=reason)
    return repairing.cancel(tasks, by=by, reason=reason)


def _chosen(campaign: Campaign, said: Sequence[str]) -> Sequence[ReviewTask]:
    """These lines, each as the person saw it: the verb finds out whether it still is so."""
    seen: dict[int, tuple[int, str]] = {}
    for each in said:
        number, _, stamp = each.partition(":")
        round_, _, status = stamp.partition("-")
        if number.isdecimal() and round_.isdecimal() and len(number) < 10 and len(round_) < 6:
            seen[int(number)] = int(round_), status
    tasks = list(campaign.tasks.filter(line_no__in=among(seen)).order_by("line_no")[: repairing.MOST + 1])
    if not tasks:
        raise NotPossible("Tick the lines that you mean.")
    for task in tasks:
        task.round, task.status = seen[task.line_no]
    return tasks
