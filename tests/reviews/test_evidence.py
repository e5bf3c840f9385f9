"""The lines file of a campaign: what stands in it, that it is the same each time, who may have it."""

import csv
import hashlib
import io
import json
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from django.core.files.storage import default_storage
from django.urls import reverse
from django.utils.timezone import now
from openpyxl import load_workbook

from connectors.models import Entitlement, Grant, OrderCall, ProvisionOrder
from core.errors import Denied, NotPossible
from core.models import OutgoingMail, Reporting, Role, TrailEvent, User
from reviews import jobs
from reviews.actions import closing, reports
from reviews.actions.keeping import keep_people
from reviews.models import Campaign, Comment, Decision, Look, Removal, Report, SampledLine, Turn
from reviews.queries import evidence_roles, frozen
from tests.make import make_account, make_entitlement, make_grant, make_user
from tests.reviews.making import make_grants, make_line, make_policy, make_running, make_turn

pytestmark = pytest.mark.usefixtures("nudges")
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
FORMULA = "=HYPERLINK(1)"
RISKY = {
    "rules": [
        {
            "name": "High risk",
            "condition": {"all": [{"field": "entitlement.risk", "is": "in", "values": ["High"]}]},
            "steps": [{"kind": "app_owner"}],
        },
        {"name": "Everything else", "condition": None, "steps": [{"kind": "manager"}]},
    ]
}


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    """Where files stand during one test."""
    settings.MEDIA_ROOT = tmp_path / "files"
    return settings.MEDIA_ROOT


@pytest.fixture
def olga(db):
    return make_user("Olga Berg", Role.CAMPAIGN)


@pytest.fixture
def rui(db):
    return make_user("Rui Alves")


@pytest.fixture
def campaign(olga, rui):
    policy = make_policy("Risk first", RISKY)
    return make_running(make_grants(3), rui, olga, policy=policy, digest="d" * 64)


def decided(campaign, line_no, outcome="certified", **fields):
    """This line was decided by whoever is asked about it."""
    turn = Turn.objects.get(campaign=campaign, line_no=line_no, status="open")
    Turn.objects.filter(pk=turn.pk).update(status="decided", ended_at=AT)
    task = campaign.tasks.get(line_no=line_no)
    campaign.tasks.filter(line_no=line_no).update(status=outcome, settled_at=AT)
    told = {"turn": turn, "by": turn.reviewer, "at": AT, "opened_at": AT - timedelta(minutes=2), **fields}
    return Decision.objects.create(task=task, campaign=campaign, outcome=outcome, **told)


def made(campaign, kind, by, columns=()) -> Report:
    report = reports.want(campaign, kind, by=by, columns=columns)
    jobs.make_report(report.pk)
    report.refresh_from_db()
    assert report.status == "done", report.problem
    return report


def content(report) -> bytes:
    with default_storage.open(report.file.name) as file:
        return bytes(file.read())


def table(report) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content(report).decode("utf-8-sig"))))


def test_a_line_tells_who_was_asked_by_which_rule_and_what_they_decided(campaign, olga, rui):
    decided(
        campaign,
        1,
        reason="Still in purchasing",
        together=3,
        independence="holds",
        seen={"instructions": 1, "view": "person", "listed": True, "columns": ["account"], "hints": ["new"]},
    )
    task = campaign.tasks.get(line_no=1)
    Comment.objects.create(task=task, by=olga, text="Ask Tom", at=AT)

    first, second, _ = table(made(campaign, "lines_csv", olga))

    assert first["Line"] == "1"
    assert (first["Outcome"], first["Reason"], first["Settled"]) == (
        "Certified",
        "Still in purchasing",
        "2026-11-20 09:30:00Z",
    )
    assert first["Step 1: reviewer of record"] == f"Rui Alves <{rui.email}>"
    assert first["Step 1: asked as"] == "manager of the account's owner"
    assert first["Step 1: rule"] == "1: High risk"
    assert first["Step 1: what the rule looked at"] == "Risk level: none"
    assert first["Step 1: independence"] == "has the same access"
    assert first["Step 1: marked together with"] == "3"
    assert first["Step 1: opened at"] == "2026-11-20 09:28:00Z"
    assert first["Step 1: shown to the reviewer"] == "instructions 1; view person; columns account; hints new"
    assert first["Comments"] == f"2026-11-20 09:30:00Z Olga Berg <{olga.email}>: Ask Tom"
    assert (second["Outcome"], second["Step 1: decision"]) == ("Open", "being asked")
    assert second["Step 1: independence"] == "independent: nothing ties them to the line"


