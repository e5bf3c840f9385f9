"""Secrets at rest."""

import pytest

from core.sealing import CannotOpen, new_key, seal, unseal

PLACE = "connectors_connector:sealed:1"


def test_what_was_sealed_opens_in_its_place_only():
    sealed = seal("s3cret", place=PLACE)

    assert unseal(sealed, place=PLACE) == "s3cret"
    with pytest.raises(CannotOpen):
        unseal(sealed, place="connectors_connector:sealed:2")


def test_a_sealed_text_does_not_contain_the_secret_and_is_never_the_same_twice():
    first, second = seal("s3cret", place=PLACE), seal("s3cret", place=PLACE)

    assert "s3cret" not in first
    assert first != second


def test_an_older_key_still_opens_and_the_newest_seals(settings):
    old, new = new_key(), new_key()
    settings.SEALING_KEYS = [old]
    sealed = seal("s3cret", place=PLACE)
    settings.SEALING_KEYS = [new, old]

    opened, sealed_anew = unseal(sealed, place=PLACE), seal("s3cret", place=PLACE)

    assert opened == "s3cret"
    assert sealed_anew.partition(".")[0] != sealed.partition(".")[0]


def test_a_key_that_left_the_ring_is_named(settings):
    sealed = seal("s3cret", place=PLACE)
    settings.SEALING_KEYS = [new_key()]

    with pytest.raises(CannotOpen, match=sealed.partition(".")[0]):
        unseal(sealed, place=PLACE)


def test_an_altered_text_does_not_open():
    sealed = seal("s3cret", place=PLACE)
    altered = sealed[:-6] + ("A" if sealed[-6] != "A" else "B") + sealed[-5:]

    with pytest.raises(CannotOpen):
        unseal(altered, place=PLACE)
