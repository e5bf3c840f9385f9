"""How states of this room look: one tone, icon and word for each."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from django import template
from django.http import HttpRequest  # noqa: TID251  # filters are links of the address on screen
from django.template import Context

from connectors import queries, registry
from connectors.actions.permission import may_govern
from connectors.models import Account, App, Connector, Entitlement, ProvisionOrder, SyncRun
from connectors.queries.accounts import Wanted
from connectors.queries.columns import driver_names
from connectors.sync.kinds import ACCOUNTS
from core.models import User
from core.templatetags.charts import duration
from core.templatetags.reeve import chip, when

register = template.Library()

type Look = tuple[str, str]
"""Tone and icon; an empty icon is the tone's own."""

CONNECTOR: Mapping[str, Look] = {
    Connector.Status.NOT_CONNECTED: ("gone", "plug-off"),
    Connector.Status.SYNCING: ("busy", ""),
    Connector.Status.CONNECTED: ("good", ""),
    Connector.Status.ERROR: ("bad", ""),
    Connector.Status.HELD: ("wait", ""),
}
RUN: Mapping[str, Look] = {
    SyncRun.Status.QUEUED: ("gone", "clock"),
    SyncRun.Status.RUNNING: ("busy", ""),
    SyncRun.Status.HELD: ("wait", ""),
    SyncRun.Status.DONE: ("good", ""),
    SyncRun.Status.FAILED: ("bad", ""),
    SyncRun.Status.DISCARDED: ("gone", ""),
}
ORDER: Mapping[str, Look] = {
    ProvisionOrder.Status.ASKED: ("wait", "hourglass"),
    ProvisionOrder.Status.WANTED: ("gone", "clock"),
    ProvisionOrder.Status.SENT: ("busy", ""),
    ProvisionOrder.Status.REMOVED: ("wait", "hourglass"),
    ProvisionOrder.Status.PROVEN: ("good", ""),
    ProvisionOrder.Status.CAME_BACK: ("bad", ""),
    ProvisionOrder.Status.FAILED: ("bad", ""),
    ProvisionOrder.Status.MANUAL: ("wait", "user"),
    ProvisionOrder.Status.DROPPED: ("gone", "x"),
}
ACCOUNT: Mapping[str, Look] = {
    Account.Status.ENABLED: ("good", ""),
    Account.Status.DISABLED: ("gone", "ban"),
    Account.Status.DELETED: ("gone", "trash"),
    Account.Status.UNKNOWN: ("gone", "circle-dashed"),
}


@register.inclusion_tag("components/status_chip.html")
def connector_chip(connector: Connector, *, solid: bool = False) -> Mapping[str, Any]:
    """The state of a connector. A paused one says so unless it waits for a person or is at work."""
    rests = connector.status in (Connector.Status.CONNECTED, Connector.Status.ERROR)
    if connector.paused_at and rests:
        return chip("gone", "Paused", icon="player-pause", solid=solid)
    tone, icon = CONNECTOR[connector.status]
    return chip(tone, connector.get_status_display(), icon=icon, solid=solid)


@register.inclusion_tag("components/status_chip.html")
def run_chip(run: SyncRun, *, solid: bool = False) -> Mapping[str, Any]:
    """How a run went, or goes. One that could not read everything is not simply good; one stopped on its way
    was not held."""
    if run.status == SyncRun.Status.DONE and run.gaps:
        return chip("wait", "Done with gaps", solid=solid)
    if run.was_stopped:
        return chip("gone", "Stopped", icon="x", solid=solid)
    tone, icon = RUN[run.status]
    return chip(tone, run.get_status_display(), icon=icon, solid=solid)


@register.inclusion_tag("components/status_chip.html")
def order_chip(order: ProvisionOrder, *, solid: bool = False) -> Mapping[str, Any]:
    """How far an order is. What was removed is proven *gone*."""
    tone, icon = ORDER[order.status]
    return chip(tone, order.status_words, icon=icon, solid=solid)


@register.inclusion_tag("components/status_chip.html")
def account_chip(account: Account, *, solid: bool = False) -> Mapping[str, Any]:
    """The status of an account; of one that is no longer seen, that."""
    if account.gone_at:
        return chip("gone", "No longer seen", icon="eye-off", solid=solid)
    tone, icon = ACCOUNT[account.status]
    return chip(tone, account.get_status_display(), icon=icon, solid=solid)


SCOPE: Mapping[str, tuple[str, str]] = {
    "granted": ("good", "Granted"),
    "lacking": ("bad", "Not granted"),
    "unknown": ("gone", "Not known"),
    "spare": ("wait", "More than needed"),
}


@register.inclusion_tag("components/status_chip.html")
def scope_chip(state: str) -> Mapping[str, Any]:
    """What a test has shown of one scope."""
    tone, label = SCOPE[state]
    return chip(tone, label)


@register.filter
def governed_by(app: App, user: User) -> bool:
    """Whether this person may change the app."""
    return may_govern(app, user)


