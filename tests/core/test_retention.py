"""How long things are kept, and what the daily job takes away."""

import os
import time
from datetime import timedelta

import pytest
from axes.models import AccessAttempt
from django.contrib.sessions.models import Session
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import IntegrityError, transaction
from django.utils.timezone import now

from core.actions import retention
from core.errors import Denied
from core.jobs.retention import prune
from core.models import Export, Organisation, OutgoingMail, TrailEvent, User
from tests.make import make_letter

PAGE = "/settings/retention/"
DAYS = {"keep_letters_days": "400", "keep_log_days": "400", "keep_downloads_days": "30"}
OLD, YOUNG = timedelta(days=401), timedelta(days=399)


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    return tmp_path


@pytest.fixture
def pruned(db, django_capture_on_commit_callbacks):
    """The job, with what it does after commit."""

    def run():
        with django_capture_on_commit_callbacks(execute=True):
            prune()

    return run


def typed(**changes: str) -> dict[str, str]:
    return {**DAYS, "changed_at": Organisation.current().changed_at.isoformat(), **changes}


def download(by: User, age: timedelta, **fields) -> Export:
    """A file that was made so long ago."""
    defaults = {"status": Export.Status.DONE, "sha256": "ab", "ended_at": now() - age}
    export = Export.objects.create(
        kind="test", title="People", name="people.csv", by=by, **{**defaults, **fields}
    )
    export.file.save(f"{export.pk}.csv", ContentFile(b"Ada"))
    return export


@pytest.mark.parametrize(
    ("who", "answer"), [("super", 302), ("read_only", 403), ("connector_admin", 403), ("basic", 403)]
)
def test_only_a_super_administrator_lengthens(who, answer, cast, sign_in, trail):
    reply = sign_in(cast[who]).post(PAGE, typed(keep_letters_days="800"))

    allowed = who == "super"
    assert reply.status_code == answer
    assert Organisation.current().keep_letters_days == (800 if allowed else 400)
    assert trail() == (["core.retention_lengthened"] if allowed else [])


def test_the_verb_refuses_whoever_comes_past_the_page(cast):
    with pytest.raises(Denied):
        retention.lengthen(by=cast["read_only"], seen=Organisation.current().changed_at, keep_log_days=900)


def test_the_trail_tells_before_and_after(cast, sign_in):
    sign_in(cast["super"]).post(PAGE, typed(keep_downloads_days="60"))

    assert TrailEvent.objects.get().change == {"keep_downloads_days": {"before": 30, "after": 60}}


@pytest.mark.parametrize("name", DAYS)
def test_nothing_is_ever_shortened(name, cast, sign_in, trail):
    Organisation.current()
    Organisation.objects.update(**dict.fromkeys(DAYS, 1000))

    reply = sign_in(cast["super"]).post(PAGE, typed(**dict.fromkeys(DAYS, "2000")) | {name: "999"})

    page = reply.content.decode()
    assert reply.status_code == 422
    assert "may be lengthened, never shortened: it is 1,000 days now" in page
    assert 'value="999"' in page
    assert Organisation.current().keep_log_days == 1000
    assert trail() == []


@pytest.mark.parametrize("name", DAYS)
def test_the_database_too_refuses_less_than_was_promised(name, db):
    Organisation.current()

    with pytest.raises(IntegrityError), transaction.atomic():
        Organisation.objects.update(**{name: int(DAYS[name]) - 1})


@pytest.mark.parametrize("value", ["", "long", "-1", "99999999999"])
def test_what_is_no_number_of_days_is_refused(value, cast, sign_in):
    reply = sign_in(cast["super"]).post(PAGE, typed(keep_log_days=value))

    assert reply.status_code == 422
    assert Organisation.current().keep_log_days == 400


def test_who_saves_after_somebody_else_sees_both(cast, sign_in):
    mine = typed(keep_log_days="500")
    browser = sign_in(cast["super"])
    browser.post(PAGE, typed(keep_log_days="600"))

    reply = browser.post(PAGE, mine)

    page = reply.content.decode()
    assert reply.status_code == 409
    assert '<td data-label="You typed">500</td>' in page
    assert '<td data-label="Saved now">600</td>' in page


