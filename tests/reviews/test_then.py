"""What evidence says of people and of the console stays as it was, whatever becomes of them."""

from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.db import DatabaseError, transaction
from django.utils.timezone import now

from connectors.models import App, Connector, ConnectorRules, Grant
from core.models import PeopleGroup, PeopleImport, Role, RoleHolding, User
from core.models.sign_in import IdentityProvider
from reviews.actions import comments, freezing, keeping, rounds, staging
from reviews.evidence.tables import time_of
from reviews.models import (
    AppliedPolicy,
    Campaign,
    Comment,
    ConsoleThen,
    LineRound,
    MovedGrant,
    PeopleSource,
    PersonThen,
    Policy,
    PolicyVersion,
    PopulationSource,
    Report,
    Scope,
)
from reviews.queries import roll_forward, sources
from reviews.queries.console_paper import console_paper
from reviews.queries.evidence import evidence_lines
from reviews.queries.evidence_front import front
from reviews.queries.memo import memo
from tests.make import make_account, make_connector, make_grant, make_run, make_user
from tests.reviews.making import BY_MANAGER, make_grants, make_policy, make_running
from tests.reviews.staged import make_draft, work, world
from tests.reviews.test_evidence import content, decided, folder, made, table
from tests.reviews.test_memo import words

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("nudges", "folder")]
__all__ = ["folder"]


@pytest.fixture
def olga(db):
    return make_user("Olga Berg", Role.CAMPAIGN)


@pytest.fixture
def rui(db):
    return make_user("Rui Alves")


@pytest.fixture
def ines(db):
    return make_user("Ines Moreau")


@pytest.fixture
def campaign(olga, rui, ines):
    campaign = make_running(make_grants(2), rui, olga, control_owner=ines)
    keeping.keep_population(campaign)
    return campaign


def policy_by(maker, name):
    """A policy with one version, made by somebody who has no other part."""
    policy = Policy.objects.create(name=name)
    told = {"content": BY_MANAGER, "digest": "0" * 64, "made_by": maker}
    PolicyVersion.objects.create(policy=policy, number=1, **told)
    return policy


def asked_anew_under(campaign, by, *policies):
    """Line 2 goes through a round under each of these."""
    for number, policy in enumerate(policies, 2):
        LineRound.objects.create(
            task=campaign.tasks.get(line_no=2),
            campaign=campaign,
            number=number,
            policy_version=policy.latest(),
            by=by,
            reason="Asked the wrong person",
        )
    campaign.tasks.filter(line_no=2).update(round=len(policies) + 1)


def signed_off(campaign, by):
    told = {"status": "signed_off", "signed_off_at": now(), "signed_off_by": by, "closed_at": now()}
    Campaign.objects.filter(pk=campaign.pk).update(**told, statements={"kept": "Kept."})
    campaign.refresh_from_db()
    keeping.keep_end(campaign)
    return campaign


def test_staging_keeps_owners_reviewers_and_the_console(nudges):
    connector, boss, _ = world(holders=2)
    User.objects.filter(name="Person 0").update(department="Finance", employee_id="E-7")
    campaign = make_draft()
    staging.want(campaign, by=campaign.owners.get())
    campaign = work(campaign)
    assert campaign.status == "staged"

    kept = {each.name: each for each in PersonThen.objects.filter(campaign=campaign)}

    assert set(kept) == {"Person 0", "Person 1", "Mia Torres", "Olga Berg", "Ines Moreau"}
    person = kept["Person 0"]
    assert (person.department, person.employee_id, person.status) == ("Finance", "E-7", "active")
    assert person.managers == [["Mia Torres", boss.email]]
    console = ConsoleThen.objects.get(campaign=campaign, moment="frozen").content
    assert console["guarded"] == [[connector.name, str(connector.app), "on"]]
    assert any(held[0] == "Olga Berg" for held in console["administrators"])
    assert PopulationSource.objects.get(campaign=campaign).app_name == connector.app.name


def test_staging_keeps_which_file_the_people_came_from_and_nothing_changes_it():
    at = now() - timedelta(days=2)
    file = {"name": "hr.csv", "sha256": "5e" * 32, "size": 1, "status": PeopleImport.Status.APPLIED}
    PeopleImport.objects.create(**file, ended_at=at)
    world(holders=1)
    campaign = make_draft()
    staging.want(campaign, by=campaign.owners.get())
    campaign = work(campaign)

    PeopleImport.objects.create(**(file | {"name": "later.csv"}), ended_at=now())

    kept = PeopleSource.objects.get(campaign=campaign)
    assert (kept.file, kept.sha256, kept.at, kept.provider) == ("hr.csv", "5e" * 32, at, "")
    told = words(memo(campaign), "Sources, read twice")
    assert f"the file hr.csv, applied {time_of(at)}, SHA-256 {'5e' * 32}" in told
    with pytest.raises(DatabaseError), transaction.atomic():
        PeopleSource.objects.update(file="other.csv")


