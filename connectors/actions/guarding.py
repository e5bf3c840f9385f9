"""How much one run may take away without a person: for one connector, and whether anybody looks at all."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.timezone import now

from connectors.actions.permission import must_be_super, must_set_guards
from connectors.models import Connector, ConnectorRules
from connectors.sync import guard
from connectors.sync.losses import limits_of
from core.errors import NotPossible, StaleState
from core.models import User
from core.states import must_be_unchanged
from core.trail import ERROR, record


@transaction.atomic
def set_guard(
    connector: Connector,
    *,
    by: User | None,
    seen: datetime | None,
    is_guarded: bool,
    limits: Mapping[str, int],
    reason: str,
) -> None:
    """Set the limits of one connector, and whether it is guarded; to let more through wants a reason.

    `limits`: percent by what is guarded, each of them. Raises StaleState if somebody saved after `seen`.
    """
    must_set_guards(by)
    connector = Connector.objects.locked(connector.pk)
    must_be_unchanged(connector.changed_at, seen=seen)
    _must_be_limits(limits)
    is_off = connector.is_guarded and not is_guarded
    present = limits_of(connector)
    is_looser = is_off or any(most > present[name] for name, most in limits.items())
    if is_looser and not reason.strip():
        raise NotPossible("Say why the guard lets more through: it goes into the trail.")
    before = {"is_guarded": connector.is_guarded, **present}
    after = {"is_guarded": is_guarded, **limits}
    changes: dict[str, Any] = {
        name: {"before": before[name], "after": value}
        for name, value in after.items()
        if before[name] != value
    }
    if not changes:
        return
    own = {name: most for name, most in limits.items() if most != guard.MOST[name]}
    Connector.objects.filter(pk=connector.pk).update(is_guarded=is_guarded, limits=own, changed_at=now())
    if reason.strip():
        changes["reason"] = reason.strip()
    if is_off:
        record("connectors.guard_off", connector, by=by, severity=ERROR, **changes)
    else:
        record("connectors.guard_changed", connector, by=by, **changes)


@transaction.atomic
def switch_guards(*, by: User | None, guards: bool, reason: str) -> None:
    """The switch over all guards. While it is off no run of any connector is held."""
    must_be_super(by)
    rules, _ = ConnectorRules.objects.select_for_update().get_or_create(pk=1)
    if rules.guards == guards:
        raise StaleState(f"The guards are {'on' if guards else 'off'} already.")
    if not reason.strip():
        raise NotPossible("Say why: it goes into the trail.")
    ConnectorRules.objects.filter(pk=rules.pk).update(guards=guards, changed_at=now())
    if guards:
        record("connectors.guards_on", rules, by=by, reason=reason.strip())
    else:
        record("connectors.guards_off", rules, by=by, severity=ERROR, reason=reason.strip())


def _must_be_limits(limits: Mapping[str, int]) -> None:
    if limits.keys() != guard.MOST.keys():
        raise NotPossible("Name a limit for each of accounts, grants, one kind and owners.")
    if any(not guard.LOWEST <= most <= guard.HIGHEST for most in limits.values()):
        raise NotPossible(f"A limit is from {guard.LOWEST} to {guard.HIGHEST} %.")
