"""The one place that opens a driver: settings, secrets, and what it is handed of the world outside."""

import json

from django.conf import settings
from django.utils.crypto import salted_hmac

from connectors import registry
from connectors.contract import Driver, DriverError, Outside
from connectors.models import Connector, SettingsCandidate
from connectors.sync.pace import RedisPace, RedisTokens
from connectors.sync.rows import packed
from core.sealing import CannotOpen, unseal

type Secrets = dict[str, str]


def allowed() -> Outside:
    """What settings are cleaned against: the hosts an operator allows. No pace, no tokens, no network."""
    return Outside(extra_hosts=settings.CONNECTOR_HOSTS, ca_file=settings.CA_FILE)


def secrets_of(row: Connector | SettingsCandidate) -> Secrets:
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


def open_driver(connector: Connector, *, keeps_bodies: bool = False) -> Driver:
    """The driver with the settings in force. The caller closes it."""
    return _open(connector, connector.settings, secrets_of(connector), keeps_bodies=keeps_bodies)


def open_candidate(candidate: SettingsCandidate) -> Driver:
    """The driver with settings that are to be checked. The caller closes it."""
    return _open(candidate.connector, candidate.settings, secrets_of(candidate))


def _open(
    connector: Connector, kept: dict[str, str], secrets: Secrets, *, keeps_bodies: bool = False
) -> Driver:
    spec = registry.spec(connector.driver)
    everything = {**kept, **secrets}
    # Other settings, another token: one fetched with an old secret or for other scopes is never used again.
    digest = salted_hmac("connectors.sync.opening", packed(everything), algorithm="sha256").hexdigest()[:32]
    outside = Outside(
        extra_hosts=settings.CONNECTOR_HOSTS,
        ca_file=settings.CA_FILE,
        pace=RedisPace(spec.source(everything)),
        tokens=RedisTokens(connector.pk, digest),
        keeps_bodies=keeps_bodies,
    )
    return spec.open(everything, outside)
