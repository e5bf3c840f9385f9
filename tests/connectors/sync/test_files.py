"""Files from the hand of an owner into the graph: kept, checked, read, replaced."""

import hashlib
from pathlib import Path
from typing import Any

import pytest

from connectors import jobs
from connectors.actions import runs, trying
from connectors.actions import settings as verbs
from connectors.actions.settings import Upload
from connectors.contract import BadSettings, DriverError
from connectors.models import Account, Connector, Entitlement, Grant, Resource, SettingsCandidate, SyncRun
from connectors.sync import uploads
from core.errors import Denied
from core.models import TrailEvent
from tests.make import make_account, make_connector, make_user

PEOPLE = b"User ID,Email,Name\n1,ada@x.example,Ada\n2,bo@x.example,Bo\n"
ACCESS = (
    b"User ID,Resource Type,Resource Name,Entitlement\n"
    b"1,Role,Buyer,Member\n2,Role,Buyer,Member\n1,Cost centre,Rome,Approver\n"
)
TYPED = {"system": "Old payroll"}
Status = SettingsCandidate.Status


@pytest.fixture(autouse=True)
def folder(settings: Any, tmp_path: Path) -> Path:
    settings.MEDIA_ROOT = tmp_path / "files"
    return tmp_path / "files"


@pytest.fixture
def fresh(owner, nudges) -> Connector:
    return make_connector(owner, name="Payroll", driver="file")


def hand_in(connector, owner, accounts: bytes | None = PEOPLE, access: bytes | None = ACCESS, **typed: str):
    """What saving the form does, and the worker that checks it."""
    files = {}
    if accounts is not None:
        files["accounts"] = Upload("people.csv", accounts)
    if access is not None:
        files["access"] = Upload("access.csv", access)
    candidate = verbs.save(connector, by=owner, typed={**TYPED, **typed}, files=files)
    jobs.check_settings(candidate.pk)
    candidate.refresh_from_db()
    connector.refresh_from_db()
    return candidate


def run_on(connector) -> SyncRun:
    """The run that began by itself, to its end."""
    run = SyncRun.objects.get(connector=connector, status=SyncRun.Status.QUEUED)
    jobs.run_sync(str(run.pk))
    run.refresh_from_db()
    connector.refresh_from_db()
    return run


def grants():
    """Open ones, but for Access, which follows from the accounts."""
    return Grant.objects.here().exclude(entitlement__kind="credential").count()


def here(table) -> list[str]:
    rows = table.objects.here() if table is Account else table.objects.here().exclude(kind="credential")
    return sorted(rows.values_list("external_id", flat=True))


def test_files_that_work_are_in_force_and_read_at_once(fresh, owner, folder):
    candidate = hand_in(fresh, owner)
    run = run_on(fresh)

    digest = hashlib.sha256(PEOPLE).hexdigest()
    assert (candidate.status, candidate.problem) == (Status.PROMOTED, "")
    assert fresh.source == "file:old payroll"
    assert fresh.settings["accounts"] == f"{digest}/people.csv"
    assert (folder / "uploads" / fresh.pk / digest).read_bytes() == PEOPLE
    assert (run.status, run.problem, run.kinds) == (SyncRun.Status.DONE, "", ["user", "*"])
    assert here(Account) == ["1", "2"]
    assert here(Entitlement) == ["cost centre:rome:approver", "role:buyer:member"]
    assert grants() == 3
    assert next(call.sha256 for call in run.calls.order_by("pk")) == digest


def test_files_are_not_read_again_by_themselves(fresh, owner):
    hand_in(fresh, owner)
    run_on(fresh)

    jobs.sweep()

    assert fresh.next_run_at is None
    assert SyncRun.objects.count() == 1


