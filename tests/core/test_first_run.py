"""The first administrator: one link, one winner."""

from threading import Barrier, Thread

import pytest
import time_machine
from django.core.management import CommandError, call_command
from django.db import connection
from django.urls import reverse
from django.utils.timezone import now

from core.actions.people import create_first_administrator
from core.errors import NotPossible
from core.models import Role, User
from core.sign_in.first_run import set_up_link
from tests.make import PASSWORD, make_user

ANSWERS = {"name": "Ada Lindgren", "email": "Ada@Meridian.example", "password": PASSWORD}


def test_the_link_makes_a_super_administrator_who_is_signed_in(db, client, trail):
    link = set_up_link()

    reply = client.post(link, ANSWERS)

    person = User.objects.get()
    assert reply.status_code == 302
    assert person.email == "ada@meridian.example"
    assert person.roles() == {Role.SUPER, Role.BASIC}
    assert client.get(reverse("core:home")).status_code == 200
    assert trail() == ["core.first_administrator", "core.signed_in"]


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"password": "short"}, "too short"),
        ({"password": "ada lindgren"}, "too similar to the name"),
        ({"email": "nowhere"}, "valid email"),
        ({"name": " "}, "required"),
        ({"name": "\x01\x0b"}, "required"),
    ],
)
def test_a_bad_answer_is_said_and_makes_nobody(change, sentence, db, client, trail):
    link = set_up_link()

    reply = client.post(link, {**ANSWERS, **change})

    assert reply.status_code == 422
    assert sentence in reply.content.decode()
    assert not User.objects.exists()
    assert trail() == []


def test_a_name_is_kept_on_one_line(db, client):
    client.post(set_up_link(), {**ANSWERS, "name": "Ada\r\nBcc:\u2028 Lindgren\x85"})

    assert User.objects.get().name == "Ada Bcc: Lindgren"


def test_the_link_is_refused_once_there_is_an_administrator(db, client):
    link = set_up_link()
    make_user("Ada Lindgren", Role.SUPER)

    shown, sent = client.get(link), client.post(link, {**ANSWERS, "email": "other@meridian.example"})

    assert (shown.status_code, sent.status_code) == (409, 409)
    assert reverse("core:sign_in") in shown.content.decode()
    assert User.objects.count() == 1


def test_a_deactivated_administrator_does_not_count(db, client):
    make_user("Ada Lindgren", Role.SUPER, status=User.Status.DEACTIVATED)

    reply = client.get(set_up_link())

    assert reply.status_code == 200


def test_the_link_ends_after_a_day(db, client):
    link = set_up_link()

    with time_machine.travel(now().timestamp() + 24 * 3600 + 60):
        reply = client.get(link)

    assert reply.status_code == 403
    assert "too old" in reply.content.decode()


def test_a_made_up_link_is_refused(db, client):
    reply = client.get(reverse("core:set_up", args=["set-up:1aaaaa:AAAA"]))

    assert reply.status_code == 403


def test_somebody_known_already_keeps_the_row_and_becomes_administrator(db, client):
    known = make_user("Ada L.", email="ada@meridian.example")

    client.post(set_up_link(), ANSWERS)

    person = User.objects.get()
    assert person.pk == known.pk
    assert person.name == "Ada Lindgren"
    assert person.is_super


@pytest.mark.django_db(transaction=True)
def test_of_two_at_once_one_wins():
    both, outcomes = Barrier(2), []

    def try_it(number):
        both.wait(timeout=10)
        try:
            create_first_administrator(
                name=f"Person {number}", email=f"{number}@meridian.example", password=PASSWORD
            )
        except NotPossible:
            outcomes.append("refused")
        else:
            outcomes.append("won")
        finally:
            connection.close()

    threads = [Thread(target=try_it, args=[number]) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=30)

    assert sorted(outcomes) == ["refused", "won"]
    assert User.objects.holding(Role.SUPER).count() == 1


def test_without_an_administrator_the_sign_in_page_says_how_to_get_the_link(db, client):
    reply = client.get(reverse("core:home"), follow=True)

    page = reply.content.decode()
    assert "./dev manage setup_link" in page
    assert 'name="password"' not in page


def test_the_command_prints_the_link_alone(db, client, capsys):
    call_command("setup_link")

    link = capsys.readouterr().out.strip()
    assert link.startswith("http://testserver/setup/")
    assert client.get(link).status_code == 200


def test_the_command_refuses_when_there_is_an_administrator(db, capsys):
    make_user("Ada Lindgren", Role.SUPER)

    with pytest.raises(CommandError, match="administrator already"):
        call_command("setup_link")

    assert capsys.readouterr().out == ""
