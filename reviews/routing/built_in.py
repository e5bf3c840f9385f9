"""The policies that come with Reeve: most organisations need no other."""

from collections.abc import Mapping
from typing import Any

type Content = dict[str, Any]

_APP_OWNER: Content = {"kind": "app_owner"}
_MANAGER: Content = {"kind": "manager", "fallback": {"kind": "app_owner"}}
_ENTITLEMENT_OWNER: Content = {"kind": "entitlement_owner", "fallback": {"kind": "app_owner"}}
_SECOND: Content = {**_ENTITLEMENT_OWNER, "clean": True}


def _is(field: str, *values: str) -> Content:
    return {"field": field, "is": "in", "values": list(values)}


_OWNERLESS: Content = {"field": "account.owner", "is": "missing", "values": []}
_NOBODYS: Content = {
    "any": [
        _OWNERLESS,
        _is("account.type", "service", "system"),
        _is("account.marks", "api"),
    ]
}
_GRAVE: Content = {"all": [_is("entitlement.grave", "yes")]}


def _rule(name: str, *steps: Content, condition: Content | None = None) -> Content:
    return {"name": name, "condition": condition, "steps": list(steps)}


def _policy(*rules: Content) -> Content:
    return {"rules": list(rules), "removes": True}


STANDARD = "standard"
"""The one that a new campaign begins with."""
BUILT_IN: Mapping[str, tuple[str, str, Content]] = {
    STANDARD: (
        "Manager, with a second reviewer where it matters",
        (
            "The manager of the account's owner decides; where there is none, an owner of the app. What "
            "bears a grave risk (High, Critical) goes to the manager, and then to an owner of the app. "
            "Accounts that belong to nobody, service accounts and API accounts go to an owner of the app, "
            "and then to a second reviewer. The second reviewer is never the first, and never somebody who "
            "has the same access."
        ),
        _policy(
            _rule(
                "Accounts without an owner, service and API accounts", _APP_OWNER, _SECOND, condition=_NOBODYS
            ),
            _rule("High and Critical", _MANAGER, {**_APP_OWNER, "clean": True}, condition=_GRAVE),
            _rule("Everything else", _MANAGER),
        ),
    ),
    "manager": (
        "Manager",
        "The manager of the account's owner decides; where there is none, an owner of the app.",
        _policy(_rule("Everything", _MANAGER)),
    ),
    "app_owner": (
        "App owner",
        "The owners of the app are asked, and the first to answer decides: never about their own access.",
        _policy(_rule("Everything", _APP_OWNER)),
    ),
    "entitlement_owner": (
        "Entitlement owner",
        (
            "The owners of the entitlement are asked; where it has none, the owners of the app. The first to "
            "answer decides."
        ),
        _policy(_rule("Everything", _ENTITLEMENT_OWNER)),
    ),
    "self_then_manager": (
        "The account's owner, then the manager",
        (
            "People first say themselves whether they still need their access; what they would keep, their "
            "manager decides. An account that belongs to nobody goes to an owner of the app alone."
        ),
        _policy(
            _rule("Accounts without an owner", _APP_OWNER, condition={"all": [_OWNERLESS]}),
            _rule("Everything else", {"kind": "account_owner", "fallback": {"kind": "app_owner"}}, _MANAGER),
        ),
    ),
}
"""Code to name, description and content. A denial has the access taken away in each of them."""