def test_the_check_says_what_is_in_the_files(fresh, owner):
    hand_in(fresh, owner, access=ACCESS + b"9,Role,Buyer,Member\n")

    told = {line["text"]: line["level"] for line in fresh.said}
    assert told["people.csv: 2 accounts."] == "info"
    assert told["access.csv: 3 grants on 2 entitlements."] == "info"
    assert [text for text, level in told.items() if level == "warn" and "left out" in text]


def test_a_replaced_file_starts_a_run_and_the_rows_stay_the_same(fresh, owner):
    hand_in(fresh, owner)
    run_on(fresh)
    before = dict(Account.objects.values_list("external_id", "pk"))

    hand_in(fresh, owner, accounts=PEOPLE + b"3,cy@x.example,Cy\n", access=None)
    run = run_on(fresh)

    after = dict(Account.objects.values_list("external_id", "pk"))
    assert run.status == SyncRun.Status.DONE
    assert after.items() >= before.items()
    assert here(Account) == ["1", "2", "3"]
    assert grants() == 3  # the access file was kept


def test_the_trail_names_the_setting_whose_file_was_replaced(fresh, owner):
    hand_in(fresh, owner)
    hand_in(fresh, owner, accounts=None, access=ACCESS + b"2,Role,Boss,Member\n")

    event = TrailEvent.objects.filter(action="connectors.settings_saved").latest("pk")
    assert event.change == {"changed": ["access"]}


def test_a_resource_type_that_the_files_name_no_more_is_gone(fresh, owner):
    hand_in(fresh, owner)
    run_on(fresh)

    hand_in(fresh, owner, accounts=None, access=b"\n".join(ACCESS.splitlines()[:3]))
    run = run_on(fresh)

    assert run.status == SyncRun.Status.DONE
    assert here(Resource) == ["role:buyer"]
    assert here(Entitlement) == ["role:buyer:member"]
    assert run.changes["cost centre"] == {"new": 0, "changed": 0, "gone": 1}
    assert grants() == 2


def test_without_an_access_file_nobody_loses_access(fresh, owner):
    hand_in(fresh, owner)
    run_on(fresh)
    Connector.objects.update(settings={**fresh.settings, "access": ""})
    fresh.refresh_from_db()

    run = runs.start(fresh, by=None)
    jobs.run_sync(str(run.pk))

    run.refresh_from_db()
    assert run.status == SyncRun.Status.DONE
    assert grants() == 3


@pytest.mark.parametrize("content", [b"", b"User ID,Email\n", b"User ID\n1\n1\n"])
def test_a_file_that_cannot_be_read_is_refused_and_the_old_one_stays_in_force(content, fresh, owner):
    hand_in(fresh, owner)
    run_on(fresh)
    before = fresh.settings

    try:
        candidate = hand_in(fresh, owner, accounts=content, access=None)
    except BadSettings as refusal:
        assert refusal.field == "accounts"  # noqa: PT017  # others are refused by the worker
    else:
        assert (candidate.status, candidate.problem_field) == (Status.REFUSED, "accounts")
    fresh.refresh_from_db()
    run = runs.start(fresh, by=None)
    jobs.run_sync(str(run.pk))

    run.refresh_from_db()
    assert fresh.settings == before
    assert run.status == SyncRun.Status.DONE
    assert here(Account) == ["1", "2"]


def test_a_refused_file_stays_chosen_until_another_is(fresh, owner):
    refused = hand_in(fresh, owner, accounts=b"User ID\n1\n1\n")
    candidate = hand_in(fresh, owner, access=None)

    assert refused.status == Status.REFUSED
    assert "Line 3 of people.csv has the User ID" in refused.problem
    assert candidate.status == Status.PROMOTED
    assert fresh.settings["access"].endswith("/access.csv")  # from the refused candidate


