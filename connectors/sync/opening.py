"""The one place that opens a driver: settings, secrets, and what it is handed of the world outside."""

import json
from collections.abc import Callable

from django.conf import settings
from django.utils.crypto import salted_hmac

from connectors import registry
from connectors.contract import Driver, DriverError, Outside
from connectors.models import Connector, SettingsCandidate, SettingsTest
from connectors.sync.pace import RedisPace, RedisTokens
from connectors.sync.rows import packed
from core.sealing import CannotOpen, unseal

type Secrets = dict[str, str]


def allowed() -> Outside:
    """What settings are cleaned against: the hosts an operator allows. No pace, no tokens, no network."""
    return Outside(extra_hosts=settings.CONNECTOR_HOSTS, ca_file=settings.CA_FILE)


def secrets_of(row: Connector | SettingsCandidate | SettingsTest) -> Secrets:
    """Its secrets, unsealed; raises DriverError if no key of the ring opens them."""
    if not row.sealed:
        return {}
    try:
        opened = json.loads(unseal(row.sealed, place=row.place))
    except CannotOpen as problem:
        raise DriverError(
            "The stored secrets cannot be opened with SEALING_KEYS: enter them again."
        ) from problem
    return {str(name): str(value) for name, value in opened.items()}


def open_driver(connector: Connector) -> Driver:
    """The driver with the settings in force. The caller closes it."""
    return _open(connector, connector.settings, secrets_of(connector))


def open_candidate(candidate: SettingsCandidate | SettingsTest) -> Driver:
    """The driver with settings that are to be checked. The caller closes it."""
    return _open(candidate.connector, candidate.settings, secrets_of(candidate))


def _open(connector: Connector, kept: dict[str, str], secrets: Secrets) -> Driver:
    spec = registry.spec(connector.driver)
    everything = {**kept, **secrets}
    for setting in spec.settings:
        if setting.secret and not setting.optional and not everything.get(setting.name):
            raise DriverError(
                f"The {setting.label.lower()} is missing: enter it in the settings of {connector}."
            )
    outside = Outside(
        extra_hosts=settings.CONNECTOR_HOSTS,
        ca_file=settings.CA_FILE,
        pace=RedisPace(spec.source(everything)),
        tokens=RedisTokens(connector.pk, _digest(everything)),
    )
    return spec.open(everything, outside)


def token_of(connector: Connector) -> Callable[[], None]:
    """What forgets the token got with the settings in force. Nothing to forget if they cannot be opened."""
    try:
        everything = {**connector.settings, **secrets_of(connector)}
    except DriverError:
        return lambda: None
    return RedisTokens(connector.pk, _digest(everything)).forget


def _digest(everything: dict[str, str]) -> str:
    """Other settings, another token: one got with an old secret or for other scopes is never used again."""
    return salted_hmac("connectors.sync.opening", packed(everything), algorithm="sha256").hexdigest()[:32]
