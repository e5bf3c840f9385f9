"""The review desk: walk through people or entitlements, mark line after line, nothing final before submit."""

from collections.abc import Sequence
from typing import Any

from django.contrib import messages
from django.http import Http404, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_GET, require_POST

from core.http import HtmxRequest
from core.http.request import lead
from core.models.keys import folded
from core.queries.asked import words
from reviews.actions import marks
from reviews.models import Campaign, Turn
from reviews.queries import desk as reads
from reviews.queries.earlier import FRESH, KNOWN, earlier_campaigns, in_order, with_freshness
from reviews.views.desk_lines import details_of
from reviews.views.marking import Act, act_of
from reviews.views.own import SHOWS, own_campaign, show_of, view_of

SECTIONS = {
    reads.CLOSER: "Look closer first",
    reads.CHANGED: "New or changed",
    reads.REST: "Unchanged",
    reads.READY: "Done, not yet submitted",
    reads.DONE: "Submitted",
}
FIRST = "To review"
"""What the rest is called where no campaign came before."""


@require_GET
def desk(request: HtmxRequest, pk: str) -> HttpResponse:
    return render(request, "reviews/desk.html", page_of(request, own_campaign(request, pk)))


@require_POST
def mark(request: HtmxRequest, pk: str) -> HttpResponse:
    """Every button of the desk but Submit. The query of the address says which page of it is open."""
    campaign = own_campaign(request, pk)
    act = act_of(request.POST, lambda: _lines_of_group(request, campaign))
    if act.what == "open":
        return _opened(request, campaign, act.lines[0])
    if act.what == "give":
        query = urlencode({"line": act.lines}, doseq=True)
        return lead(request, f"{reverse('reviews:give', args=[campaign.pk])}?{query}")
    marks.come_in(campaign, by=request.user)
    said = _carry_out(request, campaign, act) if act.what != "came" else ""
    if not request.htmx:
        if said:
            messages.warning(request, said)
        return redirect(f"{_address(request, campaign)}{f'#line-{act.lines[0]}' if act.lines else ''}")
    context = page_of(request, campaign, only=act.lines if len(act.lines) == 1 else None)
    return render(request, "reviews/desk_answer.html", {**context, "said": said, "acted": act.what})


def page_of(request: HtmxRequest, campaign: Campaign, *, only: Sequence[int] | None = None) -> dict[str, Any]:
    """What the desk shows at this address; `only`: of its lines just these, of its stops the one at hand."""
    person, asked = request.user, request.GET
    view, show = view_of(request, campaign), show_of(request, campaign)
    earlier = earlier_campaigns(campaign)
    key = asked.get("of", "")
    stops = reads.stops(campaign, person, view, earlier=earlier, only=key if only else "")
    here = _stop_of(stops, key)
    turns = reads.own_turns(campaign, person, also_done=show == "all")
    if view != reads.FLAT:
        turns = reads.at_stop(turns, view, here.key) if here else turns.none()
    context = {
        "campaign": campaign,
        "is_open": campaign.status == Campaign.Status.RUNNING,
        "view": view,
        "views": reads.VIEWS.items(),
        "show": show,
        "shows": SHOWS.items(),
        "bar": reads.bar(campaign, person),
        "here": here,
        "place": _place(view, show, here, asked),
        "earlier": earlier[0] if earlier else None,
        "quick": marks.QUICK,
    }
    if only is not None:
        rows = turns.filter(line_no__in=only).select_related("task", "on_behalf_of")
        rows = with_freshness(rows, earlier)
        return {**context, "changed": reads.drawn(campaign, person, list(rows), earlier=earlier)}
    found = _found(stops, words(request), show, here)
    return {
        **context,
        "sheet": _sheet(request, campaign, turns, earlier),
        "sections": _sections(found, here, is_first=not earlier),
        "hidden": max(len(found) - reads.STOPS, 0),
        "numbers": {"open": sum(bool(each.open) for each in stops), "all": len(stops)},
        "next": _next(stops, here),
        "words": words(request),
        "instructions": reads.instructions(campaign),
    }