def test_people_kept_by_hand_are_told_so_with_their_last_change_and_provider(campaign):
    changed = User.objects.latest("changed_at").changed_at
    rows = PeopleSource.objects.filter(campaign=campaign)
    assert list(rows.values_list("file", "at")) == [("", changed)]
    assert f"kept by hand here; last changed {time_of(changed)}" in words(
        memo(campaign), "Sources, read twice"
    )

    IdentityProvider.objects.create(label="Okta", status=IdentityProvider.Status.IN_FORCE)

    assert sources.people().provider == "Okta"
    assert PeopleSource.objects.get(campaign=campaign).provider == ""


def test_groups_that_a_scope_leaves_out_keep_the_names_they_had_at_the_freeze(nudges):
    world(holders=1)
    groups = [PeopleGroup.objects.create(name=name) for name in ("Interns", "Auditors")]
    campaign = make_draft(scope=Scope.objects.create(without_groups=[each.pk for each in groups]))
    assert "Without members of Auditors, Interns" in words(memo(campaign), "Scope, and what was left out")
    staging.want(campaign, by=campaign.owners.get())
    campaign = work(campaign)
    assert campaign.status == "staged"

    PeopleGroup.objects.filter(name="Auditors").update(name="Renamed")
    groups[0].delete()

    assert "Without members of Auditors, Interns" in words(memo(campaign), "Scope, and what was left out")


def test_a_staging_that_comes_to_nothing_keeps_nobody():
    world(holders=2)
    campaign = make_draft()
    staging.want(campaign, by=campaign.owners.get())
    held = staging.claim(campaign.pk)
    assert held
    staging.freeze(held)
    assert PersonThen.objects.exists()

    freezing.thaw(held)

    assert not PersonThen.objects.exists()
    assert not ConsoleThen.objects.exists()
    assert not PeopleSource.objects.exists()


def test_who_says_something_is_kept_as_they_were_called_then(campaign, olga):
    comments.comment(campaign.tasks.get(line_no=1), "Ask Tom", by=olga)
    User.objects.filter(pk=olga.pk).update(name="Olga Neu")

    row = table(made(campaign, "lines_csv", make_user("Ada Lindgren", Role.READ_ONLY)))[0]

    assert "Olga Berg" in row["Comments"]


def test_what_is_said_after_the_sign_off_is_in_no_file(campaign, olga, ines):
    task = campaign.tasks.get(line_no=1)
    comments.comment(task, "Before", by=olga)
    signed_off(campaign, ines)
    comments.comment(task, "After", by=olga)

    told = next(evidence_lines(campaign)).outcome.comments

    assert "Before" in told
    assert "After" not in told


def test_no_name_role_version_or_switch_of_later_changes_a_file_of_a_signed_off_campaign(
    campaign, olga, rui, ines, settings
):
    tom, tina, kim = (make_user(name) for name in ("Tom Okafor", "Tina Wu", "Kim Lund"))
    decided(campaign, 1, reason="Needed")
    asked_anew_under(campaign, tom, policy_by(tina, "Earlier"), policy_by(tina, "Now"))
    line = campaign.tasks.get(line_no=1)
    AppliedPolicy.objects.create(
        campaign=campaign,
        app=line.app,
        entitlement=line.entitlement,
        version=policy_by(kim, "Preferred").latest(),
        origin="entitlement",
        name="A role",
    )
    connector = make_connector(app=campaign.tasks.earliest("line_no").app)
    PopulationSource.objects.create(
        campaign=campaign, connector=connector, source="coupa", app_name="Coupa", run=make_run(connector)
    )
    signed_off(campaign, ines)
    auditor = make_user("Ada Lindgren", Role.READ_ONLY)
    before = {kind: content(made(campaign, kind, auditor)) for kind in Report.Kind.values}

    for person in (olga, rui, ines, tom, tina, kim):
        User.objects.filter(pk=person.pk).update(
            name=f"Not {person.name}", email=f"{person.pk.lower()}@else.test"
        )
    App.objects.update(name="Renamed")
    Policy.objects.update(name="Renamed")
    Connector.objects.update(name="Renamed", is_guarded=False)
    ConnectorRules.objects.update(guards=False)
    RoleHolding.objects.create(user=rui, role=Role.SUPER)
    RoleHolding.objects.filter(user=olga).delete()
    settings.VERSION = "99"

    after = {kind: content(made(campaign, kind, auditor)) for kind in Report.Kind.values}
    assert [kind for kind in before if before[kind] != after[kind]] == []