def test_an_auditor_sees_the_table_alone(cast, sign_in):
    page = sign_in(cast["read_only"]).get(PAGE).content.decode()

    assert "Never deleted." in page
    assert 'name="keep_log_days"' not in page


@pytest.mark.parametrize(
    ("age", "status", "is_blanked"),
    [
        (OLD, OutgoingMail.Status.SENT, True),
        (OLD, OutgoingMail.Status.FAILED, True),
        (OLD, OutgoingMail.Status.DROPPED, True),
        (OLD, OutgoingMail.Status.QUEUED, False),
        (YOUNG, OutgoingMail.Status.SENT, False),
    ],
)
def test_the_text_of_old_letters_goes_and_the_rest_stays(age, status, is_blanked, pruned, trail):
    letter = make_letter(created_at=now() - age, status=status)

    pruned()

    left = OutgoingMail.objects.get()
    assert (left.text, left.html) == (("No longer kept.", "") if is_blanked else (letter.text, letter.html))
    assert (left.subject, left.to, left.status) == (letter.subject, letter.to, status)
    assert trail() == (["core.letters_blanked"] if is_blanked else [])


def test_letters_are_kept_for_as_long_as_the_settings_say(pruned):
    Organisation.current()
    Organisation.objects.update(keep_letters_days=36_500)
    make_letter(created_at=now() - timedelta(days=20_000), status=OutgoingMail.Status.SENT)

    pruned()

    assert OutgoingMail.objects.get().html


def test_old_downloads_end_and_their_files_go(cast, folder, pruned, trail):
    old, young = download(cast["basic"], timedelta(days=31)), download(cast["basic"], timedelta(days=29))

    pruned()

    old.refresh_from_db()
    young.refresh_from_db()
    assert (old.status, old.file.name, old.sha256) == ("expired", "", "ab")
    assert young.status == "done"
    assert [path.name for path in folder.rglob("*.csv")] == [f"{young.pk}.csv"]
    assert trail() == ["core.downloads_expired"]


def test_a_file_that_a_killed_worker_left_goes_a_day_later(cast, folder, pruned, trail):
    known = download(cast["basic"], timedelta(days=1))
    fresh, stray = default_storage.save("exports/a.csv", ContentFile(b"")), "exports/b.csv"
    default_storage.save(stray, ContentFile(b""))
    (folder / "export-x.part").write_text("half")
    yesterday = time.time() - 25 * 3600
    for path in (folder / stray, folder / known.file.name, folder / "export-x.part"):
        os.utime(path, (yesterday, yesterday))

    pruned()

    left = sorted(str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file())
    assert left == sorted([fresh, str(known.file.name)])
    assert trail() == []


def test_sessions_that_ended_and_old_failures_to_sign_in_go(pruned, trail):
    for key, end in (("over", now() - timedelta(seconds=1)), ("open", now() + timedelta(hours=1))):
        Session.objects.create(session_key=key, session_data="", expire_date=end)
    for name in ("old", "new"):
        AccessAttempt.objects.create(username=name, failures_since_start=1)
    AccessAttempt.objects.filter(username="old").update(attempt_time=now() - timedelta(hours=25))

    pruned()

    assert list(Session.objects.values_list("pk", flat=True)) == ["open"]
    assert list(AccessAttempt.objects.values_list("username", flat=True)) == ["new"]
    assert trail() == []


def test_much_is_taken_away_in_batches_and_the_next_run_finds_nothing(pruned, trail, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 2)
    for _ in range(5):
        make_letter(created_at=now() - OLD, status=OutgoingMail.Status.SENT)

    pruned()
    pruned()

    events = TrailEvent.objects.order_by("pk")
    assert [event.change["count"] for event in events] == [2, 2, 1]
    assert not OutgoingMail.objects.exclude(text="No longer kept.").exists()


def test_killed_between_two_batches_the_next_run_goes_on(db, pruned, monkeypatch):
    monkeypatch.setattr(retention, "BATCH", 2)
    for _ in range(3):
        make_letter(created_at=now() - OLD, status=OutgoingMail.Status.SENT)
    retention.blank_letters()  # and then its process was killed

    pruned()

    assert OutgoingMail.objects.filter(text="No longer kept.", html="").count() == 3
