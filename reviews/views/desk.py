"""The review desk: walk through people or access, mark line after line, nothing final before submit."""

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from core.actions.columns import choose_columns, reset_columns
from core.errors import DomainError
from core.http import HtmxRequest, onward
from core.http.request import lead
from reviews.actions import marks
from reviews.models import Campaign, Turn
from reviews.queries import desk as reads
from reviews.queries.desk_columns import CHOICES, TABLE
from reviews.queries.earlier import earlier_campaigns
from reviews.queries.sheets import lines_of_group
from reviews.queries.shown import Outdated, Shown, shown_by, token_of
from reviews.views.desk_lines import details_of
from reviews.views.desk_page import page_of, page_of_lines
from reviews.views.marking import Act, act_of, reasons_in
from reviews.views.own import own_campaign, view_of

ELSEWHERE = {"give": "reviews:give", "comment": "reviews:comment_several"}
"""Acts on ticked lines that have a page of their own."""


@require_GET
def desk(request: HtmxRequest, pk: str) -> HttpResponse:
    return render(request, "reviews/desk.html", page_of(request, own_campaign(request, pk)))


@require_POST
def columns(request: HtmxRequest, pk: str) -> HttpResponse:
    """Which columns one list shows to its reader. `column`, several times; `reset` for the default ones."""
    own_campaign(request, pk)
    if "reset" in request.POST:
        reset_columns(request.user, TABLE)
    else:
        choose_columns(request.user, TABLE, request.POST.getlist("column"), known=CHOICES)
    return redirect(onward(request))


@require_POST
def mark(request: HtmxRequest, pk: str) -> HttpResponse:
    """Every button of the desk but Submit. The query of the address says which page of it is open."""
    campaign = own_campaign(request, pk)
    act = act_of(request.POST, lambda key: _lines_of_group(request, campaign, key))
    if act.what == "open":
        return _opened(request, campaign, act.lines[0])
    if act.what in ELSEWHERE:
        query = urlencode({"line": act.lines}, doseq=True)
        return lead(request, f"{reverse(ELSEWHERE[act.what], args=[campaign.pk])}?{query}")
    marks.come_in(campaign, by=request.user)
    try:
        said = _carry_out(request, campaign, act)
    except Outdated as refused:
        return _renewed(request, campaign, act, str(refused))
    return _answered(request, campaign, act, said)


def _answered(request: HtmxRequest, campaign: Campaign, act: Act, said: str) -> HttpResponse:
    if not request.htmx:
        if said:
            messages.warning(request, said)
        return redirect(f"{_address(request, campaign)}{f'#line-{act.lines[0]}' if act.lines else ''}")
    before = _shown(request, campaign)
    if len(act.lines) != 1 or before is None:
        context = page_of(request, campaign)
    else:
        context = page_of_lines(request, campaign, act.lines)
        token = token_of(before.also(context["changed"]), campaign, request.user)
        context |= {"shown": token}
    return render(
        request, "reviews/desk_answer.html", {**context, **_drawer(request, campaign), "said": said}
    )


def _renewed(request: HtmxRequest, campaign: Campaign, act: Act, said: str) -> HttpResponse:
    """The same page as it is now, with what was typed and ticked on the old one."""
    marks.say(campaign, _typed(request, act), by=request.user)
    if "drawer" in request.POST and not request.htmx:
        messages.warning(request, said)
        return redirect(
            reverse("reviews:line", args=[campaign.pk, act.lines[0]]) + f"?{request.GET.urlencode()}"
        )
    kept = {"ticked": _ticked(request), "bulk_reason": request.POST.get("bulk_reason", "")}
    context = {**page_of(request, campaign), **kept}
    if request.htmx:
        context |= {**_drawer(request, campaign), "said": said}
        return render(request, "reviews/desk_answer.html", context)
    messages.warning(request, said)
    return render(request, "reviews/desk.html", context, status=Outdated.status)


def _ticked(request: HtmxRequest) -> set[int]:
    return {int(each) for each in request.POST.getlist("line") if each.isascii() and each.isdigit()}


def _typed(request: HtmxRequest, act: Act) -> dict[int, str]:
    """Reasons of the old page, that of the act among them where it was about a single line."""
    found = dict(reasons_in(request.POST))
    return found | ({act.lines[0]: act.reason} if len(act.lines) == 1 and act.reason else {})


def _drawer(request: HtmxRequest, campaign: Campaign) -> dict[str, object]:
    """The details once more, where the button was among them."""
    number = request.POST.get("drawer", "")
    if not (number.isascii() and number.isdigit() and len(number) < 10):
        return {}
    return {"drawer": details_of(request, campaign, int(number))}


def _shown(request: HtmxRequest, campaign: Campaign) -> Shown | None:
    """What the list showed, if the request brought it: the drawer has only its own line."""
    if "drawer" in request.POST:
        return None
    try:
        return shown_by(request.POST.get("shown", ""), campaign, request.user)
    except DomainError:
        return None


def _carry_out(request: HtmxRequest, campaign: Campaign, act: Act) -> str:
    """Does it, and answers what the reviewer must be told beyond what they see. Raises Outdated."""
    person = request.user
    if act.what == "undo-last":
        done = marks.undo_last(campaign, by=person)
    elif act.what == "undo":
        done = marks.undo(campaign, act.lines, by=person)
    elif act.what == "say":
        done = marks.say(campaign, act.reasons, by=person)
    else:
        marks.must_be_open(campaign)
        seen = shown_by(request.POST.get("shown", ""), campaign, person).seen(act.lines)
        done = marks.mark(campaign, act.lines, act.outcome, by=person, reason=act.reason, seen=seen)
    return done.sentence


def _opened(request: HtmxRequest, campaign: Campaign, line_no: int) -> HttpResponse:
    """Keeps that the details were opened, and shows them: beside the list, or on a page of their own."""
    turns = Turn.objects.filter(campaign=campaign, line_no=line_no, reviewer=request.user)
    turn = turns.order_by("-pk").first()
    if turn is None:
        raise Http404
    marks.open_line(turn, by=request.user)
    if not request.htmx:
        query = f"?{request.GET.urlencode()}" if request.GET else ""
        return redirect(reverse("reviews:line", args=[campaign.pk, line_no]) + query)
    context = details_of(request, campaign, line_no)
    return render(request, "reviews/desk_drawer.html", {**context, "is_swapped": True})


def _lines_of_group(request: HtmxRequest, campaign: Campaign, key: str) -> list[int]:
    """The open lines of a group of the stop at hand, on whatever page they are."""
    view = view_of(request, campaign)
    turns = reads.own_turns(campaign, request.user, also_done=False)
    turns = reads.at_stop(turns, view, request.GET.get("of", ""))
    return lines_of_group(turns, view, key, earlier_campaigns(campaign))


def _address(request: HtmxRequest, campaign: Campaign) -> str:
    query = request.GET.urlencode()
    return reverse("reviews:desk", args=[campaign.pk]) + (f"?{query}" if query else "")