@register.filter
def kind_icon(kind: str) -> str:
    """The icon of a kind of resource, as some driver states it."""
    icons = {each.kind: each.icon for spec in registry.specs() for each in spec.capabilities}
    return icons.get(kind, "key")


@register.filter
def mark_word(mark: str) -> str:
    """How a vendor's mark is written for people: API, Supplier."""
    return mark.upper() if len(mark) <= 3 else mark.capitalize()


@register.filter
def takes_files(connector: Connector) -> bool:
    """Whether it reads files that are handed in."""
    return registry.spec(connector.driver).takes_files


@register.filter
def driver_label(connector: Connector) -> str:
    """What its driver is called; its kind where this version has none such."""
    return driver_names().get(connector.driver, connector.driver)


@register.filter
def took(length: timedelta) -> str:
    """1 min 12 s; nothing where no time has passed yet."""
    return duration(length.total_seconds()) if length else ""


@register.filter
def every(length: timedelta) -> str:
    """A schedule in words: every day, every hour, every 30 minutes."""
    minutes = int(length.total_seconds() // 60)
    for unit, size in (("day", 24 * 60), ("hour", 60), ("minute", 1)):
        if minutes and minutes % size == 0:
            number = minutes // size
            return f"Every {unit}" if number == 1 else f"Every {number} {unit}s"
    return ""


@register.filter
def reads(connector: Connector) -> str:
    """Its whole schedule in words: every day at 02:00, or its cron line; of files that there is none."""
    if takes_files(connector):
        return "A file is read when it is handed in"
    if connector.schedule == Connector.Schedule.CRON:
        return f"By the cron line {connector.cron}"
    return every(connector.every) + (" at 02:00" if connector.is_daily else "")


@register.inclusion_tag("connectors/unread_chip.html")
def unread_chip(row: Entitlement | Account, unread: queries.Unread) -> Mapping[str, Any]:
    """Since when nothing reads this entitlement or account any more; nothing where something does."""
    key = (row.source, row.kind if isinstance(row, Entitlement) else ACCOUNTS)
    return {"is_unread": key in unread, "since": unread.get(key)}


@register.filter
def of(numbers: Mapping[str, int], kind: str) -> int:
    """The number for a kind, or 0."""
    return numbers.get(kind, 0)


@register.filter
def of_text(texts: Mapping[str, str], name: str) -> str:
    """The text kept under a name, without outer blanks; empty if none is."""
    return texts.get(name, "").strip()


@register.filter
def kind_label(kind: str) -> str:
    """What a driver calls a kind, in the plural; grants have no kind of their own."""
    labels = {each.kind: each.label for spec in registry.specs() for each in spec.capabilities}
    return labels.get(kind) or ("Grants" if kind == "grant" else queries.plain(kind))


@register.filter
def took_of(run: SyncRun) -> timedelta:
    """How long a run has been at work, or was."""
    return queries.took_so_far(run)


@register.filter
def total(read: Mapping[str, int]) -> int:
    """Records of all kinds."""
    return sum(read.values())


@register.filter
def changed(run: SyncRun, what: str) -> int:
    """How many records are `new`, `changed` or `gone`."""
    return run.total(what)


@register.filter
def confirm_sentence(run: SyncRun) -> str:
    """What confirming a held run would end."""
    gone = [
        f"{numbers['gone']:,} {kind_label(kind).lower()}"
        for kind, numbers in run.changes.items()
        if numbers.get("gone")
    ]
    ends = ", ".join(gone) or "What is no longer seen"
    return f"{ends} will count as gone from now on. Nothing is changed in the app itself."


@register.filter
def named(names: Mapping[str, str], kind: str) -> str:
    """How the app calls a kind; the kind itself where it does not say."""
    return names.get(kind, kind)


@register.filter
def part(wanted: Wanted, name: str) -> str:
    """What a list is narrowed to by the filter of this name."""
    value: str = getattr(wanted, name)
    return value


@register.filter
def item(values: Mapping[Any, Any], key: Any) -> Any:
    """What stands under a key; nothing where nothing does."""
    return values.get(key, "")


@register.simple_tag(takes_context=True)
def toggled(context: Context, name: str, value: str) -> str:
    """The address of this list with one value of a filter put in or taken out; from its first page."""
    request: HttpRequest = context.request  # type: ignore[attr-defined]  # set by RequestContext
    parameters = request.GET.copy()
    held = parameters.getlist(name)
    parameters.setlist(name, [each for each in held if each != value] + [value] * (value not in held))
    for place in ("after", "before", "number", "place"):
        parameters.pop(place, None)
    return f"?{parameters.urlencode()}" if parameters else request.path


@register.inclusion_tag("connectors/gone_chip.html", takes_context=True)
def gone_chip(context: Context, thing: Any, app: Any) -> Mapping[str, Any]:
    """That the app has it no more, and since which day; nothing while it is there."""
    return {"day": when(context, thing.gone_at, "day") if thing.gone_at else "", "app": app}
