"""The trail, as its page and the timelines show it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from django.apps import apps
from django.db import connection, models
from django.db.models import Q, QuerySet

from core.deeds import known, phrase
from core.errors import Denied
from core.models import Organisation, TrailCheck, TrailEvent, TrailPending, TrailSeal, User
from core.queries.seals import newest_seal

COLUMNS = (
    "Number",
    "When",
    "Who",
    "What",
    "Action",
    "About",
    "Kind of object",
    "Object",
    "Change",
    "Outcome",
    "Channel",
    "From",
)
SEALS_LOOKED_AT = 500
CLOCKS_DIFFER = timedelta(minutes=1)
"""Between the machines that write and the one that seals."""
LABELS = {"email": "E-mail", "sha256": "SHA-256"}
"""Of what a change tells, where the name alone would read badly."""


OF_STRANGERS = ("core.sign_in_failed",)
"""Told of the organisation where an e-mail is nobody's: as many as strangers like, so not in its timeline."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the page is narrowed to; empty: not narrowed."""

    words: str = ""
    actor: str = ""
    action: str = ""
    """An action, or the beginning of several up to a dot: `core.`."""
    about: str = ""
    """A kind of object, or one object: `core.user`, `core.user:2abc`."""
    channel: str = ""
    severity: str = ""
    first: date | None = None
    last: date | None = None
    """Days of the organisation's time zone, both inclusive."""


def may_read(user: User) -> bool:
    """Whether the whole trail is open to this person."""
    return user.is_active and user.sees_everything


def events(user: User, wanted: Wanted) -> QuerySet[TrailEvent]:
    """Events so narrowed. Raises Denied for those to whom the trail is not open."""
    if not may_read(user):
        raise Denied("Only Super Administrators and Read-Only Administrators can read the trail.")
    rows = TrailEvent.objects.all()
    for column in ("action", "channel", "severity"):
        value = getattr(wanted, column)
        if value:
            rows = rows.filter(**{f"{column}__startswith" if value.endswith(".") else column: value})
    if wanted.actor:
        rows = rows.filter(actor_id=wanted.actor)
    kind, _, key = wanted.about.partition(":")
    if kind:
        rows = rows.filter(object_type=kind, **({"object_id": key} if key else {}))
    return _of_days(_with_words(rows, wanted.words), wanted)


def timeline(thing: models.Model, *, size: int = 20) -> list[TrailEvent]:
    """The newest events about one thing, newest first. For pages that one may see already."""
    rows = TrailEvent.objects.filter(object_type=thing._meta.label_lower, object_id=str(thing.pk))
    if isinstance(thing, Organisation):
        rows = rows.exclude(action__in=OF_STRANGERS)
    return list(rows.order_by("-id")[:size])


def waits_for_seal(event: TrailEvent) -> bool:
    return TrailPending.objects.filter(pk=event.pk).exists()


def timeline_of_all(kind: str, *, size: int = 20) -> list[TrailEvent]:
    """The newest events about anything of this kind, newest first."""
    return list(TrailEvent.objects.filter(object_type=kind).order_by("-id")[:size])


def seal_of(event: TrailEvent) -> TrailSeal | None:
    """The seal that covers an event, looked for among the next few hundred; None if none of them does."""
    later = TrailSeal.objects.filter(at__gte=event.at - CLOCKS_DIFFER).order_by("number")
    for seal in later[:SEALS_LOOKED_AT].iterator(20):
        if any(pk == event.pk for pk, _ in seal.events):
            return seal
    return None


@dataclass(frozen=True, slots=True)
class Standing:
    """How the chain stands: what was looked at last, what waits, the newest seal."""

    check: TrailCheck | None
    is_checking: bool
    seal: TrailSeal | None

    @property
    def is_broken(self) -> bool:
        return self.check is not None and bool(self.check.problems)


def standing() -> Standing:
    done = TrailCheck.objects.filter(status=TrailCheck.Status.DONE).order_by("-pk").first()
    waiting = TrailCheck.objects.filter(status=TrailCheck.Status.WANTED).exists()
    return Standing(done, waiting, newest_seal())


def kinds_of_object() -> list[tuple[str, str]]:
    """Every kind of object that the trail tells of, with its name, by name.

    It steps along the index from one kind to the next: DISTINCT would read the whole trail each time.
    """
    with connection.cursor() as cursor:
        cursor.execute(KINDS)
        found = [kind for (kind,) in cursor.fetchall() if kind]
    return sorted(((kind, kind_name(kind)) for kind in found), key=lambda pair: pair[1])


