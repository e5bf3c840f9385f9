"""The memo of a campaign, and how the pace of reviewers is counted."""

import unicodedata
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils.timezone import now
from pypdf import PdfReader

from core.deeds import phrase
from core.models import Role
from core.trail import record
from reviews.evidence import papers
from reviews.evidence.pace import Answer, paces
from reviews.models import Campaign, Removal, RoleFile
from reviews.queries.console_paper import EVENTS, OF_CAMPAIGN, OF_REMOVALS, console_paper
from reviews.queries.memo import _roles, memo
from tests.make import make_user
from tests.reviews.making import make_grants, make_running
from tests.reviews.test_evidence import content, decided, folder, made

pytestmark = pytest.mark.usefixtures("nudges", "folder")
AT = datetime(2026, 11, 20, 9, 30, tzinfo=UTC)
__all__ = ["folder"]


@pytest.fixture
def olga(db):
    return make_user("Olga Berg", Role.CAMPAIGN)


@pytest.fixture
def campaign(olga):
    return make_running(
        make_grants(3),
        make_user("Rui Alves"),
        olga,
        control_id="ITGC-07",
        control_owner=make_user("Zo\u00eb \u5c71"),
    )


def removal_of(campaign, line_no=1, **fields):
    task = campaign.tasks.get(line_no=line_no)
    return Removal.objects.create(task=task, campaign=campaign, app=task.app, **fields)


def words(paper, heading):
    section = next(each for each in paper.sections if each.heading == heading)
    flat = [
        *section.sentences,
        *(" ".join(pair) for pair in section.pairs),
        *(" ".join(row) for row in section.rows),
    ]
    return "\n".join(flat)


def test_a_memo_is_the_same_byte_for_byte_when_built_twice(campaign, olga):
    decided(campaign, 1)
    first, second = made(campaign, "memo", olga), made(campaign, "memo", olga)

    assert content(first).startswith(b"%PDF")
    assert content(first) == content(second)
    assert first.name.endswith(".pdf")


def test_a_memo_tells_of_control_counts_and_exceptions(campaign):
    decided(campaign, 1)
    campaign.tasks.filter(line_no=2).update(status="excepted", status_reason="Nobody decided.")

    paper = memo(campaign)

    assert paper.standing.startswith("Interim")
    assert "ITGC-07" in words(paper, "Control")
    assert "Every count ties." in words(paper, "From the sources to the decisions")
    assert "Exception Nobody decided. 1" in words(paper, "Exceptions")
    assert "1 certified, 0 denied, 1 exceptions" in words(paper, "Exceptions")
    assert "Not signed off." in words(paper, "Sign-off")


def test_a_memo_says_when_counts_do_not_tie(campaign):
    Campaign.objects.filter(pk=campaign.pk).update(lines=7)
    campaign.refresh_from_db()

    assert "THE COUNTS DO NOT TIE" in words(memo(campaign), "From the sources to the decisions")


def test_a_memo_of_a_campaign_signed_off_has_the_statements(campaign):
    told = {"status": "signed_off", "signed_off_at": AT, "signed_off_by": campaign.control_owner}
    Campaign.objects.filter(pk=campaign.pk).update(statements={"kept": "Kept for seven years."}, **told)
    campaign.refresh_from_db()

    paper = memo(campaign)

    assert paper.standing.startswith("Final")
    assert "Kept for seven years." in words(paper, "Sign-off")


def test_a_memo_states_the_pace_of_reviewers(campaign):
    decided(campaign, 1, together=2, opened_at=None)
    decided(campaign, 2, together=2, opened_at=None)

    assert "Rui Alves 2 not known 100% 0 2" in words(memo(campaign), "How reviewers went about it")


def test_the_longest_run_ends_at_a_line_that_was_opened_or_denied():
    told = [(False, True), (False, True), (True, True), (False, True), (False, False), (False, True)]
    answers = [Answer("rui", AT, 1, opened, certified) for opened, certified in told]

    (pace,) = paces(answers, {"rui": AT - timedelta(minutes=3)})

    assert (pace.longest_unopened, pace.opened, pace.decisions) == (2, 1, 6)
    assert pace.a_minute == pytest.approx(2.0)
    assert pace.share_in_bulk == 0


def test_each_reviewer_has_a_pace_of_their_own():
    answers = [Answer("ada", AT, 9, was_opened=False, is_certified=True) for _ in range(3)]
    answers.append(Answer("rui", AT, 1, was_opened=True, is_certified=True))

    ada, rui = paces(answers, {})

    assert (ada.share_in_bulk, ada.longest_unopened, ada.a_minute) == (1.0, 3, None)
    assert (rui.share_in_bulk, rui.longest_unopened) == (0.0, 0)


def test_the_console_tells_of_its_administrators_and_what_they_changed(campaign):
    ada = make_user("Ada Lindgren", Role.SUPER)
    with transaction.atomic():
        record("core.roles_changed", ada, by=ada, added=["super"])
        record("core.signed_in", ada, by=ada)

    paper = console_paper(campaign)

    assert "Ada Lindgren" in words(paper, "Administrators, now")
    assert "Super Administrator" in words(paper, "Administrators, now")
    told = words(paper, "Roles and administrators: changes")
    assert "changed roles Ada Lindgren" in told
    assert '"added": ["super"]' in told
    assert "signed in" not in "".join(words(paper, each.heading) for each in paper.sections)
    assert words(paper, "Guards: changes") == "None."


