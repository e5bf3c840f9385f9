"""What reviewers may see in a campaign of the accounts they are asked about, beside what every line shows."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from connectors.models import Account, App
from connectors.queries.accounts import attributes
from reviews.models import Campaign, ReviewTask, Scope
from reviews.queries.scope import apps_in

type Choice = tuple[str, str]

PLAIN: Mapping[str, str] = {
    "employee_id": "Employee ID",
    "status_word": "Status in the app's own words",
    "marks": "Marked by the app as",
}
"""What every app may tell of an account."""
EVERY_APP = "Of every app"
MOST_APPS = 20
"""Apps whose own attributes are offered."""


@dataclass(frozen=True, slots=True)
class Attribute:
    """One thing that is shown, as it is now."""

    label: str
    value: str
    """Empty: the app does not provide it."""


def offered(scope: Scope, chosen: Collection[str]) -> Sequence[tuple[str, Sequence[Choice]]]:
    """What may be chosen, by app; what is chosen already is among it. Keys of an app's own attributes read
    `{app}:{name}`."""
    found: list[tuple[str, Sequence[Choice]]] = [(EVERY_APP, list(PLAIN.items()))]
    within = {app.pk: app for app in apps_in(scope).order_by("search_text", "pk")[:MOST_APPS]}
    within |= {app.pk: app for app in App.objects.filter(pk__in=_apps_of(chosen))}
    for key, app in within.items():
        here = {_split(each)[1] for each in chosen if _split(each)[0] == key}
        if names := sorted({*attributes(app), *here}):
            found.append((app.name, [(f"{key}:{name}", name) for name in names]))
    return found


def unknown(keys: Collection[str]) -> Sequence[str]:
    """Of these keys those that name nothing."""
    apps = set(App.objects.filter(pk__in=_apps_of(keys)).values_list("pk", flat=True))
    return [key for key in keys if key not in PLAIN and _split(key)[0] not in apps]


def words(keys: Collection[str]) -> Sequence[str]:
    """What these keys are called, for people."""
    apps = dict(App.objects.filter(pk__in=_apps_of(keys)).values_list("pk", "name"))
    found = []
    for key in keys:
        app, name = _split(key)
        found.append(PLAIN.get(key) or f"{name} ({apps.get(app, 'an app')})")
    return found


def labels(campaign: Campaign, app: str) -> Sequence[str]:
    """What this campaign shows of accounts of an app; mostly nothing."""
    return [_label(key) for key in _shown(campaign, app)]


def attributes_of(campaign: Campaign, task: ReviewTask) -> Sequence[Attribute]:
    """The same of the account of one line, with what the app says now."""
    keys = _shown(campaign, task.app_id)
    account = Account.objects.filter(pk=task.account_id).first() if keys else None
    return [Attribute(_label(key), _value(account, key)) for key in keys] if account else []


def _shown(campaign: Campaign, app: str) -> Sequence[str]:
    return [key for key in campaign.shown_attributes if key in PLAIN or _split(key)[0] == app]


def _label(key: str) -> str:
    return PLAIN.get(key) or _split(key)[1]


def _value(account: Account, key: str) -> str:
    if key == "marks":
        return ", ".join(str(each) for each in account.marks)
    if key in PLAIN:
        return str(getattr(account, key))
    value = account.profile.get(_split(key)[1])
    return "" if value is None else str(value)


def _split(key: str) -> tuple[str, str]:
    """The app and the name in a key of an app's own attribute; of every other one no app."""
    app, colon, name = key.partition(":")
    return (app, name) if colon else ("", key)


def _apps_of(keys: Collection[str]) -> Sequence[str]:
    return sorted({app for app, _ in map(_split, keys) if app})