def test_what_was_given_up_and_every_look_at_a_sampled_line_are_told(campaign, olga, rui):
    decided(campaign, 1, outcome="denied", independence="own")
    task = campaign.tasks.get(line_no=1)
    sampled = SampledLine.objects.create(campaign=campaign, task=task, line_no=1)
    Look.objects.create(sampled=sampled, agrees=False, note="Too early", by=rui, at=AT)
    Look.objects.create(sampled=sampled, agrees=True, by=olga, at=AT)

    first, *_ = table(made(campaign, "lines_csv", olga))

    assert first["Step 1: independence"] == "gave up their own access"
    assert first["Looked at again by the control owner"] == (
        f"2026-11-20 09:30:00Z Rui Alves <{rui.email}> would have decided otherwise: Too early; "
        f"2026-11-20 09:30:00Z Olga Berg <{olga.email}> agrees"
    )


def test_reassignments_and_corrections_are_told(campaign, olga, rui):
    grace = make_user("Grace Kim")
    old = Turn.objects.get(campaign=campaign, line_no=1)
    Turn.objects.filter(pk=old.pk).update(status="given_on", ended_at=AT)
    told = {"via": "reassigned", "given_by": rui, "given_reason": "On leave", "at": AT}
    make_turn(campaign.tasks.get(line_no=1), grace, **told)
    first = decided(campaign, 1)
    Decision.objects.create(
        task=first.task, campaign=campaign, turn=first.turn, outcome="denied", by=olga, reason="Left", at=AT,
        replaces=first,
    )  # fmt: skip

    row = table(made(campaign, "lines_csv", olga))[0]

    assert row["Step 1: reviewer of record"].startswith("Grace Kim")
    assert "Rui Alves" in row["Step 1: also asked, and given on"]
    assert "given to another" in row["Step 1: also asked, and given on"]
    assert row["Step 1: also asked, and given on"].endswith("On leave")
    assert row["Step 1: decision"] == "Certified"
    assert row["Decided by"].startswith("Olga Berg")
    assert "Denied instead of certified: Left" in row["Corrections"]


def test_what_the_closing_rule_decided_is_marked_as_no_answer(campaign, olga):
    decided(campaign, 1, "denied", turn=None, by=None, reason="Nobody decided.")

    row = table(made(campaign, "lines_csv", olga))[0]

    assert row["Decided by"] == "the closing rule"
    assert row["No answer: by the closing rule"] == "yes"
    assert row["Step 1: decision"] == "not decided"


def test_a_removal_is_told_with_its_calls_its_answers_and_its_proof(campaign, olga):
    decided(campaign, 2, "denied")
    task = campaign.tasks.get(line_no=2)
    order = ProvisionOrder.objects.create(
        app=task.app, verb="revoke", account=task.account, entitlement=task.entitlement, reason="Denied",
        status="removed", read_back="The role is no longer there.", wanted_at=AT,
    )  # fmt: skip
    OrderCall.objects.create(
        order=order, at=AT, asked="PUT /api/users/7", status=200, bytes=20, sha256="a" * 64, seconds=0.2
    )
    due = AT.date()
    told = {"status": "removed", "due_on": due, "removed_at": AT, "order": order, "confirmed_by": olga}
    Removal.objects.create(task=task, campaign=campaign, app=task.app, **told)

    row = table(made(campaign, "lines_csv", olga))[1]

    assert row["Removal: state"] == "Removed, being proven"
    assert row["Removal: calls"] == "2026-11-20 09:30:00Z PUT /api/users/7"
    assert row["Removal: answers"] == f"200, 20 bytes, SHA-256 {'a' * 64}"
    assert row["Removal: read-back"] == "The role is no longer there."
    assert row["Removal: confirmed by"].startswith("Olga Berg")


def test_formulas_are_neutralised_in_both_files(campaign, olga):
    for text in (FORMULA, f"\x01{FORMULA}"):
        Comment.objects.create(task=campaign.tasks.get(line_no=1), by=olga, text=text, at=AT)
    decided(campaign, 1, reason=f"\x01{FORMULA}")

    in_csv = table(made(campaign, "lines_csv", olga))[0]["Reason"]
    book = load_workbook(io.BytesIO(content(made(campaign, "lines_xlsx", olga))))

    assert in_csv == f"'{FORMULA}"
    sheet = book["Lines"]
    assert f"'{FORMULA}" in [cell.value for cell in sheet[2]]
    assert "f" not in {cell.data_type for row in sheet.iter_rows() for cell in row}