def test_what_happened_after_the_sign_off_is_not_told(campaign):
    Campaign.objects.filter(pk=campaign.pk).update(status="signed_off", signed_off_at=now())
    campaign.refresh_from_db()
    ada = make_user("Ada Lindgren")
    with transaction.atomic():
        record("core.roles_changed", ada, by=ada, added=["super"])

    assert words(console_paper(campaign), "Roles and administrators: changes") == "None."


def test_exceptions_and_lines_put_right_are_told_of_this_campaign_alone(campaign):
    ada, heading = make_user("Ada Lindgren", Role.SUPER), "This campaign: settings, overrides, corrections"
    other = make_running(make_grants(1), make_user("Tom Okafor"))
    removals = [
        removal_of(each, status="excepted", excepted_by=ada, due_on=AT.date()) for each in (campaign, other)
    ]
    with transaction.atomic():
        record("lines.restarted", campaign, by=ada, reason="Asked the wrong one")
        for removal in removals:
            record("removals.excepted", removal, by=ada, reason=f"Of line {removal.pk}")

    told = words(console_paper(campaign), heading)

    assert "Asked the wrong one" in told
    assert f"Of line {removals[0].pk}" in told
    assert f"Of line {removals[1].pk}" not in told


def test_what_was_set_for_single_entitlements_and_apps_is_told(campaign):
    ada, app = make_user("Ada Lindgren", Role.SUPER), campaign.tasks.earliest("line_no").app
    with transaction.atomic():
        record("policies.preferred", app, by=ada, policy={"before": "", "after": "Owners first"})
        for deed in ("left_out", "put_back", "policy_given", "policies_reset"):
            record(f"scopes.{deed}", campaign, by=ada, entitlement=f"Of {deed}")

    paper = console_paper(campaign)

    assert "Owners first" in words(paper, "Policies: changes")
    told = words(paper, "This campaign: settings, overrides, corrections")
    assert [
        deed
        for deed in ("left_out", "put_back", "policy_given", "policies_reset")
        if f"Of {deed}" not in told
    ] == []


def test_the_memo_reads_only_as_many_roles_as_it_prints(campaign, olga, monkeypatch):
    monkeypatch.setattr("reviews.queries.memo.MOST", 1)
    files = [
        RoleFile(campaign=campaign, entitlement=task.entitlement, name=f"{task}.pdf", size=1, by=olga)
        for task in campaign.tasks.order_by("line_no")
    ]
    files[0].save()
    with CaptureQueriesContext(connection) as one:
        _roles(campaign)
    RoleFile.objects.bulk_create(files[1:])

    with CaptureQueriesContext(connection) as all_of_them:
        section = _roles(campaign)

    assert len(all_of_them) == len(one)
    assert len(section.rows) == 1
    assert "2 more files are attached." in section.note


def test_late_removals_and_deficiencies_are_counted(campaign):
    looked = {"used": "no", "cause": "Moved on", "deficiency": "yes"}
    removal_of(campaign, 1, due_on=AT.date(), removed_at=AT + timedelta(days=2), lookback=looked)
    removal_of(campaign, 2, due_on=AT.date(), removed_at=AT, lookback={**looked, "deficiency": "no"})

    told = words(memo(campaign), "Removals")

    assert "Gone later than the removal clock allows 1" in told
    assert "Looked back at, as High or Critical 2" in told
    assert "Of these: a deficiency of the control 1" in told


def test_a_reason_to_override_is_told_only_where_something_was_overridden(campaign):
    Campaign.objects.update(override_reason="The tenant was away.", bridge={"overridden": []})
    campaign.refresh_from_db()
    assert "The tenant was away." not in words(memo(campaign), "Control")

    campaign.bridge = {"overridden": ["Coupa was last read 30 hours ago."]}
    told = words(memo(campaign), "Control")

    assert "Coupa was last read 30 hours ago. Because: The tenant was away." in told
    assert "There was no second administrator" in told


def test_the_paper_of_the_console_is_the_same_byte_for_byte_when_built_twice(campaign):
    auditor = make_user("Ada Lindgren", Role.READ_ONLY)

    assert content(made(campaign, "console", auditor)) == content(made(campaign, "console", auditor))


def test_every_event_that_the_console_tells_of_is_known():
    for action in {*OF_CAMPAIGN, *OF_REMOVALS, *(each for actions in EVENTS.values() for each in actions)}:
        assert phrase(action)


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("Zażółć Łucka", "Zażółć Łucka"),
        ("Adébáyọ̀", "Adébáyọ̀"),
        ("山田 さくら 김", "山田 さくら 김"),
        ("עדה", "???"),
        ("a\x00b", "ab"),
    ],
)
def test_names_are_printed_in_letters_that_there_is_a_font_for(name, printed):
    assert papers._printed(name) == unicodedata.normalize("NFC", printed)


@pytest.mark.parametrize(
    "name", ["Łucja Żółć", "Αθανάσιος Παπαδόπουλος", "Nguyễn Thị Ánh", "Юлия Щёткина", "山田 さくら 김민수"]
)
def test_a_name_of_any_of_these_scripts_is_in_the_text_of_the_pdf(name, tmp_path):
    path = tmp_path / "paper.pdf"
    papers.write(path, papers.Paper(f"Memo: {name}", "Interim", [papers.Section("Control", [name])]))

    page = PdfReader(path).pages[0]
    text = unicodedata.normalize("NFC", page.extract_text())
    assert text.count(name) == 3  # above the page, as its title, and as a sentence
    resources: Any = page["/Resources"]
    fonts = [each.get_object() for each in resources["/Font"].values()]
    own = [each for each in fonts if each["/Subtype"] == "/TrueType"]
    assert own
    assert all("/FontFile2" in each["/FontDescriptor"] for each in own)
