"""Files that people ask for: who may, what is in them, and what a killed worker leaves."""

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.http import QueryDict
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now

from core import exports
from core.actions import exports as verbs
from core.errors import Denied
from core.exports import Offer
from core.jobs.exports import make_export, sweep_exports
from core.models import Export, Organisation, TrailEvent, User

ORDER = "/downloads/order/"
PAGE = "/downloads/"
ROWS = [("Ada Lindgren", 3, None), ("Kim Sorensen", -1, True)]


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    """Where files stand during one test."""
    settings.MEDIA_ROOT = tmp_path / "files"
    return settings.MEDIA_ROOT


@pytest.fixture
def asked(monkeypatch):
    """A list on offer; what its rows were asked for. Only those with a role may have it."""
    found = []

    def rows(person, parameters):
        found.append((person, dict(parameters)))
        if not person.roles():
            raise Denied("This list is for people with a role.")
        yield from ROWS

    monkeypatch.setitem(
        exports._offers, "test.list", Offer("test.list", "People", ("Name", "Held", "Is"), rows)
    )
    return found


@pytest.fixture
def offered(monkeypatch):
    """Put rows of one's own on offer."""

    def put(rows):
        new = Offer("test.list", "People", ("Name",), lambda person, parameters: rows(person))
        monkeypatch.setitem(exports._offers, "test.list", new)

    return put


def ordered(by: User, **fields) -> Export:
    """A file that waits to be made."""
    defaults = {"kind": "test.list", "title": "People", "name": "people.csv", "by": by}
    return Export.objects.create(**{**defaults, **fields})


def made(by: User) -> Export:
    export = ordered(by)
    make_export(export.pk)
    export.refresh_from_db()
    return export


def content(export: Export) -> bytes:
    with export.file.open() as file:
        return bytes(file.read())


def left_over(folder: Path) -> list[str]:
    return [path.name for path in folder.rglob("*") if path.is_file()]


def test_an_order_waits_for_the_job_and_leads_back_to_its_page(
    asked, cast, sign_in, nudges, django_capture_on_commit_callbacks
):
    with django_capture_on_commit_callbacks(execute=True):
        reply = sign_in(cast["basic"]).post(ORDER, {"kind": "test.list", "next": "/?q=ada", "q": "ada"})

    export = Export.objects.get()
    assert reply.headers["Location"] == "/?q=ada"
    assert (export.by, export.status, export.parameters) == (cast["basic"], "queued", {"q": "ada"})
    assert nudges == [("core.make_export", export.pk)]


def test_htmx_is_told_by_a_toast(asked, cast, sign_in):
    reply = sign_in(cast["basic"]).post(ORDER, {"kind": "test.list"}, headers={"HX-Request": "true"})

    assert reply.status_code == 200
    assert "The file is being made; you find it under Downloads." in reply.content.decode()


def test_filters_are_what_the_page_had_without_its_place_in_the_list(asked, cast, sign_in):
    typed = QueryDict("kind=role&next=soon&role=a&role=b&q=&after=x&before=y&number=3&kind=test.list&next=/")

    sign_in(cast["basic"]).post(ORDER, dict(typed.lists()))

    assert Export.objects.get().parameters == {"kind": "role", "next": "soon", "role": "a,b"}


def test_asked_for_twice_while_being_made_it_is_one_file(asked, cast, sign_in):
    browser = sign_in(cast["basic"])

    for words in ("ada", "ada", "kim"):
        browser.post(ORDER, {"kind": "test.list", "q": words})

    assert sorted(export.parameters["q"] for export in Export.objects.all()) == ["ada", "kim"]


@pytest.mark.parametrize(
    ("who", "kind", "answer"), [("no_role", "test.list", 403), ("basic", "no.such", 409)]
)
def test_what_is_not_for_this_person_or_not_on_offer_is_refused_at_once(
    who, kind, answer, asked, cast, sign_in
):
    reply = sign_in(cast[who]).post(ORDER, {"kind": kind})

    assert reply.status_code == answer
    assert not Export.objects.exists()


