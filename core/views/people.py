"""Finding people."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from core.http import HtmxRequest
from core.queries.people import people_matching


@require_GET
def matches(request: HtmxRequest) -> HttpResponse:
    """Options of a people picker: `q` the words typed, `not` those chosen already."""
    words = request.GET.get("q", "")
    people = people_matching(words, seen_by=request.user, without=request.GET.getlist("not"))
    return render(request, "core/people_matches.html", {"people": people, "words": words})