@pytest.mark.parametrize("kind", ["lines_csv", "lines_xlsx"])
def test_built_twice_from_the_same_rows_a_file_is_the_same_byte_for_byte(kind, campaign, olga):
    decided(campaign, 1)
    first, second = (
        made(campaign, kind, olga),
        made(campaign, kind, make_user("Ada Lindgren", Role.READ_ONLY)),
    )

    assert content(first) == content(second)
    assert first.sha256 == second.sha256 == hashlib.sha256(content(first)).hexdigest()


def test_a_workbook_says_what_it_is_of_and_ends_with_the_digest_of_its_rows(campaign, olga):
    book = load_workbook(io.BytesIO(content(made(campaign, "lines_xlsx", olga))))
    rows = book["About"].iter_rows()
    about: dict[object, Any] = {row[0].value: row[1].value for row in rows if row[0].value}

    assert about["Campaign"] == "Coupa access, Q4"
    assert about["Standing"].startswith("Interim")
    assert about["SHA-256 of the frozen population"] == "d" * 64
    assert about["Rows: Lines"] == 3
    assert len(about["SHA-256 of the rows: Lines"]) == 64
    dates = {entry.date_time for entry in ZipFile(io.BytesIO(content(Report.objects.get()))).infolist()}
    assert dates == {(1980, 1, 1, 0, 0, 0)}


def test_the_digest_of_a_file_stands_in_the_trail_and_on_its_page(campaign, olga, sign_in):
    report = made(campaign, "lines_csv", olga)

    event = TrailEvent.objects.get(action="reports.made", object_id=campaign.pk)
    assert event.change["sha256"] == report.sha256
    assert event.change["is_interim"] is True
    page = sign_in(olga).get(reverse("reviews:evidence", args=[campaign.pk])).content.decode()
    assert report.sha256 in page
    assert "Interim" in page


def test_a_file_is_interim_until_the_campaign_is_signed_off(campaign, olga):
    assert made(campaign, "lines_csv", olga).is_interim

    Campaign.objects.filter(pk=campaign.pk).update(status="signed_off", signed_off_at=now())
    assert not made(campaign, "lines_csv", olga).is_interim


def test_an_auditor_makes_and_fetches_files(campaign, sign_in):
    auditor = make_user("Ada Lindgren", Role.READ_ONLY)
    browser = sign_in(auditor)

    assert (
        browser.post(reverse("reviews:evidence", args=[campaign.pk]), {"kind": "lines_csv"}).status_code
        == 302
    )
    report = Report.objects.get(by=auditor)
    jobs.make_report(report.pk)
    answer = browser.get(reverse("reviews:report", args=[campaign.pk, report.pk]))
    assert hashlib.sha256(b"".join(answer.streaming_content)).hexdigest() == answer_digest(report)
    assert answer.headers["Content-Disposition"].endswith('.csv"')


def answer_digest(report: Report) -> str:
    report.refresh_from_db()
    return report.sha256


def test_only_who_may_open_the_campaign_has_files_made(campaign, rui):
    with pytest.raises(Denied, match="Only those who may open a campaign"):
        reports.want(campaign, "lines_csv", by=rui)
    assert not Report.objects.exists()


def test_what_tells_of_the_whole_console_is_for_who_may_see_all_of_it(campaign, olga):
    with pytest.raises(Denied, match="tells of the whole console"):
        reports.want(campaign, "console", by=olga)


def test_nobody_has_a_file_made_that_is_not_on_offer_or_before_the_start(campaign, olga):
    with pytest.raises(NotPossible, match="no such report"):
        reports.want(campaign, "everything", by=olga)
    Campaign.objects.filter(pk=campaign.pk).update(status="staged", started_at=None)
    with pytest.raises(Denied):
        reports.want(campaign, "lines_csv", by=olga)


def test_asked_for_again_while_it_is_being_made_it_is_the_same_file(campaign, olga):
    assert reports.want(campaign, "lines_csv", by=olga) == reports.want(campaign, "lines_csv", by=olga)


def test_a_file_that_a_killed_worker_left_half_done_is_made_anew(campaign, olga, folder):
    report = reports.want(campaign, "lines_csv", by=olga)
    assert reports.claim(report.pk) is not None  # and then it was killed
    (folder / "reports").mkdir(parents=True)
    for left in ("old.part", "csv"):
        (folder / "reports" / f"{report.pk}.{left}").write_text("half")
    Report.objects.filter(pk=report.pk).update(leased_until=now() - timedelta(seconds=1))

    jobs.make_report(report.pk)
    report.refresh_from_db()

    assert report.status == "done"
    assert [path.name for path in (folder / "reports").iterdir()] == [f"{report.pk}.csv"]


