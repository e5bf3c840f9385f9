"""A driver gets its settings, its secrets, and a token of these settings alone."""

import json
from dataclasses import replace

import pytest

from connectors import registry
from connectors.contract import DriverError, Outside
from connectors.sync import opening
from connectors.sync.pace import RedisTokens
from core.sealing import new_key, seal


@pytest.fixture
def opened(connector, monkeypatch):
    """Settings and surroundings of every driver that was opened."""
    seen: list[tuple[dict[str, str], Outside]] = []
    spec = registry.spec("coupa")

    def watch(settings, outside):
        seen.append((dict(settings), outside))
        return spec.open(settings, outside)

    watched = replace(spec, open=watch)
    monkeypatch.setattr(registry, "spec", lambda _: watched)
    return seen


def set_secret(connector, secret: str) -> None:
    connector.settings = {"domain": "acme.coupahost.com", "client_id": "reeve", "mode": "read"}
    connector.sealed = seal(json.dumps({"client_secret": secret}), place=connector.place)
    connector.save()


def test_a_driver_gets_settings_and_secrets(connector, opened):
    set_secret(connector, "one")

    opening.open_driver(connector)

    assert opened[0][0] == {**connector.settings, "client_secret": "one"}


def test_a_changed_secret_never_uses_the_old_token(connector, opened):
    for secret in ("one", "one", "two"):
        set_secret(connector, secret)
        opening.open_driver(connector)

    keys = []
    for _, outside in opened:
        assert isinstance(outside.tokens, RedisTokens)
        keys.append(outside.tokens._key)
    assert keys[0] == keys[1] != keys[2]


def test_secrets_that_no_key_opens_are_said_so(connector, settings):
    set_secret(connector, "one")
    settings.SEALING_KEYS = [new_key()]

    with pytest.raises(DriverError, match="enter them again"):
        opening.open_driver(connector)


def test_a_driver_is_told_which_kinds_are_on_and_others_never_share_its_token(connector, opened, monkeypatch):
    set_secret(connector, "one")
    opening.open_driver(connector)
    spec = registry.spec("coupa")
    every = tuple(replace(each, by_default=True) for each in spec.capabilities)
    monkeypatch.setattr(registry, "spec", lambda _: replace(spec, capabilities=every))

    opening.open_driver(connector)

    (_, some), (_, more) = opened
    assert list(some.kinds) == ["user", "group", "role", "license"]
    assert list(more.kinds) == ["user", "group", "role", "license", "account_group"]
    assert isinstance(some.tokens, RedisTokens)
    assert isinstance(more.tokens, RedisTokens)
    assert some.tokens._key != more.tokens._key
