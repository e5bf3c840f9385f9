"""The kinds of thing a connector reads: as its driver states them, and as the app names them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from urllib.parse import unquote

from connectors import registry
from connectors.contract import EVERY_OTHER_KIND, Capability
from connectors.models import CREDENTIAL, Connector, ResourceType
from connectors.sync import kinds as chosen
from connectors.sync.uploads import name_in


def kinds_of(connector: Connector, also: Iterable[str] = ()) -> list[Capability]:
    """What the driver states, in its order. In the place of all other kinds stands each that the app has
    named, or that is among `also`; where there is none, the stated line itself."""
    stated = registry.spec(connector.driver).capabilities
    if all(each.kind != EVERY_OTHER_KIND for each in stated):
        return list(stated)
    known = {each.kind for each in stated}
    mine = ResourceType.objects.filter(app=connector.app_id, source=connector.source)
    names = {kind: plain(kind) for kind in sorted({*also} - known - {"grant"})}
    named = mine.exclude(kind__in=[*known, CREDENTIAL]).order_by("name").values_list("kind", "name")
    names |= {kind: plural(name) for kind, name in named}
    found: list[Capability] = []
    for each in stated:
        others = [replace(each, kind=kind, label=name) for kind, name in names.items()]
        found += (others or [each]) if each.kind == EVERY_OTHER_KIND else [each]
    return found


def kinds_shown(connector: Connector, numbers: Mapping[str, int]) -> list[Capability]:
    """Those of them that are read, and those switched off of which something is still here."""
    stated = {each.kind for each in registry.spec(connector.driver).capabilities}
    read = chosen.kinds_of(connector)
    return [
        each
        for each in kinds_of(connector)
        if numbers.get(each.kind) or (each.kind if each.kind in stated else EVERY_OTHER_KIND) in read
    ]


def plain(kind: str) -> str:
    """A kind for people, where no name is known: drivers encode what an id may not hold."""
    return plural(unquote(kind).capitalize())


def plural(name: str) -> str:
    """Several of a kind that an app named, as drivers name theirs: Roles, Cost centres, Policies."""
    if not name[-1:].isalpha() or name[-1] == "s":
        return name
    return f"{name[:-1]}ies" if name[-1] == "y" and name[-2:-1] not in "aeiou" else f"{name}s"


def file_names(values: Mapping[str, str]) -> dict[str, str]:
    """The names of files by setting, as people gave them; empty where there is none."""
    return {setting: name_in(value) for setting, value in values.items()}


def with_others(numbers: Mapping[str, int], stated: Iterable[Capability]) -> dict[str, int]:
    """Numbers by kind, those of kinds that are not stated under `*` too."""
    known = {each.kind for each in stated}
    others = sum(number for kind, number in numbers.items() if kind not in known)
    return {**numbers, EVERY_OTHER_KIND: others}