KINDS = """
    WITH RECURSIVE kinds(kind) AS (
        SELECT min(object_type) FROM core_trailevent
        UNION ALL
        SELECT (SELECT min(object_type) FROM core_trailevent WHERE object_type > kinds.kind)
        FROM kinds WHERE kinds.kind IS NOT NULL
    )
    SELECT kind FROM kinds
"""


def kind_name(kind: str) -> str:
    """What people call such an object; a kind of an older version keeps its name."""
    if kind == User._meta.label_lower:
        return "Person"
    try:
        return str(apps.get_model(kind)._meta.verbose_name).capitalize()
    except (LookupError, ValueError):
        return kind


def actions() -> list[tuple[str, str]]:
    """Every action with its phrase, by phrase."""
    return sorted(known().items(), key=lambda pair: pair[1])


def trail_file(user: User, asked: Mapping[str, str]) -> Iterator[tuple[object, ...]]:
    """The trail page, every page of it; `asked` as in its address."""
    for event in events(user, wanted_from(asked)).order_by("-id").iterator(2_000):
        yield (
            event.pk,
            event.at,
            event.actor_name,
            phrase_of(event),
            event.action,
            event.object_name,
            event.object_type,
            event.object_id,
            "; ".join(f"{line.label}: {line.text}" for line in told(event.change)),
            event.get_severity_display(),
            event.get_channel_display(),
            event.address or "",
        )


def wanted_from(asked: Mapping[str, str]) -> Wanted:
    """The filters of an address; what cannot be one is left out."""
    return Wanted(
        words=asked.get("q", "")[:200].strip(),
        actor=asked.get("actor", "")[:27],
        action=asked.get("action", "")[:64],
        about=asked.get("about", "")[:130],
        channel=asked.get("channel", "")[:16],
        severity=asked.get("severity", "")[:8],
        first=_day(asked.get("first", "")),
        last=_day(asked.get("last", "")),
    )


def phrase_of(event: TrailEvent) -> str:
    """What was done, in words; an action of an older version keeps its name."""
    try:
        return phrase(event.action)
    except KeyError:
        return event.action


@dataclass(frozen=True, slots=True)
class Line:
    """One part of a change, as people read it."""

    label: str
    text: str


def told(change: Mapping[str, object]) -> list[Line]:
    """A change in lines: `before -> after` where both are known."""
    before, after = change.get("before"), change.get("after")
    rest = {name: value for name, value in change.items() if name not in ("before", "after")}
    lines = []
    if isinstance(before, dict) and isinstance(after, dict):
        names = list(dict.fromkeys([*before, *after]))
        lines = [Line(_label(name), _both(before.get(name), after.get(name))) for name in names]
    elif "before" in change or "after" in change:
        lines = [Line("Change", _both(before, after))]
    return lines + [Line(_label(name), _value(value)) for name, value in rest.items()]


def _both(before: object, after: object) -> str:
    return f"{_value(before)} → {_value(after)}"


def _value(value: object) -> str:
    if value in (None, "", [], {}):
        return "nothing"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, dict):
        if value.keys() == {"id", "name"}:
            return str(value["name"])
        if value.keys() == {"before", "after"}:
            return _both(value["before"], value["after"])
        return ", ".join(f"{_label(str(name)).lower()} {_value(each)}" for name, each in value.items())
    if isinstance(value, list):
        return ", ".join(_value(each) for each in value)
    return str(value)


def _label(name: str) -> str:
    return LABELS.get(name) or name.replace("_", " ").capitalize()


def _with_words(rows: QuerySet[TrailEvent], words: str) -> QuerySet[TrailEvent]:
    for word in words.split():
        number = word.replace(",", "")
        found = Q(action__icontains=word) | Q(address__icontains=word)
        for spelt in {word, word.lower(), word.upper(), word.title()}:  # SQLite folds ASCII alone
            found |= Q(actor_name__icontains=spelt) | Q(object_name__icontains=spelt)
        if number.isascii() and number.isdigit() and len(number) < 19:
            found |= Q(pk=int(number))
        rows = rows.filter(found)
    return rows


def _of_days(rows: QuerySet[TrailEvent], wanted: Wanted) -> QuerySet[TrailEvent]:
    zone = Organisation.current().zone
    if wanted.first:
        rows = rows.filter(at__gte=_midnight(wanted.first, zone))
    if wanted.last:
        rows = rows.filter(at__lt=_midnight(wanted.last + timedelta(days=1), zone))
    return rows


def _midnight(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    return day if 1970 <= day.year <= 9000 else None