def test_a_file_that_no_worker_ends_is_given_up_and_says_so(campaign, olga):
    report = reports.want(campaign, "lines_csv", by=olga)
    Report.objects.filter(pk=report.pk).update(attempts=reports.TRIES)

    jobs.make_report(report.pk)

    report.refresh_from_db()
    assert report.status == "failed"
    assert "5 workers" in report.problem
    assert TrailEvent.objects.filter(action="reports.failed", severity="error").exists()


def test_the_sweeper_nudges_files_in_nobodys_hands(
    campaign, olga, nudges, django_capture_on_commit_callbacks
):
    report = reports.want(campaign, "lines_csv", by=olga)

    with django_capture_on_commit_callbacks(execute=True):
        jobs.sweep_reports()

    assert ("reviews.make_report", report.pk) in nudges


def test_signing_off_has_every_file_made_once_more(campaign, nudges, django_capture_on_commit_callbacks):
    Campaign.objects.filter(pk=campaign.pk).update(status="signed_off", signed_off_at=now())

    with django_capture_on_commit_callbacks(execute=True):
        reports.want_all(campaign)

    assert set(Report.objects.filter(by=None).values_list("kind", flat=True)) == set(Report.Kind.values)
    assert [job for job, _ in nudges] == ["reviews.make_report"] * 7


def test_an_interim_file_that_ends_after_the_sign_off_is_followed_by_a_final_one(campaign, olga):
    report = reports.claim(reports.want(campaign, "lines_csv", by=olga).pk)
    assert report is not None
    Campaign.objects.filter(pk=campaign.pk).update(status="signed_off", signed_off_at=now())
    reports.want_all(campaign)

    reports.finish(
        report, file="reports/x.csv", sha256="0" * 64, md5="0" * 32, rows=3, size=9, is_interim=True
    )

    final = Report.objects.get(kind="lines_csv", status="wanted")
    assert (final.by, final.campaign) == (None, campaign)


@pytest.mark.parametrize("columns", [(), reports.MORE])
def test_a_narrow_file_that_was_wanted_before_the_sign_off_is_not_the_only_final_one(campaign, olga, columns):
    report = reports.want(campaign, "lines_csv", by=olga, columns=columns)
    Campaign.objects.filter(pk=campaign.pk).update(status="signed_off", signed_off_at=now())
    reports.want_all(campaign)

    jobs.make_report(report.pk)

    final = Report.objects.filter(kind="lines_csv", status="wanted")
    wanted = [(each.by, each.columns) for each in final]
    assert wanted == ([] if columns else [(None, list(reports.MORE))])
    for each in final:
        jobs.make_report(each.pk)
    assert not final.all().exists()


def test_a_final_file_follows_one_that_failed_over_the_sign_off_and_not_one_that_failed_later(campaign, olga):
    report = reports.want(campaign, "memo", by=olga)
    Report.objects.filter(pk=report.pk).update(attempts=reports.TRIES)
    Campaign.objects.filter(pk=campaign.pk).update(status="signed_off", signed_off_at=now())
    reports.want_all(campaign)

    jobs.make_report(report.pk)

    final = Report.objects.get(kind="memo", status="wanted")
    assert final.by is None
    Report.objects.filter(pk=final.pk).update(attempts=reports.TRIES)
    jobs.make_report(final.pk)
    assert set(Report.objects.filter(kind="memo").values_list("status", flat=True)) == {"failed"}


def letters_to(person):
    rows = OutgoingMail.objects.filter(letter="report_ready", recipient=person)
    return list(rows.order_by("created_at"))


def test_who_asked_is_told_once_their_own_files_are_over_whatever_others_wait_for(campaign, olga):
    vera = make_user("Vera Stein", Role.READ_ONLY)
    ours = [reports.want(campaign, kind, by=vera) for kind in ("lines_csv", "lines_xlsx")]
    theirs = reports.want(campaign, "memo", by=olga)

    jobs.make_report(ours[0].pk)
    assert letters_to(vera) == []
    jobs.make_report(ours[1].pk)

    (mail,) = letters_to(vera)
    assert all(each.name in mail.text for each in ours)
    assert theirs.name not in mail.text
    jobs.make_report(theirs.pk)
    assert letters_to(vera) == [mail]
    assert any(theirs.name in each.text for each in letters_to(olga))


