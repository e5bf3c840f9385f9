"""The demo company."""

import json

import pytest
from django.core.management import CommandError, call_command
from django.utils.timezone import now

from connectors.models import App
from core.models import Delegation, Organisation, OutgoingMail, PeopleGroup, Role, User
from tests.make import make_user


def test_the_demo_company_has_sixty_people_with_managers_and_apps_nobody_manages(db, tmp_path):
    call_command("load_demo", people_file=tmp_path / "people.jsonl")

    assert User.objects.count() == 60
    assert [person.name for person in User.objects.filter(managers=None)] == ["Victoria Ashworth"]
    assert User.objects.values("department").distinct().count() == 6
    assert App.objects.unmanaged().count() == 6
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
