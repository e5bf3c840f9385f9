"""What the desk shows at an address: the walk at the side, a page of lines, how far one is."""

from collections.abc import Sequence
from typing import Any

from django.http import QueryDict
from django.utils.http import urlencode

from core.http import HtmxRequest
from core.models import User
from core.models.keys import folded
from core.queries.asked import words
from reviews.actions import marks
from reviews.models import Campaign
from reviews.queries import desk as reads
from reviews.queries.desk_columns import CHOICES, chosen, columns_in
from reviews.queries.earlier import earlier_campaigns, with_freshness
from reviews.queries.sheets import Place, sheet
from reviews.queries.shown import shown_now, token_of
from reviews.queries.standing_in import standing
from reviews.queries.stops import CHANGED, CLOSER, DONE, READY, REST, STOPS, Stop, stops
from reviews.views.own import SHOWS, show_of, view_of

SECTIONS = {
    CLOSER: "Look closer first",
    CHANGED: "New or changed",
    REST: "Unchanged",
    READY: "Done, not yet submitted",
    DONE: "Submitted",
}
FIRST = "To review"
"""What the rest is called where no campaign came before."""
NOUNS = {
    reads.PERSON: ("person", "People"),
    reads.APP: ("application", "Applications"),
    reads.ENTITLEMENT: ("entitlement", "Entitlements"),
    reads.RESOURCE: ("resource", "Resources"),
    reads.FLAT: ("line", "Lines"),
}
"""What one walks through, one and several."""


def page_of(request: HtmxRequest, campaign: Campaign) -> dict[str, Any]:
    """All of the page at this address."""
    person, view, show = request.user, view_of(request, campaign), show_of(request, campaign)
    earlier = earlier_campaigns(campaign)
    every = stops(campaign, person, view, earlier=earlier)
    here = _stop_of(every, request.GET.get("of", ""))
    turns = _turns(campaign, person, view, show, here)
    shown = sheet(campaign, person, turns, view=view, earlier=earlier, place=_place_of(request))
    seen = shown_now(campaign, view, columns_in(view, person), shown.lines)
    return {
        **_common(request, campaign, view, show, here),
        **_walk(request, every, here, show, is_first=not earlier),
        "views": reads.VIEWS.items(),
        "shows": SHOWS.items(),
        "earlier": earlier[0] if earlier else None,
        "sheet": shown,
        "shown": token_of(seen, campaign, person),
        "next": _next(every, here),
        "instructions": reads.instructions(campaign),
        "standing": standing(campaign, person),
    }


def page_of_lines(request: HtmxRequest, campaign: Campaign, lines: Sequence[int]) -> dict[str, Any]:
    """Of the page at this address just these lines, how far one is, and the stop at hand."""
    person, view, show = request.user, view_of(request, campaign), show_of(request, campaign)
    earlier, key = earlier_campaigns(campaign), request.GET.get("of", "")
    here = _stop_of(stops(campaign, person, view, earlier=earlier, only=key), key)
    turns = _turns(campaign, person, view, show, here).filter(line_no__in=lines)
    rows = list(reads.whole(with_freshness(turns, earlier)))
    return {
        **_common(request, campaign, view, show, here),
        "changed": reads.drawn(campaign, person, rows, earlier=earlier),
        "words": words(request),
    }


def _common(
    request: HtmxRequest, campaign: Campaign, view: str, show: str, here: Stop | None
) -> dict[str, Any]:
    person = request.user
    noun, nouns = NOUNS[view]
    context = {
        "campaign": campaign,
        "is_open": campaign.status == Campaign.Status.RUNNING,
        "view": view,
        "noun": noun,
        "nouns": nouns,
        "names_holder": view in reads.HOLDERS,
        "show": show,
        "bar": reads.bar(campaign, person),
        "here": here,
        "place": _place(view, show, here, request.GET),
        "quick": marks.QUICK,
    }
    if view != reads.FLAT:
        return context
    on = chosen(person)
    every = [(name, label, name in on) for name, label in CHOICES.items()]
    return {**context, "columns": [(name, CHOICES[name]) for name in on], "every_column": every}


def _turns(campaign: Campaign, person: User, view: str, show: str, here: Stop | None) -> reads.Turns:
    turns = reads.own_turns(campaign, person, also_done=show == "all")
    if view == reads.FLAT:
        return turns
    return reads.at_stop(turns, view, here.key) if here else turns.none()


def _place(view: str, show: str, here: Stop | None, asked: QueryDict) -> str:
    """The query of this page, complete: forms and links keep to it."""
    kept = {name: asked.get(name, "") for name in ("after", "before", "number", "q", "walk")}
    said = {"view": view, "show": show, "of": here.key if here else "", **kept}
    return urlencode({name: value for name, value in said.items() if value})


def _place_of(request: HtmxRequest) -> Place:
    asked = request.GET
    return Place(asked.get("after", ""), asked.get("before", ""), _small(asked.get("number", "")))


def _small(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 8 else 0


def _stop_of(every: Sequence[Stop], key: str) -> Stop | None:
    """The one of the address, else the first with something open."""
    named = next((each for each in every if each.key == key), None)
    return named or next((each for each in every if each.open), None) or (every[0] if every else None)


def _next(every: Sequence[Stop], here: Stop | None) -> Stop | None:
    """The next one with something open, round the end."""
    if here is None:
        return None
    at = next((number for number, each in enumerate(every) if each.key == here.key), 0)
    others = [*every[at + 1 :], *every[:at]]
    return next((each for each in others if each.open), None)


def _walk(
    request: HtmxRequest, every: Sequence[Stop], here: Stop | None, show: str, *, is_first: bool
) -> dict[str, Any]:
    """One page of the list at the side: that of the stop at hand, unless the address names another."""
    wanted = words(request)
    found = _found(every, wanted, show, here)
    at = next((number for number, each in enumerate(found) if each is here), 0)
    last = max(len(found) - 1, 0) // STOPS + 1
    page = min(_small(request.GET.get("walk", "")) or at // STOPS + 1, last)
    return {
        "sections": _sections(found, found[(page - 1) * STOPS : page * STOPS], is_first=is_first),
        "walk_page": page,
        "walk_pages": last,
        "numbers": {"open": sum(bool(each.open) for each in every), "all": len(every)},
        "words": wanted,
    }


def _found(every: Sequence[Stop], wanted: str, show: str, here: Stop | None) -> Sequence[Stop]:
    """Those to show in the list at the side: the one at hand always."""
    parts = folded(wanted).split()
    return [
        each
        for each in every
        if (each.open or each.marked or show == "all" or each is here)
        and (not parts or all(part in folded(each.name, each.sub) for part in parts))
    ]


def _sections(
    found: Sequence[Stop], shown: Sequence[Stop], *, is_first: bool
) -> Sequence[tuple[str, int, Sequence[Stop]]]:
    """Label, number of stops, and those of them to show."""
    named = {**SECTIONS, REST: FIRST} if is_first else SECTIONS
    parts = [
        (label, sum(each.section == key for each in found), [each for each in shown if each.section == key])
        for key, label in named.items()
    ]
    return [part for part in parts if part[2]]