def test_a_letter_tells_of_the_files_made_together_and_not_of_earlier_ones(campaign, olga):
    earlier = made(campaign, "lines_xlsx", olga)
    Report.objects.update(ended_at=now() - timedelta(hours=1), created_at=now() - timedelta(hours=2))
    later = made(campaign, "lines_csv", olga)

    mail = letters_to(olga)[-1]
    assert later.name in mail.text
    assert earlier.name not in mail.text


def test_a_file_that_failed_is_told_beside_those_that_are_ready(campaign, olga):
    ready, lost = (reports.want(campaign, kind, by=olga) for kind in ("lines_csv", "lines_xlsx"))
    jobs.make_report(ready.pk)
    Report.objects.filter(pk=lost.pk).update(attempts=reports.TRIES)
    jobs.make_report(lost.pk)

    (mail,) = letters_to(olga)
    ready.refresh_from_db()
    assert mail.subject == "Not all evidence of Coupa access, Q4 is ready"
    assert f"- {ready.name}: {ready.sha256}" in mail.text
    assert f"- {lost.name}: 5 workers began this file" in mail.text


def test_where_nothing_could_be_made_the_letter_promises_nothing(campaign, olga):
    lost = reports.want(campaign, "lines_csv", by=olga)
    Report.objects.filter(pk=lost.pk).update(attempts=reports.TRIES)

    jobs.make_report(lost.pk)

    (mail,) = letters_to(olga)
    assert mail.subject == "The evidence of Coupa access, Q4 could not be made"
    assert "ready to be downloaded" not in mail.text
    assert "Keep this letter" not in mail.text


def test_who_asks_chooses_columns_about_owners_as_they_were_when_it_was_frozen(campaign, olga, rui):
    holder = make_user("Hana Sato", department="Finance", employee_id="E-7", title="Buyer")
    Reporting.objects.create(person=holder, manager=rui)
    first = campaign.tasks.earliest("line_no")
    account = make_account(first.app, "Hana", person=holder)
    line = make_line(campaign, make_grant(account, first.entitlement), 4)
    keep_people(campaign, [holder.pk])
    User.objects.filter(pk=holder.pk).update(department="Sales")

    report = made(campaign, "lines_csv", olga, columns=["manager_email", "employee_id", "department"])

    assert report.columns == ["employee_id", "department", "manager_email"]
    row = table(report)[-1]
    assert row["Line"] == str(line.line_no)
    assert (row["Owner's employee ID"], row["Owner's department"]) == ("E-7", "Finance")
    assert row["Owner's manager's e-mail"] == rui.email
    assert "Owner's manager" not in row
    assert TrailEvent.objects.get(action="reports.made").change["columns"] == report.columns
    with pytest.raises(NotPossible, match="no such column"):
        reports.want(campaign, "lines_csv", by=olga, columns=["salary"])


def test_one_with_other_columns_is_made_after_the_one_that_is_being_made(campaign, olga):
    reports.want(campaign, "lines_csv", by=olga)

    with pytest.raises(NotPossible, match="with other columns is being made"):
        reports.want(campaign, "lines_csv", by=olga, columns=["department"])


def test_lines_as_json_are_for_programs_nothing_neutralised_and_empty_is_null(campaign, olga):
    decided(campaign, 1, reason=FORMULA)

    told = json.loads(content(made(campaign, "lines_json", olga)))

    assert told["about"]["Campaign"] == "Coupa access, Q4"
    first, second, _ = told["rows"]
    assert (first["Line"], first["Reason"], first["Settled"]) == (1, FORMULA, "2026-11-20 09:30:00Z")
    assert second["Settled"] is None


def test_md5_stands_beside_sha_256_on_the_page_and_in_the_trail(campaign, olga, sign_in):
    report = made(campaign, "roles", olga)

    digest = hashlib.md5(content(report), usedforsecurity=False).hexdigest()
    page = sign_in(olga).get(reverse("reviews:evidence", args=[campaign.pk])).content.decode()
    assert report.md5 == digest
    assert digest in page
    assert TrailEvent.objects.get(action="reports.made").change["md5"] == digest


def test_a_workbook_has_roles_and_what_came_and_went_on_sheets_of_their_own(campaign, olga):
    book = load_workbook(io.BytesIO(content(made(campaign, "lines_xlsx", olga))))

    assert book.sheetnames == ["About", "Lines", "Roles", "Came and went"]
    names = [str(row[3].value) for row in book["Roles"].iter_rows(min_row=2)]
    assert names == [line.entitlement_name for line in campaign.tasks.order_by("line_no")]