def test_a_file_lost_or_altered_on_disk_fails_the_run_and_retires_nothing(fresh, owner, folder):
    hand_in(fresh, owner)
    run_on(fresh)
    (kept,) = [path for path in (folder / "uploads" / fresh.pk).iterdir() if path.read_bytes() == PEOPLE]

    kept.write_bytes(PEOPLE[:20])
    altered = runs.start(fresh, by=None)
    jobs.run_sync(str(altered.pk))
    kept.unlink()
    fresh.refresh_from_db()
    lost = runs.start(fresh, by=None)
    jobs.run_sync(str(lost.pk))

    for run, words in ((altered, "was altered"), (lost, "is no longer here")):
        run.refresh_from_db()
        assert run.status == SyncRun.Status.FAILED
        assert words in run.problem
    assert here(Account) == ["1", "2"]


def test_the_same_file_again_mends_one_that_was_cut_short(fresh, owner, folder):
    hand_in(fresh, owner)
    kept = folder / "uploads" / fresh.pk / hashlib.sha256(PEOPLE).hexdigest()
    kept.write_bytes(PEOPLE[:20])

    hand_in(fresh, owner)

    assert kept.read_bytes() == PEOPLE


def test_another_system_is_another_tenant(fresh, owner):
    hand_in(fresh, owner)
    make_account(fresh.app, source="file:old payroll")

    with pytest.raises(BadSettings, match="another tenant than old payroll") as refusal:
        hand_in(fresh, owner, system="New payroll")

    assert refusal.value.field == "system"


def test_whoever_may_not_manage_it_hands_nothing_in(fresh, folder):
    with pytest.raises(Denied, match="Only the owners"):
        hand_in(fresh, make_user("Tomas Novak"))

    assert not (folder / "uploads").exists()


def test_what_a_browser_says_its_file_is_never_counts(fresh, owner):
    other = make_connector(owner, name="Secret", driver="file")
    hand_in(other, owner)

    with pytest.raises(BadSettings, match="Choose the file with the accounts"):
        verbs.save(fresh, by=owner, typed={**TYPED, "accounts": other.settings["accounts"]})


@pytest.mark.parametrize("value", ["", "../../etc/passwd", "0" * 64, f"{'0' * 64}/../x", f"{'G' * 64}/x"])
def test_only_a_value_of_ours_leads_to_a_file(value):
    with pytest.raises(DriverError, match="not a file that was handed in"):
        uploads.opener("some-connector")(value)


@pytest.mark.parametrize(
    ("name", "kept"),
    [
        ("people.csv", "people.csv"),
        ("../../people.csv", "people.csv"),
        ("C:\\export\\people.csv", "people.csv"),
        ("a\nb.csv", "a b.csv"),
        ("x" * 300 + ".csv", "x" * 96 + ".csv"),
        ("", "file"),
    ],
)
def test_a_name_is_kept_for_people_and_leads_nowhere(name, kept):
    assert uploads.name_in(uploads.value_of(name, b"")) == kept


def test_a_file_that_was_only_tried_is_not_kept_and_one_in_force_is(
    fresh, owner, folder, django_capture_on_commit_callbacks
):
    hand_in(fresh, owner)
    other = PEOPLE + b"3,cy@x.example,Cy\n"

    for content in (PEOPLE, other):
        test = trying.begin(fresh, by=owner, typed=TYPED, files={"accounts": Upload("people.csv", content)})
        assert sum(each.is_file() for each in (folder / "uploads").rglob("*")) == 2 + (content == other)
        with django_capture_on_commit_callbacks(execute=True):
            jobs.test_settings(test.pk)

    assert sum(each.is_file() for each in (folder / "uploads").rglob("*")) == 2
    test.refresh_from_db()
    assert (test.status, test.problem) == ("done", "")


def test_it_is_kept_when_each_file_came_in_and_one_that_stays_is_as_old_as_before(fresh, owner, folder):
    hand_in(fresh, owner)
    run_on(fresh)
    first = fresh.handed_in

    hand_in(fresh, owner, accounts=None, access=ACCESS)

    assert set(first) == {"accounts", "access"}
    assert fresh.handed_in["accounts"] == first["accounts"]
    assert fresh.handed_in["access"] > first["access"]
