"""Letters about orders that need people: few, each about all that came together."""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import now

from connectors.actions.failing import people_to_tell
from connectors.models import App, Connector, ProvisionOrder, SyncRun
from core.mailbox import post
from core.models import Role, User

AT_MOST = timedelta(hours=1)
"""After one letter about an app the next comes not before: it tells of all that came meanwhile."""
SHOWN = 20
"""Orders that one letter names."""


def apps_to_tell_of() -> Sequence[str]:
    rows = _untold().order_by("app").values_list("app", flat=True)
    return [app for app in rows.distinct() if not _was_told(app)]


@transaction.atomic
def tell(app_id: str) -> None:
    """Write once about all orders of the app that nobody was written to about."""
    if _was_told(app_id):
        return
    app = App.objects.get(pk=app_id)
    rows = _untold().filter(app=app).select_related("connector", "account", "entitlement__resource")
    orders = list(rows.select_for_update(of=("self",), no_key=True).order_by("pk"))
    key = f"{app.pk}:{now().isoformat()}"
    by_hand = [each for each in orders if each.status == ProvisionOrder.Status.MANUAL]
    if by_hand:
        _write("order_by_hand", _answerable(app), app, by_hand, key=key, connector=_reader(app))
    asked = [each for each in orders if each.status == ProvisionOrder.Status.ASKED]
    if asked:
        _write("order_asked", _owners(app), app, asked, key=key)
    failed = [each for each in orders if each.status == ProvisionOrder.Status.FAILED]
    for connector in sorted({each.connector for each in failed if each.connector}, key=lambda each: each.pk):
        of_it = [each for each in failed if each.connector == connector]
        people = people_to_tell(connector)
        _write("order_failed", people, app, of_it, key=f"{key}:{connector.pk}", connector=connector)
    _untold().filter(pk__in=[each.pk for each in orders]).update(told_at=now())


def tell_of_refusal(order: ProvisionOrder, *, by: User, reason: str) -> None:
    """Whoever asked for it hears that an owner of the app said no."""
    if order.wanted_by is not None and order.wanted_by.is_active:
        told: dict[str, Any] = {"order": order, "app": order.app, "by": by, "reason": reason}
        told["sees_app"] = ProvisionOrder.objects.visible_to(order.wanted_by).filter(pk=order.pk).exists()
        post("order_refused", to=order.wanted_by, key=order.pk, **told)


def alarm(order: ProvisionOrder, problem: str) -> None:
    """Something that was taken on the way could not be given back yet: whoever looks after the connector has
    to know at once."""
    if order.connector is None:
        return
    told: dict[str, Any] = {"order": order, "connector": order.connector, "problem": problem}
    for person in people_to_tell(order.connector):
        post("order_unrestored", to=person, key=f"{order.pk}:{order.status}", **told)


def tell_of_return(run: SyncRun, orders: Sequence[ProvisionOrder]) -> None:
    """What was removed is there again: owners of the connector and of the app hear of it, each once."""
    app = run.connector.app
    people = {person.pk: person for person in (*people_to_tell(run.connector), *_answerable(app))}
    _write("order_came_back", people.values(), app, orders, key=run.key, run=run)


def _write(
    letter: str,
    people: Iterable[User],
    app: App,
    orders: Sequence[ProvisionOrder],
    *,
    key: str,
    **context: Any,
) -> None:
    told: dict[str, Any] = {"orders": orders[:SHOWN], "number": len(orders), "app": app, **context}
    told["further"] = max(0, len(orders) - SHOWN)
    for person in people:
        sees_app = App.objects.visible_to(person).filter(pk=app.pk).exists()
        post(letter, to=person, key=key, sees_app=sees_app, **told)


def _owners(app: App) -> Iterable[User]:
    """Those who confirm what is asked for."""
    return app.owners_now() if app.owners_now().exists() else User.objects.active().holding(Role.SUPER)


def _answerable(app: App) -> Iterable[User]:
    """The owners of the app; where it has none those of the connector that reads it; else Super
    Administrators."""
    if app.owners_now().exists():
        return app.owners_now()
    connector = _reader(app)
    return people_to_tell(connector) if connector else User.objects.active().holding(Role.SUPER)


def _reader(app: App) -> Connector | None:
    return Connector.objects.here().filter(app=app).order_by("created_at").first()


def _was_told(app_id: str) -> bool:
    """Whether a letter about the app went out within the hour."""
    return ProvisionOrder.objects.filter(app=app_id, told_at__gt=now() - AT_MOST).exists()


def _untold() -> QuerySet[ProvisionOrder]:
    return ProvisionOrder.objects.filter(status__in=ProvisionOrder.BY_PEOPLE, told_at=None)