def test_roles_tell_what_changed_since_the_last_campaign_of_the_app(campaign, olga, rui):
    Campaign.objects.filter(pk=campaign.pk).update(status="signed_off", closed_at=now())
    grants = [Grant.objects.get(pk=line.grant) for line in campaign.tasks.order_by("line_no")]
    renamed, riskier, same = (grant.entitlement for grant in grants)
    Entitlement.objects.filter(pk=renamed.pk).update(name="Buyer of all", own_description="Buys all")
    Entitlement.objects.filter(pk=riskier.pk).update(risk="High")
    new = make_grant(grants[0].account, make_entitlement(grants[0].account.app, "New here"))
    again = [*Grant.objects.filter(pk__in=[each.pk for each in grants]).order_by("pk"), new]
    later = make_running(again, rui, olga, name="Coupa access, Q1")

    rows = {row["Entitlement"]: row for row in table(made(later, "roles", olga))}

    assert rows["Buyer of all"]["Changed since"] == "renamed, redescribed"
    assert rows["Buyer of all"]["Entitlement then"] == renamed.name
    assert rows["Buyer of all"]["Compared with"] == campaign.name
    assert (rows[riskier.name]["Changed since"], rows[riskier.name]["Risk"]) == ("risk changed", "High")
    assert rows[same.name]["Changed since"] == "nothing"
    assert rows["New here"]["Changed since"] == "not in an earlier campaign"
    found = evidence_roles.drift(later)
    assert (found.roles, found.new) == (4, 1)
    assert found.changes == {"renamed": 1, "redescribed": 1, "risk changed": 1}
    assert {row["Changed since"] for row in table(made(campaign, "roles", olga))} == {"no earlier campaign"}


def test_what_closes_after_the_freeze_is_compared_with_nothing(campaign, olga, rui):
    grants = [Grant.objects.get(pk=line.grant) for line in campaign.tasks.order_by("line_no")]
    later = make_running(grants, rui, olga, name="Coupa access, Q1")
    Campaign.objects.filter(pk=campaign.pk).update(status="closed", closed_at=now())

    assert evidence_roles.earlier_of(later) == []


def test_closing_has_every_file_made_and_its_owners_hear_of_them_together(campaign, olga):
    closing.close(campaign, by=olga, at_end="exception")
    jobs.close(campaign.pk)
    for report in Report.objects.filter(campaign=campaign):
        assert letters_to(olga) == []
        jobs.make_report(report.pk)

    found = Report.objects.filter(campaign=campaign)
    assert {each.kind for each in found} == set(Report.Kind.values)
    assert all(each.status == "done" and each.is_interim and each.by is None for each in found)
    (mail,) = letters_to(olga)
    assert all(each.sha256 in mail.text for each in found)


def test_the_page_makes_lines_with_the_columns_that_were_ticked(campaign, olga, sign_in):
    browser, url = sign_in(olga), reverse("reviews:evidence", args=[campaign.pk])

    wrong = browser.post(url, {"kind": "lines_csv", "columns": ["salary"]})
    right = browser.post(url, {"kind": "lines_csv", "columns": ["manager", "department"]})

    assert (wrong.status_code, right.status_code) == (422, 302)
    assert "There is no such column." in wrong.content.decode()
    assert Report.objects.get().columns == ["department", "manager"]


def test_while_a_file_is_being_made_the_page_says_how_far_it_is(campaign, olga, sign_in):
    Report.objects.filter(pk=reports.want(campaign, "lines_csv", by=olga).pk).update(written=2)

    page = sign_in(olga).get(reverse("reviews:evidence", args=[campaign.pk])).content.decode()

    assert "2 of 3 rows so far" in page


def test_an_outsider_makes_the_hash_of_the_population_again_as_the_handbook_says(
    campaign, olga, tmp_path, monkeypatch, capsys
):
    handbook = (Path(__file__).resolve().parents[2] / "docs" / "operations.md").read_text()
    (recipe,) = (each for each in handbook.split("```python")[1:] if "Entitlement id" in each)
    file = tmp_path / "lines.json"
    file.write_bytes(content(made(campaign, "lines_json", olga)))

    monkeypatch.setattr("sys.argv", ["check", str(file)])
    exec(textwrap.dedent(recipe.partition("```")[0]), {})  # our own handbook

    assert capsys.readouterr().out.strip() == frozen.digest_of(campaign)
