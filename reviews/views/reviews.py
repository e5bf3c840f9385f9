"""What the reader is asked to review."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from core.http import HtmxRequest
from reviews.queries.mine import mine


@require_GET
def reviews(request: HtmxRequest) -> HttpResponse:
    found = mine(request.user)
    context = {
        "waiting": [each for each in found if each.is_open],
        "finished": [each for each in found if not each.is_open],
    }
    return render(request, "reviews/reviews.html", context)
