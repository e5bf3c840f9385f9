"""One line: its details, beside the desk or on a page of its own; comments; given on to somebody else."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.errors import DomainError, NotPossible
from core.http import HtmxRequest
from core.queries.asked import people
from core.queries.people import people_matching
from reviews.actions import comments, giving
from reviews.actions.marks import QUICK, must_be_open
from reviews.models import Campaign, Turn
from reviews.queries import desk as reads
from reviews.queries.asking import MOST, open_turns
from reviews.queries.desk_columns import columns_in
from reviews.queries.details import asked_about, details
from reviews.queries.keys import among
from reviews.queries.sheets import GROUPED
from reviews.queries.shown import shown_in_detail, token_of
from reviews.views.own import own_campaign, show_of, view_of

WHY_GIVEN = (
    "Somebody else knows this access better",
    "No longer my report",
    "I am away",
)
"""One's own access is not among them: nobody chooses who decides on that, and others are asked by itself."""


@require_GET
def line(request: HtmxRequest, pk: str, line_no: int) -> HttpResponse:
    """Its details as a page; the desk shows the same beside its list."""
    campaign = own_campaign(request, pk)
    return render(request, "reviews/desk_line_page.html", details_of(request, campaign, line_no))


@require_POST
def comment(request: HtmxRequest, pk: str, line_no: int) -> HttpResponse:
    campaign = own_campaign(request, pk)
    turn = _turn(request, campaign, line_no)
    text, problem = request.POST.get("text", ""), ""
    try:
        comments.comment(turn.task, text, by=request.user)
    except NotPossible as refused:
        problem = str(refused)
    if not problem and not request.htmx:
        query = f"?{request.GET.urlencode()}" if request.GET else ""
        return redirect(reverse("reviews:line", args=[pk, line_no]) + query + "#comments")
    context = details_of(request, campaign, line_no)
    context |= {"problem": problem, "typed": text if problem else "", "is_swapped": bool(request.htmx)}
    template = "reviews/desk_drawer.html" if request.htmx else "reviews/desk_line_page.html"
    return render(request, template, context, status=422 if problem and not request.htmx else 200)


@require_http_methods(["GET", "POST"])
def comment_several(request: HtmxRequest, pk: str) -> HttpResponse:
    """Say the same about lines that were ticked."""
    campaign = own_campaign(request, pk)
    typed = request.POST if request.method == "POST" else request.GET
    numbers = _numbers(typed.getlist("line"))
    asked = asked_about(campaign, request.user).filter(line_no__in=among(numbers))
    found = list({turn.line_no: turn for turn in asked}.values())
    if not found:
        raise NotPossible("Tick lines first, then say something about them.")
    text, problem = typed.get("text", ""), ""
    if request.method == "POST":
        try:
            lines, said = [turn.line_no for turn in found], text.strip() or typed.get("quick", "")
            number = len(comments.comment_all(campaign, lines, said, by=request.user))
            messages.success(request, f"Your comment stands with {number:,} line{'s' * (number != 1)}.")
            return redirect("reviews:desk", pk)
        except NotPossible as refused:
            problem = str(refused)
    context = {"campaign": campaign, "turns": found, "text": text, "problem": problem, "quick": QUICK}
    return render(request, "reviews/desk_comment.html", context, status=422 if problem else 200)


@require_http_methods(["GET", "POST"])
def give(request: HtmxRequest, pk: str) -> HttpResponse:
    """Have somebody else asked about lines: those that were ticked, or one."""
    campaign = own_campaign(request, pk)
    must_be_open(campaign)
    typed = request.POST if request.method == "POST" else request.GET
    numbers = _numbers(typed.getlist("line"))
    turns = open_turns(campaign, request.user).filter(line_no__in=among(numbers))
    found = list(turns.select_related("task").order_by("line_no"))
    if not found:
        raise NotPossible("Tick lines that are open, then give them to somebody else.")
    chosen, problem = list(people(typed, "people")), ""
    if request.method == "POST" and "people_find" not in typed:
        try:
            given = giving.give_on(turns, _one_of(chosen), by=request.user, reason=_reason(request))
            messages.success(request, f"{given:,} line{'s' * (given != 1)} given to {chosen[0]}.")
            return redirect("reviews:desk", pk)
        except DomainError as refused:
            problem = str(refused)
    words = typed.get("people_words", "").strip()
    context = {
        "campaign": campaign,
        "turns": found,
        "chosen": chosen,
        "words": words,
        "matches": list(people_matching(words, seen_by=request.user, without=[each.pk for each in chosen]))
        if words
        else [],
        "reason": typed.get("reason", ""),
        "quick": WHY_GIVEN,
        "problem": problem,
    }
    return render(request, "reviews/desk_give.html", context, status=422 if problem else 200)


def details_of(request: HtmxRequest, campaign: Campaign, line_no: int) -> dict[str, Any]:
    turn = _turn(request, campaign, line_no)
    view, show = view_of(request, campaign), show_of(request, campaign)
    around = reads.own_turns(campaign, request.user, also_done=show == "all")
    around = reads.at_stop(around, view, request.GET.get("of", ""))
    found = details(campaign, request.user, turn, around, by_freshness=view not in GROUPED)
    shown = shown_in_detail(campaign, view, columns_in(view, request.user), found.line)
    return {
        "campaign": campaign,
        "is_open": campaign.status == Campaign.Status.RUNNING,
        "view": view,
        "details": found,
        "shown": token_of(shown, campaign, request.user),
        "place": request.GET.urlencode(),
        "quick": QUICK,
    }


def _turn(request: HtmxRequest, campaign: Campaign, line_no: int) -> Turn:
    turn = asked_about(campaign, request.user).filter(line_no=line_no).first()
    if turn is None:
        raise Http404
    return turn


def _numbers(typed: Sequence[str]) -> list[int]:
    good = [each for each in typed if each.isascii() and each.isdigit() and len(each) < 10]
    return [int(each) for each in good[:MOST]]


def _one_of[T](chosen: Sequence[T]) -> T:
    if len(chosen) != 1:
        raise NotPossible("Choose one person.")
    return chosen[0]


def _reason(request: HtmxRequest) -> str:
    return request.POST.get("reason", "").strip() or request.POST.get("quick", "")
