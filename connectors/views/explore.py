"""Questions auditors ask, and their answers."""

from collections.abc import Sequence

from django.http import HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from connectors.models import App
from connectors.queries import explore as questions
from core.http import HtmxRequest
from core.models import User
from core.queries.asked import page, words
from core.queries.people import person_counts


@require_GET
def explore(request: HtmxRequest) -> HttpResponse:
    """All questions with how many rows answer each; with `question`, that one's rows."""
    asked = questions.question(request.GET.get("question", ""))
    if asked is None:
        visible = App.objects.visible_to(request.user)
        answers = [(each, each.rows(request.user).count()) for each in questions.QUESTIONS]
        context = {
            "answers": answers,
            "people": _people(request.user),
            "managed": visible.managed().count(),
            "unmanaged": visible.unmanaged().count(),
        }
        return render(request, "connectors/explore.html", context)
    typed = words(request)
    rows = questions.answer(asked, request.user, words=typed)
    answer = {"question": asked, "words": typed, "page": page(request, rows, order=asked.order)}
    return render(request, "connectors/explore_answer.html", answer)


def _people(user: User) -> Sequence[tuple[str, str, str, int]]:
    """The questions about people, each with its number; none for who may not see everybody."""
    if not user.is_administrator:
        return ()
    numbers = person_counts(user)
    return [(only, title, sentence, numbers[only]) for only, title, sentence in questions.PEOPLE]
