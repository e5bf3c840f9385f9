"""New keys for old secrets: every secret, every table, while the console runs."""

import io
import json

import pytest
from django.core.management import CommandError, call_command

from connectors.models import Connector
from connectors.sync import pace
from connectors.sync.opening import secrets_of
from core.actions import keys
from core.models import MailServer, TrailEvent
from core.models.keys import place_of
from core.sealing import key_ids, key_of, new_key, seal, unseal
from tests.make import make_connected

SECRETS = {"client_secret": "s3cret"}


@pytest.fixture
def ring(settings):
    """An older key, in force when the secrets were stored, and a newer one."""
    old, new = new_key(), new_key()
    settings.SEALING_KEYS = [old]
    return settings, old, new


@pytest.fixture
def connector(db, ring):
    """One whose secret is sealed with the older key."""
    connector = make_connected()
    connector.sealed = seal(json.dumps(SECRETS), place=connector.place)
    connector.save(update_fields=["sealed"])
    return connector


def rotate():
    said = io.StringIO()
    call_command("rotate_keys", stdout=said)
    return said.getvalue()


def put_in_front(ring):
    settings, old, new = ring
    settings.SEALING_KEYS = [new, old]


def test_every_sealed_column_of_every_table_is_known():
    found = {str(column) for column in keys.sealed_columns()}

    assert found >= {
        "connectors_connector.sealed",
        "connectors_settingscandidate.sealed",
        "core_mailserver.sealed",
        "core_identityprovider.sealed",
        "core_secondfactor.sealed",
    }


def test_after_a_rotation_the_older_key_is_not_needed(connector, ring):
    settings, _, new = ring
    put_in_front(ring)

    said = rotate()

    settings.SEALING_KEYS = [new]
    connector.refresh_from_db()
    assert secrets_of(connector) == SECRETS
    assert "connectors_connector.sealed: 1 sealed anew" in said
    assert "0 secrets; may be taken away" in said


def test_an_older_key_that_is_still_used_is_not_called_free(connector, ring, monkeypatch):
    put_in_front(ring)
    monkeypatch.setattr(keys, "rotate", list)

    assert "1 secrets; run this again" in rotate()


def test_a_second_rotation_changes_nothing(connector, ring):
    put_in_front(ring)
    rotate()
    before = Connector.objects.get().sealed

    said = rotate()

    assert Connector.objects.get().sealed == before
    assert "0 sealed anew, 1 were already" in said


def test_a_save_in_the_middle_wins(connector, ring, monkeypatch):
    settings, _, new = ring
    put_in_front(ring)
    newer = seal(json.dumps({"client_secret": "newer"}), place=connector.place)

    def slow(sealed, *, place):
        opened = unseal(sealed, place=place)
        Connector.objects.filter(pk=connector.pk).update(sealed=newer)
        return opened

    monkeypatch.setattr(keys, "unseal", slow)

    keys.rotate()

    settings.SEALING_KEYS = [new]
    connector.refresh_from_db()
    assert secrets_of(connector) == {"client_secret": "newer"}


def test_more_rows_than_a_batch_holds_are_all_sealed_anew(db, ring, monkeypatch):
    monkeypatch.setattr(keys, "BATCH", 2)
    servers = [MailServer(host=f"mail{n}", port=25, status="replaced", security="none") for n in range(5)]
    for server in servers:
        server.sealed = seal("s3cret", place=place_of(server, "sealed"))
    MailServer.objects.bulk_create(servers)
    put_in_front(ring)

    said = rotate()

    assert "core_mailserver.sealed: 5 sealed anew" in said


def test_a_secret_that_no_key_opens_is_named_and_the_others_are_rotated(connector, ring):
    settings, old, new = ring
    settings.SEALING_KEYS = [new_key()]
    lost = make_connected(name="Ariba")
    lost.sealed = seal("{}", place=lost.place)
    lost.save(update_fields=["sealed"])
    settings.SEALING_KEYS = [new, old]

    with pytest.raises(CommandError, match=f"connectors_connector, {lost.pk}"):
        rotate()

    connector.refresh_from_db()
    settings.SEALING_KEYS = [new]
    assert secrets_of(connector) == SECRETS


def test_a_rotation_stands_in_the_trail_with_counts_and_without_keys(connector, ring):
    _, old, new = ring
    put_in_front(ring)

    rotate()

    event = TrailEvent.objects.get(action="core.keys_rotated")
    assert (event.channel, event.actor_name) == ("command", "Operator")
    assert event.change["resealed"] == {"connectors_connector.sealed": 1}
    assert old not in str(event.change)
    assert new not in str(event.change)


def test_a_new_key_is_printed_as_the_setting_wants_it(settings):
    said = io.StringIO()

    call_command("rotate_keys", new=True, stdout=said)

    settings.SEALING_KEYS = [said.getvalue().strip()]
    assert unseal(seal("s3cret", place="p"), place="p") == "s3cret"


def test_a_token_sealed_with_a_key_that_was_taken_away_is_fetched_anew(settings, monkeypatch):
    settings.SEALING_KEYS = [new_key()]
    tokens = pace.RedisTokens("one", "digest")
    kept = seal('["token", "2026-01-01T00:00:00+00:00"]', place="reeve:token:one:digest").encode()
    monkeypatch.setattr(pace, "_ask", lambda command: kept)
    before = tokens.get()
    settings.SEALING_KEYS = [new_key()]

    after = tokens.get()

    assert before is not None
    assert after is None


def test_the_key_of_a_secret_is_told_by_its_beginning(settings):
    settings.SEALING_KEYS = [new_key()]

    assert [key_of(seal("s3cret", place="p"))] == key_ids()
