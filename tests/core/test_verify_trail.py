"""`manage.py verify_trail`: what it says, and what it ends with."""

import re

import pytest
from django.core.management import CommandError, call_command

from core.actions import seals
from core.mailbox import write as write_letter
from core.models import Organisation, TrailEvent, TrailSeal
from tests.core.test_seals import sealed_now, write
from tests.flush import past_the_triggers
from tests.make import make_user


@pytest.fixture
def sealed(db):
    """Three events under two seals, and two that wait."""
    write(2)
    seals.seal_next()
    write(1)
    seal = sealed_now()
    write(2)
    return seal


def said(capsys, *arguments):
    """Its lines, whether or not it found trouble."""
    try:
        call_command("verify_trail", *arguments)
    except CommandError as problem:
        return [*capsys.readouterr().out.splitlines(), f"error: {problem}"]
    return capsys.readouterr().out.splitlines()


def test_a_whole_trail_is_counted_and_its_head_is_told(sealed, capsys):
    assert said(capsys) == [
        "5 events, 2 seals, 2 events not sealed yet",
        f"head 2:{sealed.hash}",
        "The chain is whole.",
    ]


def test_an_empty_trail_is_whole(db, capsys):
    assert said(capsys) == ["0 events, 0 seals, 0 events not sealed yet", "head none", "The chain is whole."]


def test_the_head_it_tells_is_the_head_it_takes(sealed, capsys):
    head = said(capsys)[1].removeprefix("head ")
    write(1)
    seals.seal_next()

    assert said(capsys, "--head", head)[-1] == "The chain is whole."


def test_the_head_of_a_letter_is_the_head_it_takes(sealed, capsys):
    Organisation.current()
    letter = write_letter("password_changed", to=make_user("Nora Lindqvist"))
    heads = [re.findall(r"Trail: seal (\S+:[0-9a-f]{64})", part)[0] for part in (letter.text, letter.html)]

    assert heads == [f"2:{sealed.hash}"] * 2
    assert said(capsys, "--head", heads[0])[-1] == "The chain is whole."


def test_before_there_is_a_seal_letters_carry_none(db):
    Organisation.current()

    letter = write_letter("password_changed", to=make_user("Nora Lindqvist"))

    assert "Trail:" not in letter.text + letter.html


@pytest.mark.parametrize(
    ("number", "sentence"),
    [
        (2, "Seal 2 is another than the one whoever asks knew: the chain was made anew."),
        (3, "Seal 3 is gone, though whoever asks knew it."),
    ],
)
def test_another_head_is_trouble(number, sentence, sealed, capsys):
    lines = said(capsys, "--head", f"{number}:{'0' * 64}")

    assert lines[2:] == [sentence, "error: The trail is not as it was written."]


@pytest.mark.parametrize("head", ["2", "2:abc", f"two:{'0' * 64}", f"-1:{'0' * 64}", f"2:{'0' * 65}", ""])
def test_what_is_no_head_is_refused_with_a_sentence(head, sealed):
    with pytest.raises(CommandError, match="a head reads NUMBER:HASH"):
        call_command("verify_trail", f"--head={head}")


def test_trouble_is_named_and_ends_with_one(sealed, capsys):
    event = TrailEvent.objects.earliest("pk")
    with past_the_triggers():
        TrailEvent.objects.filter(pk=event.pk).update(actor_name="Somebody else")

    with pytest.raises(CommandError) as ended:
        call_command("verify_trail")

    lines = capsys.readouterr().out.splitlines()
    assert lines[2:] == [f"Event {event.pk} was altered (seal 1)."]
    assert ended.value.returncode == 1


def test_it_writes_nothing(sealed, capsys):
    before = TrailEvent.objects.count(), TrailSeal.objects.count()

    said(capsys)

    assert (TrailEvent.objects.count(), TrailSeal.objects.count()) == before
