"""Five failed tries for one e-mail from one address, and then a quarter of an hour's rest."""

import pytest
import time_machine
from axes.models import AccessAttempt
from django.core.management import CommandError, call_command

from core.actions.lockout import LOCKED
from core.actions.password import password_link
from core.actions.signing_in import WRONG
from core.models import OutgoingMail, Role, TrailEvent, User
from tests.make import PASSWORD, make_user

SIGN_IN = "/sign-in/"
ELSEWHERE = "198.51.100.7"


@pytest.fixture
def grace(db):
    make_user("Ada Lindgren", Role.SUPER, password=PASSWORD)
    return make_user("Grace Kim", Role.BASIC, password=PASSWORD)


def tries(client, email, password="wrong geese", *, count=1, address=ELSEWHERE, **headers):
    """The last answer to so many tries."""
    for _ in range(count):
        reply = client.post(
            SIGN_IN, {"email": email, "password": password}, REMOTE_ADDR=address, headers=headers
        )
    return reply


def came_in(reply):
    return reply.status_code == 302


def test_the_fifth_failed_try_locks_and_the_right_password_is_not_looked_at(grace, client):
    fourth = tries(client, grace.email, count=4).content.decode()
    fifth = tries(client, grace.email).content.decode()
    right = tries(client, grace.email, PASSWORD)

    assert WRONG in fourth
    assert LOCKED in fifth
    assert LOCKED in right.content.decode()
    assert not came_in(right)


def test_four_failed_tries_do_not_lock_and_the_right_password_forgets_them(grace, client):
    tries(client, grace.email, count=4)

    reply = tries(client, grace.email, PASSWORD)
    client.post("/sign-out/")
    again = tries(client, grace.email, count=4)

    assert came_in(reply)
    assert WRONG in again.content.decode()


def test_an_e_mail_that_nobody_has_locks_the_same_way(grace, client):
    known = tries(client, grace.email, count=5).content.decode()
    unknown = tries(client, "nobody@meridian.example", count=5).content.decode()

    assert LOCKED in unknown
    assert _without_token(unknown).replace("nobody@meridian.example", grace.email) == _without_token(known)


def test_a_lock_holds_for_one_address_and_one_e_mail(grace, client):
    tries(client, grace.email, count=5)

    from_elsewhere = tries(client, grace.email, PASSWORD, address="203.0.113.9")
    client.post("/sign-out/")
    another_person = tries(client, "ada.lindgren@meridian.example", PASSWORD)

    assert came_in(from_elsewhere)
    assert came_in(another_person)


def test_another_browser_at_the_same_address_is_counted_with_the_first(grace, client):
    tries(client, grace.email, count=3, **{"User-Agent": "one"})

    reply = tries(client, grace.email, count=2, **{"User-Agent": "two"})

    assert LOCKED in reply.content.decode()


def test_a_lock_ends_after_a_quarter_of_an_hour_however_often_one_tries_meanwhile(grace, client):
    with time_machine.travel("2026-05-04 09:00") as clock:
        tries(client, grace.email, count=5)
        clock.shift(14 * 60)
        meanwhile = tries(client, grace.email, PASSWORD)
        clock.shift(61)

        afterwards = tries(client, grace.email, PASSWORD)

    assert not came_in(meanwhile)
    assert came_in(afterwards)


def test_the_person_gets_one_letter_a_lock_with_when_where_and_a_way_out(grace, client, trail):
    with time_machine.travel("2026-05-04 09:00"):
        tries(client, grace.email, count=7)

    letter = OutgoingMail.objects.get()
    assert letter.to == grace.email
    assert "4 May 2026 09:00 (UTC)" in letter.text
    assert ELSEWHERE in letter.text
    assert "[[password-link]]" in letter.text
    assert trail().count("core.locked_out") == 1
    assert trail().count("core.sign_in_failed") == 5, "while it is locked nothing is written"


@pytest.mark.parametrize("email", ["nobody@meridian.example", "left@meridian.example"])
def test_nobody_is_written_to_where_nobody_active_is_locked(email, grace, client, trail):
    make_user("Peter Kovacs", email="left@meridian.example", status=User.Status.DEACTIVATED)

    tries(client, email, count=5)

    assert trail().count("core.locked_out") == 1
    assert not OutgoingMail.objects.exists()


def test_a_mailed_link_lifts_the_lock(grace, client):
    tries(client, grace.email, count=5)
    new = "another nine grey geese"

    client.post(password_link(grace), {"password": new, "again": new})
    client.post("/sign-out/")

    assert came_in(tries(client, grace.email, new))


def test_the_last_super_administrator_is_never_locked_at_the_machine_itself(db, client):
    ada = make_user("Ada Lindgren", Role.SUPER, password=PASSWORD)
    tries(client, ada.email, count=9, address="127.0.0.1")

    reply = tries(client, ada.email, PASSWORD, address="127.0.0.1")

    assert came_in(reply)


@pytest.mark.parametrize(
    ("address", "headers", "has_colleague"),
    [
        (ELSEWHERE, {}, False),
        ("127.0.0.1", {"X-Forwarded-For": ELSEWHERE}, False),
        ("127.0.0.1", {}, True),
    ],
)
def test_from_elsewhere_by_a_proxy_or_with_a_colleague_they_are(address, headers, has_colleague, db, client):
    ada = make_user("Ada Lindgren", Role.SUPER, password=PASSWORD)
    if has_colleague:
        make_user("Ines Moreau", Role.SUPER)

    tries(client, ada.email, count=5, address=address, **headers)

    assert not came_in(tries(client, ada.email, PASSWORD, address=address, **headers))


def test_an_operator_lifts_a_lock(grace, client, capsys):
    tries(client, grace.email, count=5)

    call_command("unlock", grace.email.upper())

    assert came_in(tries(client, grace.email, PASSWORD))
    event = TrailEvent.objects.get(action="core.lock_lifted")
    assert (event.actor_name, event.object_id) == ("Operator", grace.pk)


@pytest.mark.parametrize(
    "arguments", [["nobody@meridian.example"], [], ["--second-factor"], ["--second-factor", "--networks"]]
)
def test_an_operator_must_say_whose(arguments, grace):
    with pytest.raises(CommandError):
        call_command("unlock", *arguments)

    assert not TrailEvent.objects.exists()


def test_what_was_typed_is_not_kept_with_the_failed_tries(grace, client):
    tries(client, grace.email, "wrong geese", count=2)

    kept = str(list(AccessAttempt.objects.values()))

    assert grace.email in kept
    assert "geese" not in kept


def _without_token(page):
    return "\n".join(line for line in page.splitlines() if "csrfmiddlewaretoken" not in line)