def _carry_out(request: HtmxRequest, campaign: Campaign, act: Act) -> str:
    """Does it, and answers what the reviewer must be told beyond what they see."""
    person = request.user
    if act.what == "undo-last":
        done = marks.undo_last(campaign, by=person)
    elif act.what == "undo":
        done = marks.undo(campaign, act.lines, by=person)
    elif act.what == "say":
        done = marks.say(campaign, act.reasons, by=person)
    else:
        seen = reads.seen_by(campaign, person, view_of(request, campaign), act.lines)
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


def _lines_of_group(request: HtmxRequest, campaign: Campaign) -> dict[int, list[int]]:
    """The open lines of the stop at hand by freshness, on whatever page they are."""
    turns = reads.own_turns(campaign, request.user, also_done=False)
    turns = reads.at_stop(turns, view_of(request, campaign), request.GET.get("of", ""))
    found: dict[int, list[int]] = {FRESH: [], KNOWN: []}
    for line_no, freshness in in_order(turns, earlier_campaigns(campaign)):
        found[freshness].append(line_no)
    return found


def _address(request: HtmxRequest, campaign: Campaign) -> str:
    query = request.GET.urlencode()
    return reverse("reviews:desk", args=[campaign.pk]) + (f"?{query}" if query else "")


def _place(view: str, show: str, here: reads.Stop | None, asked: QueryDict) -> str:
    """The query of this page, complete: forms and links keep to it."""
    kept = {name: asked.get(name, "") for name in ("after", "before", "number", "q")}
    said = {"view": view, "show": show, "of": here.key if here else "", **kept}
    return urlencode({name: value for name, value in said.items() if value})


def _stop_of(stops: Sequence[reads.Stop], key: str) -> reads.Stop | None:
    """The one of the address, else the first with something open."""
    named = next((each for each in stops if each.key == key), None)
    return named or next((each for each in stops if each.open), None) or (stops[0] if stops else None)


def _next(stops: Sequence[reads.Stop], here: reads.Stop | None) -> reads.Stop | None:
    """The next one with something open, round the end."""
    if here is None:
        return None
    at = next((number for number, each in enumerate(stops) if each.key == here.key), 0)
    others = [*stops[at + 1 :], *stops[:at]]
    return next((each for each in others if each.open), None)


def _found(
    stops: Sequence[reads.Stop], wanted: str, show: str, here: reads.Stop | None
) -> Sequence[reads.Stop]:
    """Those to show in the list at the side: the one at hand always."""
    parts = folded(wanted).split()
    return [
        each
        for each in stops
        if (each.open or each.marked or show == "all" or each is here)
        and all(part in folded(each.name, each.sub) for part in parts)
    ]


def _sections(
    found: Sequence[reads.Stop], here: reads.Stop | None, *, is_first: bool
) -> Sequence[tuple[str, int, Sequence[reads.Stop]]]:
    """Label, number of stops, and those of them to show. Of very many the first, and the one at hand."""
    shown = [*found[: reads.STOPS], *(each for each in found[reads.STOPS :] if each is here)]
    named = {**SECTIONS, reads.REST: FIRST} if is_first else SECTIONS
    parts = [
        (label, sum(each.section == key for each in found), [each for each in shown if each.section == key])
        for key, label in named.items()
    ]
    return [part for part in parts if part[2]]


def _sheet(
    request: HtmxRequest, campaign: Campaign, turns: reads.Turns, earlier: Sequence[Campaign]
) -> reads.Sheet:
    number = request.GET.get("number", "")
    return reads.sheet(
        campaign,
        request.user,
        turns,
        earlier=earlier,
        after=request.GET.get("after", ""),
        before=request.GET.get("before", ""),
        number=int(number) if number.isascii() and number.isdigit() and len(number) < 8 else 0,
    )
