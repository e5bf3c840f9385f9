"""An operator adds people, who set their own passwords."""

import pytest
from django.core.management import CommandError, call_command

from core.models import Role, TrailEvent, User
from tests.make import make_user

EMAIL = "grace.kim@meridian.example"


@pytest.mark.parametrize(
    ("wanted", "roles"),
    [
        ([], {"basic"}),
        (["--role", "connector"], {"basic", "connector"}),
        (["--role", "super"], {"basic", "super"}),
        (["--role", "helpdesk"], {"basic", "helpdesk"}),
        (["--role", "read_only"], {"read_only"}),
    ],
)
def test_a_person_is_added_with_the_role_asked_for_and_without_a_password(wanted, roles, trail, capsys):
    call_command("add_person", "Grace.Kim@meridian.example", "--name", " Grace \x0b Kim ", *wanted)

    grace = User.objects.get(email=EMAIL)
    said = capsys.readouterr().out.splitlines()
    assert (grace.name, grace.is_active, grace.roles()) == ("Grace Kim", True, roles)
    assert not grace.has_usable_password()
    assert grace in User.objects.search("kim")
    assert trail() == ["core.person_added"]
    assert TrailEvent.objects.get().actor_name == "Operator"
    assert said[0] == EMAIL
    assert f"./dev manage reset_link {EMAIL}" in said[1]


def test_the_link_named_then_leads_to_a_password(db, client, capsys):
    make_user("Ada Lindgren", Role.SUPER)
    call_command("add_person", EMAIL, "--name", "Grace Kim")
    capsys.readouterr()
    call_command("reset_link", EMAIL)
    link = capsys.readouterr().out.strip()

    client.post(link, {"password": "another nine grey geese", "again": "another nine grey geese"})

    assert client.get("/").status_code == 200


@pytest.mark.parametrize(
    ("email", "name", "sentence"),
    [
        ("Peter.Kovacs@meridian.example", "Peter", "is known here already: Peter Kovacs, deactivated."),
        ("grace", "Grace", "'grace' is not an e-mail address."),
        ("grace\0@meridian.example", "Grace", "is not an e-mail address."),
        (EMAIL, " \x0b", "A name has 1 to 200 letters."),
        (EMAIL, "x" * 201, "A name has 1 to 200 letters."),
    ],
)
def test_who_is_known_or_cannot_be_a_person_is_refused_with_a_sentence(email, name, sentence, trail):
    make_user("Peter Kovacs", status=User.Status.DEACTIVATED)

    with pytest.raises(CommandError) as refused:
        call_command("add_person", email, "--name", name)

    assert sentence in str(refused.value)
    assert User.objects.count() == 1
    assert trail() == []
