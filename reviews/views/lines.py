"""The lines of a campaign, and one of them with all that happened to it."""

from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_POST

from connectors.models import Account, ResourceType
from core.errors import NotPossible
from core.http import HtmxRequest, fresh_sign_in_to_send
from core.http.fresh import HELD, is_fresh
from core.models import User
from core.queries.asked import page
from reviews.actions import comments, correcting, removals
from reviews.actions.deciding import MustSignInAgain
from reviews.actions.permission import may_run
from reviews.forms.ending import CorrectForm
from reviews.models import Campaign, ReviewTask, Turn
from reviews.queries.applying import applying
from reviews.queries.lines import NO_RISK, NOBODY, WantedLines, events_of, for_screen, lines, reviewers_of
from reviews.views.running import head, shown

OWNERS = [(str(key), f"{label} when frozen") for key, label in User.Status.choices]

type Choices = list[tuple[str, str]]


@require_GET
def campaign_lines(request: HtmxRequest, pk: str) -> HttpResponse:
    campaign = shown(request, pk)
    wanted = WantedLines.of(request.GET.dict())
    rows = for_screen(lines(campaign, wanted))
    context = head(request, campaign, "lines") | {
        "page": page(request, rows, order="line_no"),
        **_repairs(request, campaign),
        "wanted": wanted,
        "choices": _choices(campaign, wanted),
        "may_open": removals.may_open(campaign, request.user),
    }
    return render(request, "reviews/running_lines.html", context)


@require_GET
def campaign_line(request: HtmxRequest, pk: str, line_no: int) -> HttpResponse:
    campaign = shown(request, pk)
    return _line(request, campaign, _task(campaign, line_no), CorrectForm(), 200)


@require_POST
def correct(request: HtmxRequest, pk: str, line_no: int) -> HttpResponse:
    campaign = shown(request, pk)
    task = _task(campaign, line_no)
    if HELD in request.POST:
        return _correct_proven(request, campaign, task)
    try:
        return _correct(request, campaign, task)
    except MustSignInAgain:
        return _correct_proven(request, campaign, task)


def _correct(request: HtmxRequest, campaign: Campaign, task: ReviewTask) -> HttpResponse:
    form = CorrectForm(request.POST)
    if not form.is_valid():
        return _line(request, campaign, task, form, 422)
    typed, by = form.cleaned_data, request.user
    correcting.correct(
        task, by=by, outcome=typed["outcome"], reason=typed["reason"], is_proven=is_fresh(request)
    )
    messages.success(request, f"Line {task.line_no} is {task.get_status_display().lower()} now.")
    return redirect("reviews:campaign_line", campaign.pk, task.line_no)


@fresh_sign_in_to_send
def _correct_proven(request: HtmxRequest, campaign: Campaign, task: ReviewTask) -> HttpResponse:
    """After the password, if the last sign-in is too old; what was sent is kept meanwhile."""
    return _correct(request, campaign, task)


@require_POST
def have_removed(request: HtmxRequest, pk: str) -> HttpResponse:
    """The access of denied lines that nothing takes away: of those ticked (`line`, by number)."""
    campaign = shown(request, pk)
    ticked = [int(number) for number in request.POST.getlist("line") if _is_number(number)]
    if not ticked:
        raise NotPossible("Tick the denied lines whose access is to be removed.")
    number = removals.open_denied(campaign, by=request.user, lines=ticked)
    messages.success(request, f"{number:,} removal{'' if number == 1 else 's'} opened.")
    return redirect("reviews:removals", campaign.pk)


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


@require_POST
def say(request: HtmxRequest, pk: str, line_no: int) -> HttpResponse:
    """Answer those who take part in the talk about a line."""
    campaign = shown(request, pk)
    task, text = _task(campaign, line_no), request.POST.get("text", "")
    try:
        comments.comment(task, text, by=request.user)
    except NotPossible as refused:
        return _line(request, campaign, task, CorrectForm(), 422, typed=text, problem=str(refused))
    messages.success(request, "Your comment stands with the line.")
    return redirect("reviews:campaign_line", campaign.pk, task.line_no)


def _task(campaign: Campaign, line_no: int) -> ReviewTask:
    return get_object_or_404(campaign.tasks.select_related("person", "campaign"), line_no=line_no)


def _line(
    request: HtmxRequest,
    campaign: Campaign,
    task: ReviewTask,
    form: CorrectForm,
    status: int,
    *,
    typed: str = "",
    problem: str = "",
) -> HttpResponse:
    to = correcting.FINAL.get(ReviewTask.Status(task.status))
    may_correct = may_run(campaign, request.user) and campaign.status == Campaign.Status.RUNNING
    context: dict[str, Any] = head(request, campaign, "lines") | {
        "task": task,
        "policy": applying(campaign).to_line(task),
        "turns": task.turns.select_related("reviewer", "on_behalf_of").order_by("step", "pk"),
        "decisions": task.decisions.select_related("by", "on_behalf_of").order_by("pk"),
        "removals": task.removals.order_by("pk"),
        "may_open": removals.may_open(campaign, request.user) and _lacks_removal(task),
        "events": events_of(task),
        "rounds": task.rounds.select_related("policy_version__policy", "by").order_by("-number"),
        **_repairs(request, campaign),
        "form": form,
        "may_comment": request.user.may_act and campaign.status in Campaign.STARTED,
        "typed": typed,
        "problem": problem,
        "correct_to": to if may_correct and campaign.control_owner_id != request.user.pk else None,
    }
    return render(request, "reviews/running_line.html", context, status=status)


def _lacks_removal(task: ReviewTask) -> bool:
    return removals.denied_without(task.campaign).filter(pk=task.pk).exists()


def _repairs(request: HtmxRequest, campaign: Campaign) -> dict[str, Any]:
    """What this person may do to lines of the campaign: whoever runs it restarts, the rest is for Supers."""
    by = request.user
    may = may_run(campaign, by) and campaign.status == Campaign.Status.RUNNING
    may_restart = may and campaign.control_owner_id != by.pk
    return {"may_restart": may_restart, "may_repair": may_restart and by.is_super}


def _choices(campaign: Campaign, wanted: WantedLines) -> list[tuple[str, str, str, Choices]]:
    """The selects of the filter: name, what is chosen, what stands there when it narrows nothing, values."""
    apps = campaign.sources.order_by("connector__app__search_text")
    names = dict(apps.values_list("connector__app", "connector__app__name"))
    kinds = dict(ResourceType.objects.filter(app__in=names).values_list("kind", "name"))
    risks = campaign.tasks.exclude(risk="").order_by("risk").values_list("risk", flat=True).distinct()
    people = reviewers_of(campaign)
    found: list[tuple[str, str, Choices]] = [
        ("status", "Any status", [(str(key), str(label)) for key, label in ReviewTask.Status.choices]),
        ("reviewer", "Any reviewer", [(each.pk, each.name) for each in people]),
        ("kind", "Any type", sorted(kinds.items(), key=lambda kind: kind[1])),
        ("risk", "Any risk", [*((risk, risk) for risk in risks), (NO_RISK, "None")]),
        ("type", "Any account", [(str(key), str(label)) for key, label in Account.Type.choices]),
        ("via", "Asked in any way", [(str(key), str(label).capitalize()) for key, label in Turn.Via.choices]),
        ("owner", "Any owner", [*OWNERS, (NOBODY, "Nobody")]),
    ]
    if len(names) > 1:
        found.insert(2, ("app", "Any app", list(names.items())))
    return [(name, getattr(wanted, name), none, values) for name, none, values in found]