def test_filters_without_end_are_refused(asked, cast, sign_in):
    reply = sign_in(cast["basic"]).post(ORDER, {"kind": "test.list", "q": "a" * 5000})

    assert reply.status_code == 409
    assert not Export.objects.exists()


def test_the_job_writes_the_list_as_whoever_asked(asked, cast, folder, trail):
    export = ordered(cast["basic"], parameters={"q": "ada"})

    make_export(export.pk)

    export.refresh_from_db()
    written = content(export)
    assert written == b"\xef\xbb\xbfName,Held,Is\r\nAda Lindgren,3,\r\nKim Sorensen,-1,yes\r\n"
    assert (export.status, export.rows, export.size) == ("done", 2, len(written))
    assert export.sha256 == hashlib.sha256(written).hexdigest()
    assert asked == [(cast["basic"], {"q": "ada"})]
    assert left_over(folder) == [f"{export.pk}.csv"]
    assert (folder / export.file.name).stat().st_mode & 0o777 == 0o600


def test_the_trail_tells_what_was_made(asked, cast):
    export = ordered(cast["basic"], parameters={"q": "ada"})

    make_export(export.pk)

    event, sha256 = TrailEvent.objects.get(), Export.objects.get().sha256
    assert (event.action, event.actor_name) == ("core.export_made", "Kim Sorensen")
    assert event.change == {"kind": "test.list", "filters": {"q": "ada"}, "rows": 2, "sha256": sha256}


@pytest.mark.parametrize("begins", ["=", "+", "-", "@", "\t", "\r", "\n"])
def test_no_cell_is_taken_for_a_formula(begins, offered, cast):
    offered(lambda person: [[f"{begins}cmd|' /C calc'!A0"], [[f"{begins}1", "2"]]])

    lines = content(made(cast["basic"])).decode("utf-8-sig").partition("\r\n")[2]

    assert lines.count(f"'{begins}") == 2


def test_times_are_those_of_the_organisation(offered, cast):
    Organisation.current()
    Organisation.objects.update(time_zone="Europe/Stockholm")
    offered(lambda person: [[datetime(2026, 5, 3, 12, 32, 5, tzinfo=UTC)]])

    written = content(made(cast["basic"])).decode()

    assert "2026-05-03 14:32:05+02:00" in written


def test_who_may_no_longer_see_it_gets_a_sentence_and_no_file(asked, cast, folder, trail):
    export = ordered(cast["no_role"])

    make_export(export.pk)

    export.refresh_from_db()
    assert (export.status, export.problem) == ("failed", "This list is for people with a role.")
    assert left_over(folder) == []
    assert trail() == ["core.export_failed"]


@pytest.mark.parametrize("moment", ["before", "while"])
def test_who_is_deactivated_meanwhile_gets_no_file(moment, offered, cast, folder):
    def leave(person):
        User.objects.filter(pk=person.pk).update(status=User.Status.DEACTIVATED)
        return [["Ada"]]

    export = ordered(cast["basic" if moment == "while" else "deactivated"])
    offered(leave)

    make_export(export.pk)

    export.refresh_from_db()
    assert export.status == "failed"
    assert "deactivated" in export.problem
    assert left_over(folder) == []


def test_after_five_workers_came_to_no_end_there_will_be_no_file(asked, cast, trail):
    export = ordered(cast["basic"], attempts=5)

    make_export(export.pk)

    export.refresh_from_db()
    assert (export.status, asked) == ("failed", [])
    assert "none came to its end" in export.problem


def test_what_a_killed_worker_held_is_made_by_the_next(
    asked, cast, nudges, django_capture_on_commit_callbacks
):
    export = ordered(cast["basic"], parameters={})
    assert verbs.claim(export.pk)  # and then its process was killed
    make_export(export.pk)
    assert Export.objects.get().status == "queued"
    Export.objects.update(leased_until=now() - timedelta(seconds=1))

    with django_capture_on_commit_callbacks(execute=True):
        sweep_exports()
    make_export(export.pk)

    assert nudges == [("core.make_export", export.pk)]
    assert Export.objects.get().status == "done"


