"""The demo company."""

import json

import pytest
from django.core.management import CommandError, call_command
from django.utils.timezone import now

from connectors.models import App
from core.models import Delegation, Organisation, OutgoingMail, PeopleGroup, Role, User
from reviews.models import Campaign, Mark, Removal, Template
from reviews.queries import bridge
from tests.make import make_user


def test_the_demo_company_has_sixty_people_with_managers_and_apps_with_and_without_owners(db, tmp_path):
    call_command("load_demo", people_file=tmp_path / "people.jsonl")

    assert User.objects.count() == 60
    assert [person.name for person in User.objects.filter(managers=None)] == ["Victoria Ashworth"]
    assert User.objects.values("department").distinct().count() == 6
    assert App.objects.unmanaged().count() == 4
    assert all(app.owners_now().count() > 2 for app in App.objects.managed())
    assert Organisation.current().is_demo
    assert len([json.loads(line) for line in (tmp_path / "people.jsonl").read_text().splitlines()]) == 60


def test_the_demo_company_has_roles_groups_and_somebody_who_is_away_but_no_administrator_and_no_letter(db):
    call_command("load_demo")

    held = {role for person in User.objects.all() for role in person.roles()}
    assert held == set(Role) - {Role.SUPER}
    assert [person.name for person in User.objects.holding(Role.READ_ONLY)] == ["Sofia Marchetti"]
    assert not User.objects.get(name="Sofia Marchetti").may_act
    sizes = {group.name: group.members.count() for group in PeopleGroup.objects.all()}
    assert sizes == {"Spend approvers": 5, "Security desk": 3}
    assert str(Delegation.objects.active(now()).get()) == "Marcus Adeyemi for Helena Sorensen"
    assert not OutgoingMail.objects.exists()


def test_the_demo_company_is_not_loaded_among_real_people(db):
    make_user("Nora Lindqvist")

    with pytest.raises(CommandError, match="empty"):
        call_command("load_demo")

    assert User.objects.count() == 1
    assert not Organisation.current().is_demo


def test_everybody_signs_in_with_the_password_of_the_file_or_with_none(db, tmp_path):
    file = tmp_path / "password"
    file.write_text("six brown hens\n")

    call_command("load_demo", password_file=file)

    assert all(person.check_password("six brown hens") for person in User.objects.all()[:3])
    assert User.objects.values("password").distinct().count() == 1


def test_the_demo_company_has_a_review_that_is_signed_off_and_one_with_removals_in_every_state_that_lasts(
    transactional_db,
):
    call_command("load_demo", with_reviews=True)

    finished, running = Campaign.objects.order_by("created_at")
    assert (finished.status, running.status) == ("signed_off", "running")
    assert bridge.of(finished).ties
    assert set(finished.reports.values_list("status", flat=True)) == {"done"}
    assert not User.objects.get(name="Tomas Novak").has_role(Role.APPLICATION)
    removals = Removal.objects.filter(campaign=running).values_list("status", flat=True)
    assert sorted(removals) == [
        "by_hand", "came_back", "dropped", "excepted", "proven", "removed", "waiting",
    ]  # fmt: skip
    assert {"open", "certified", "denied"} == set(running.tasks.values_list("status", flat=True))
    assert Mark.objects.filter(campaign=running).exclude(outcome=Mark.Outcome.NONE).exists()
    assert Template.objects.get().next_on
    assert not Organisation.current().drops_letters
    assert not OutgoingMail.objects.exclude(status=OutgoingMail.Status.DROPPED).exists()