def test_rounds_name_their_policies_as_they_were_called_and_only_those_in_force_stand_in_front(
    campaign, olga, ines
):
    asked_anew_under(campaign, olga, make_policy("Earlier"), make_policy("Later"))
    signed_off(campaign, ines)
    Policy.objects.update(name="Renamed")

    [_, second] = evidence_lines(campaign)

    assert "under Earlier, version 1" in second.outcome.earlier_rounds
    assert second.frozen.policy.startswith("Later, version 1")
    [policies] = [row[1] for row in front(campaign) if row and row[0] == "Policy"]
    assert policies == f"Policy of {campaign.name}, version 1; Later, version 1"
    assert "Earlier, version 1" in words(console_paper(campaign), "Versions of the policies")


def test_who_has_lines_asked_about_anew_is_kept_as_they_were_called_then(campaign):
    kim = make_user("Kim Lund", Role.SUPER)

    rounds.begin_round([campaign.tasks.get(line_no=1)], by=kim, reason="Asked wrongly", said="Restarted")

    assert PersonThen.objects.filter(campaign=campaign, person=kim).exists()


def test_the_console_is_told_as_it_was_at_the_freeze_and_at_the_sign_off(campaign, rui, ines):
    RoleHolding.objects.create(user=rui, role=Role.SUPER)
    signed_off(campaign, ines)
    RoleHolding.objects.filter(user=rui, role=Role.SUPER).delete()

    paper = console_paper(campaign)

    assert "Rui Alves" not in words(paper, "Administrators, when the population was frozen")
    assert "Rui Alves" in words(paper, "Administrators, at the sign-off")
    assert f"Reeve {django_settings.VERSION}" in words(paper, "The console")


def test_everybody_with_a_part_is_kept_at_the_end(campaign, ines):
    tom = make_user("Tom Okafor")
    task = campaign.tasks.get(line_no=1)
    Comment.objects.create(task=task, by=tom, text="Said without a verb")

    signed_off(campaign, ines)

    kept = set(PersonThen.objects.filter(campaign=campaign).values_list("name", flat=True))
    assert {"Tom Okafor", "Rui Alves", "Ines Moreau", "Olga Berg"} <= kept


def moved(campaign):
    """A source, a grant that came by a later run, a line whose grant went by one, and one that did both."""
    line = campaign.tasks.get(line_no=1)
    connector = make_connector(app=line.app, source=line.source)
    first, later = make_run(connector), make_run(connector)
    PopulationSource.objects.create(campaign=campaign, connector=connector, source=line.source, run=first)
    made_later = make_grant(line.account, campaign.tasks.get(line_no=2).entitlement)
    Grant.objects.filter(pk=made_later.pk).update(first_run=later.pk, since=now())
    Grant.objects.filter(pk=line.grant).update(gone_at=now(), gone_run=later.pk)
    passed = make_grant(make_account(line.app, "Temp"), campaign.tasks.get(line_no=2).entitlement)
    while_held = {"since": now(), "gone_at": now(), "gone_run": later.pk + 1}
    Grant.objects.filter(pk=passed.pk).update(first_run=later.pk, **while_held)
    return line


def test_what_came_and_went_is_in_the_memo_and_each_is_a_row(campaign, olga):
    line = moved(campaign)

    rows = table(made(campaign, "moved", olga))

    assert [(row["What"], row["Line"]) for row in rows] == [
        ("came", ""),
        ("went", str(line.line_no)),
        ("came and went", ""),
    ]
    assert (rows[0]["Then gone"], bool(rows[2]["Then gone"])) == ("", True)
    assert rows[1]["Entitlement"] == line.entitlement_name
    told = words(memo(campaign), "After the population was frozen")
    assert "Access that came 1 in scope and still held, in no line" in told
    assert "Access that went 1 of the lines" in told
    assert "Access that came and went 1 in scope, in no line and held no more" in told


def test_it_stays_as_it_was_when_the_campaign_closed(campaign):
    moved(campaign)
    keeping.keep_moved(campaign)
    Campaign.objects.filter(pk=campaign.pk).update(status="closed", closed_at=now())
    campaign.refresh_from_db()
    before = list(roll_forward.moved(campaign))

    App.objects.update(name="Renamed")
    Grant.objects.update(gone_at=None, gone_run=None)

    assert MovedGrant.objects.count() == 3
    assert list(roll_forward.moved(campaign)) == before
    assert roll_forward.of(campaign) == roll_forward.RollForward(1, 1, 1)