def test_a_worker_that_was_too_slow_leaves_neither_file_nor_word(offered, cast, folder, trail):
    export = ordered(cast["basic"])

    def taken_over(person):
        Export.objects.update(leased_until=now() - timedelta(seconds=1))
        assert verbs.claim(export.pk)
        return [["Ada"]]

    offered(taken_over)

    make_export(export.pk)

    assert Export.objects.get().status == "queued"
    assert left_over(folder) == []
    assert trail() == []


def test_a_file_is_made_once_however_often_the_job_comes(asked, cast, trail):
    export = made(cast["basic"])

    make_export(export.pk)

    assert Export.objects.get().file.name == export.file.name
    assert len(asked) == 1
    assert trail() == ["core.export_made"]


@pytest.mark.parametrize(
    ("who", "answer"),
    [("basic", 200), ("super", 404), ("read_only", 404), ("deactivated", 302), ("stranger", 302)],
)
def test_a_file_is_for_whoever_asked_for_it(who, answer, asked, cast, sign_in):
    export = made(cast["basic"])

    reply = sign_in(cast[who]).get(f"{PAGE}{export.pk}/")

    assert reply.status_code == answer
    assert (Export.objects.get().fetched_at is not None) == (answer == 200)


def test_a_file_comes_as_an_attachment_that_nobody_keeps(asked, cast, sign_in):
    export = made(cast["basic"])

    reply = sign_in(cast["basic"]).get(f"{PAGE}{export.pk}/")

    assert b"".join(reply.streaming_content).startswith(b"\xef\xbb\xbfName")
    assert reply.headers["Content-Disposition"] == 'attachment; filename="people.csv"'
    assert reply.headers["X-Content-Type-Options"] == "nosniff"
    assert "no-store" in reply.headers["Cache-Control"]


def test_what_is_not_ready_cannot_be_fetched(cast, sign_in):
    waiting, gone = ordered(cast["basic"]), ordered(cast["basic"], status=Export.Status.EXPIRED)
    browser = sign_in(cast["basic"])

    assert [browser.get(f"{PAGE}{export.pk}/").status_code for export in (waiting, gone)] == [404, 404]


def test_a_file_that_is_gone_is_said_to_be_gone(asked, cast, sign_in):
    export = made(cast["basic"])
    export.file.storage.delete(str(export.file.name))

    reply = sign_in(cast["basic"]).get(f"{PAGE}{export.pk}/")

    assert reply.status_code == 409
    assert "This file is no longer there." in reply.content.decode()
    assert Export.objects.get().fetched_at is None


def test_a_dot_tells_of_a_file_until_it_is_fetched(asked, cast, sign_in):
    browser, other = sign_in(cast["basic"]), sign_in(cast["super"])
    export = made(cast["basic"])

    before, others = browser.get("/").content.decode(), other.get("/").content.decode()
    b"".join(browser.get(f"{PAGE}{export.pk}/").streaming_content)

    assert "r-iconbtn__dot" in before
    assert "r-iconbtn__dot" not in others
    assert "r-iconbtn__dot" not in browser.get("/").content.decode()


def test_the_page_shows_my_files_and_looks_again_while_one_is_being_made(asked, cast, sign_in):
    browser = sign_in(cast["basic"])
    empty = browser.get(PAGE).content.decode()
    mine, theirs = made(cast["basic"]), made(cast["super"])
    ready = browser.get(PAGE).content.decode()
    ordered(cast["basic"])

    busy = browser.get(PAGE, headers={"HX-Request": "true"}).content.decode()

    assert "No file yet" in empty
    assert mine.sha256 in ready
    assert theirs.pk not in ready
    assert "every 2s" not in empty + ready
    assert "every 2s" in busy
    assert "<html" not in busy


def test_the_page_asks_the_same_number_of_questions_for_few_files_and_for_many(cast, sign_in):
    browser, counts = sign_in(cast["basic"]), []
    browser.get(PAGE)

    for number in (1, 30):
        for _ in range(number):
            ordered(cast["basic"])
        with CaptureQueriesContext(connection) as asked:
            browser.get(PAGE)
        counts.append(len(asked))

    assert counts[0] == counts[1]
