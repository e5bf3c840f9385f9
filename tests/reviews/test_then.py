"""What evidence says of people and of the console stays as it was, whatever becomes of them."""

import pytest
from django.conf import settings as django_settings
from django.utils.timezone import now

from connectors.models import App, Connector, ConnectorRules, Grant
from core.models import Role, RoleHolding, User
from reviews.actions import comments, freezing, keeping, staging
from reviews.models import (
    Campaign,
    Comment,
    ConsoleThen,
    MovedGrant,
    PersonThen,
    Policy,
    PopulationSource,
    Report,
)
from reviews.queries import roll_forward
from reviews.queries.console_paper import console_paper
from reviews.queries.memo import memo
from tests.make import make_connector, make_grant, make_run, make_user
from tests.reviews.making import make_grants, make_running
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


def test_who_says_something_is_kept_as_they_were_called_then(campaign, olga):
    comments.comment(campaign.tasks.get(line_no=1), "Ask Tom", by=olga)
    User.objects.filter(pk=olga.pk).update(name="Olga Neu")

    row = table(made(campaign, "lines_csv", make_user("Ada Lindgren", Role.READ_ONLY)))[0]

    assert "Olga Berg" in row["Comments"]


def test_no_name_role_version_or_switch_of_later_changes_a_file_of_a_signed_off_campaign(
    campaign, olga, rui, ines, settings
):
    decided(campaign, 1, reason="Needed")
    connector = make_connector(app=campaign.tasks.earliest("line_no").app)
    PopulationSource.objects.create(
        campaign=campaign, connector=connector, source="coupa", app_name="Coupa", run=make_run(connector)
    )
    signed_off(campaign, ines)
    auditor = make_user("Ada Lindgren", Role.READ_ONLY)
    before = {kind: content(made(campaign, kind, auditor)) for kind in Report.Kind.values}

    for person in (olga, rui, ines):
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
    """A source, a grant that came by a later run, and a line whose grant went by one."""
    line = campaign.tasks.get(line_no=1)
    connector = make_connector(app=line.app, source=line.source)
    first, later = make_run(connector), make_run(connector)
    PopulationSource.objects.create(campaign=campaign, connector=connector, source=line.source, run=first)
    made_later = make_grant(line.account, campaign.tasks.get(line_no=2).entitlement)
    Grant.objects.filter(pk=made_later.pk).update(first_run=later.pk, since=now())
    Grant.objects.filter(pk=line.grant).update(gone_at=now(), gone_run=later.pk)
    return line


def test_what_came_and_went_is_in_the_memo_and_each_is_a_row(campaign, olga):
    line = moved(campaign)

    rows = table(made(campaign, "moved", olga))

    assert [(row["What"], row["Line"]) for row in rows] == [("came", ""), ("went", str(line.line_no))]
    assert rows[1]["Entitlement"] == line.entitlement_name
    told = words(memo(campaign), "After the population was frozen")
    assert "Access that came 1 in scope and still held, in no line" in told
    assert "Access that went 1 of the lines" in told


def test_it_stays_as_it_was_when_the_campaign_closed(campaign):
    moved(campaign)
    keeping.keep_moved(campaign)
    Campaign.objects.filter(pk=campaign.pk).update(status="closed", closed_at=now())
    campaign.refresh_from_db()
    before = list(roll_forward.moved(campaign))

    App.objects.update(name="Renamed")
    Grant.objects.update(gone_at=None, gone_run=None)

    assert MovedGrant.objects.count() == 2
    assert list(roll_forward.moved(campaign)) == before
    assert roll_forward.of(campaign) == roll_forward.RollForward(1, 1)
