"""Home: what waits comes first, then the set-up, then the doors of a console with nothing in it."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core import panels
from core.panels import Panel
from tests.make import make_user


@pytest.fixture
def waiting(monkeypatch):
    panel = Panel(1, "components/toast.html", lambda request, details: {"sentence": "A sync was held"})
    monkeypatch.setitem(panels._slots, "home", [panel])


def test_what_waits_stands_before_the_set_up_and_the_doors(waiting, cast, sign_in):
    page = sign_in(cast["super"]).get("/").content.decode()

    places = [page.index(words) for words in ("A sync was held", "Choose a door", "Set up Reeve")]
    assert places == sorted(places)


def test_while_the_set_up_is_open_home_does_not_say_that_nothing_waits(cast, sign_in):
    page = sign_in(cast["super"]).get("/").content.decode()

    assert "Nothing waits for you" not in page
    assert "Nothing but the set-up below." in page


def test_more_people_do_not_cost_more_questions(cast, sign_in):
    browser, counts = sign_in(cast["super"]), []
    browser.get("/")

    for number in (0, 20):
        for _ in range(number):
            make_user()
        with CaptureQueriesContext(connection) as asked:
            browser.get("/")
        counts.append(len(asked))

    assert counts[0] == counts[1]
