"""Questions auditors ask, and their answers."""

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from connectors.models import App
from connectors.queries import explore as questions
from core.http import HtmxRequest
from core.queries.asked import page, words


@require_GET
def explore(request: HtmxRequest) -> HttpResponse:
    """All questions with how many rows answer each; with `question`, that one's rows."""
    asked = questions.question(request.GET.get("question", ""))
    if asked is None:
        visible = App.objects.visible_to(request.user)
        answers = [(each, each.rows(request.user).count()) for each in questions.QUESTIONS]
        context = {
            "answers": answers,
            "managed": visible.managed().count(),
            "unmanaged": visible.unmanaged().count(),
        }
        return render(request, "connectors/explore.html", context)
    typed = words(request)
    rows = questions.answer(asked, request.user, words=typed)
    answer = {"question": asked, "words": typed, "page": page(request, rows, order=asked.order)}
    return render(request, "connectors/explore_answer.html", answer)
