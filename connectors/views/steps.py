"""The four steps of the wizard, with what was chosen under those that are done."""

from dataclasses import dataclass

from django.urls import reverse

from connectors import registry
from connectors.models import Connector


@dataclass(frozen=True, slots=True)
class Step:
    title: str
    sub: str
    state: str = ""
    """`done`, `now` or empty: still to come."""
    url: str = ""


def steps(now: int, connector: Connector | None) -> list[Step]:
    """The stepper as it stands at step `now`, counted from 1."""
    titles = ("App", "Owners", "Settings", "Live")
    subs = ["Choose or create", "Who will look after it", "Address and credentials", "First sync"]
    names = ("app", "owners", "settings", "live")
    if connector is not None:
        subs[0] = _app(connector)
        subs[1] = ", ".join(person.name for person in connector.owners_now()) or subs[1]
        subs[2] = "The files" if registry.spec(connector.driver).takes_files else subs[2]
    return [
        Step(
            title,
            subs[index],
            state="done" if index + 1 < now else "now" if index + 1 == now else "",
            url=_url(names[index], connector) if index + 1 < now else "",
        )
        for index, title in enumerate(titles)
    ]


def _app(connector: Connector) -> str:
    through = connector.app.found_through
    return f"{connector.app.name}, found through {through}" if through else connector.app.name


def _url(name: str, connector: Connector | None) -> str:
    """Where a done step can be changed; the app cannot, once something was read into it."""
    if connector is None or (name == "app" and connector.has_settings):
        return ""
    return reverse(f"connectors:{name}", args=[connector.pk])
