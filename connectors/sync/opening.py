"""The one place that opens a driver: settings, secrets, and what it is handed of the world outside."""

import json
from collections.abc import Callable
from dataclasses import replace

from django.conf import settings
from django.utils.crypto import salted_hmac

from connectors import registry
from connectors.contract import Call, Driver, DriverError, Outside
from connectors.contract_writing import Changer
from connectors.models import Connector, SettingsCandidate, SettingsTest
from connectors.sync.console import OwnConsole
from connectors.sync.kinds import kinds_of
from connectors.sync.pace import RedisPace, RedisTokens
from connectors.sync.rows import packed
from connectors.sync.uploads import opener
from core.sealing import CannotOpen, unseal

type Secrets = dict[str, str]


def allowed(file: Callable[[str], bytes]) -> Outside:
    """What settings are cleaned against: the hosts an operator allows, and the files that were handed in.
    No pace, no tokens, no network."""
    return Outside(extra_hosts=settings.CONNECTOR_HOSTS, ca_file=settings.CA_FILE, file=file)


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


def open_driver(connector: Connector, *, keeps_bodies: bool = False) -> Driver:
    """The driver with the settings in force. The caller closes it."""
    return _open(connector, connector.settings, secrets_of(connector), keeps_bodies=keeps_bodies)


def open_provisioner(connector: Connector, heard: Callable[[Call], None], *, why: str = "") -> Changer:
    """What changes the app with the settings in force; `heard` is told of each call, `why` goes into the
    app's own record where it keeps one. The caller closes it.

    Raises DriverError if its driver only reads.
    """
    opened = _open(connector, connector.settings, secrets_of(connector), heard=heard, why=why)
    if not isinstance(opened, Changer):
        opened.close()
        raise DriverError(f"The driver {registry.spec(connector.driver).label} only reads.")
    return opened


def open_candidate(candidate: SettingsCandidate | SettingsTest) -> Driver:
    """The driver with settings that are to be checked. The caller closes it."""
    return _open(candidate.connector, candidate.settings, secrets_of(candidate))


def token_of(connector: Connector) -> RedisTokens:
    """Where the token got with the settings in force is kept. Raises DriverError as `secrets_of` does."""
    return _tokens(connector, {**connector.settings, **secrets_of(connector)})


def _open(
    connector: Connector,
    kept: dict[str, str],
    secrets: Secrets,
    *,
    keeps_bodies: bool = False,
    heard: Callable[[Call], None] | None = None,
    why: str = "",
) -> Driver:
    spec = registry.spec(connector.driver)
    everything = {**kept, **secrets}
    for setting in spec.settings:
        if setting.secret and not setting.optional and not everything.get(setting.name):
            raise DriverError(
                f"The {setting.label.lower()} is missing: enter it in the settings of {connector}."
            )
    outside = Outside(
        kinds=kinds_of(connector),
        extra_hosts=settings.CONNECTOR_HOSTS,
        ca_file=settings.CA_FILE,
        pace=RedisPace(spec.source(everything)),
        tokens=_tokens(connector, everything),
        keeps_bodies=keeps_bodies,
        file=opener(connector.pk),
        console=OwnConsole() if spec.is_own else None,
        why=why,
    )
    return spec.open(everything, replace(outside, heard=heard) if heard else outside)


def _tokens(connector: Connector, everything: dict[str, str]) -> RedisTokens:
    """Other settings, another token: one got with an old secret or for other scopes is never used again."""
    text = packed([everything, kinds_of(connector)])
    digest = salted_hmac("connectors.sync.opening", text, algorithm="sha256").hexdigest()[:32]
    return RedisTokens(connector.pk, digest)
