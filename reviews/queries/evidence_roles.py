"""Every role and group of a campaign as it was frozen, and what changed of it since the campaign before."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import batched

from django.db.models import Count, Exists, Min, OuterRef, QuerySet

from reviews.models import Campaign, ReviewTask, RoleFile
from reviews.queries.earlier import ENDED, LOOKED_AT
from reviews.queries.evidence_names import Names

AT_ONCE = 1_000
HEADS = (
    *("App", "Resource type", "Resource", "Entitlement", "Permission", "Entitlement id", "Description"),
    *(
        "Risk",
        "Frameworks",
        "Lines",
        "Compared with",
        "Which was frozen",
        "Changed since",
        "Entitlement then",
    ),
    *("Resource then", "Description then", "Risk then"),
    *("Attached file", "SHA-256 of the file", "Attached by", "Attached"),
)
FIRST, NEW, SAME = "no earlier campaign", "not in an earlier campaign", "nothing"
WATCHED: Mapping[str, str] = {
    "entitlement_name": "renamed",
    "resource_name": "resource renamed",
    "entitlement_description": "redescribed",
    "risk": "risk changed",
    "frameworks": "frameworks changed",
}
"""What is compared, and the word for its change."""


@dataclass(frozen=True, slots=True)
class FrozenRole:
    """One entitlement of a campaign, told from the first of its lines."""

    line: ReviewTask
    lines: int
    before: ReviewTask | None
    """A line of it in the newest earlier campaign that had one."""
    has_earlier: bool
    """There is an earlier campaign of the same template, or else of the same app."""
    file: RoleFile | None

    @property
    def changes(self) -> Sequence[str]:
        """Words for what changed; nothing where nothing did, or there is nothing to compare with."""
        if self.before is None:
            return ()
        return [
            word for name, word in WATCHED.items() if getattr(self.line, name) != getattr(self.before, name)
        ]

    @property
    def is_new(self) -> bool:
        return self.has_earlier and self.before is None

    @property
    def changed(self) -> str:
        if self.before is None:
            return NEW if self.has_earlier else FIRST
        return ", ".join(self.changes) or SAME


@dataclass(frozen=True, slots=True)
class Drift:
    """How many roles there are, and of how many what changed."""

    roles: int
    new: int
    changes: Mapping[str, int]
    """By word."""
    compared_with: Sequence[str]
    """The earlier campaigns, newest first."""


def roles(campaign: Campaign) -> Iterator[FrozenRole]:
    """In the order of their first lines. Memory holds a page of them."""
    history = _History(campaign)
    for page in batched(first_lines(campaign).order_by("line_no").iterator(AT_ONCE), AT_ONCE):
        yield from _told(campaign, page, history)


def told(campaign: Campaign, lines: Sequence[ReviewTask]) -> Sequence[FrozenRole]:
    """The roles of these, each the first line of one."""
    return list(_told(campaign, lines, _History(campaign)))


def first_lines(campaign: Campaign) -> QuerySet[ReviewTask]:
    """Of each role the line with the lowest number."""
    firsts = campaign.tasks.order_by().values("entitlement").annotate(first=Min("line_no"))
    return campaign.tasks.filter(line_no__in=firsts.values("first"))


def drift(campaign: Campaign) -> Drift:
    number = new = 0
    changes: dict[str, int] = {}
    for role in roles(campaign):
        number, new = number + 1, new + role.is_new
        for word in role.changes:
            changes[word] = changes.get(word, 0) + 1
    return Drift(number, new, changes, [each.name for each in earlier_of(campaign)])


def cells(campaign: Campaign) -> Iterator[Sequence[object]]:
    """Rows below `HEADS`."""
    names = Names(campaign)
    for role in roles(campaign):
        line, before, file = role.line, role.before, role.file
        yield [
            *(line.app_name, line.kind, line.resource_name, line.entitlement_name, line.entitlement_slug),
            *(line.entitlement_id_there, line.entitlement_description, line.risk, ", ".join(line.frameworks)),
            role.lines,
            before.campaign.name if before else "",
            before.campaign.frozen_at if before else None,
            role.changed,
            *_then(role),
            file.name if file else "",
            file.sha256 if file else "",
            names.one(file.by_id) if file else "",
            file.at if file else None,
        ]


def earlier_of(campaign: Campaign) -> Sequence[Campaign]:
    """The last few that had closed before this one was frozen, newest first: of its template where that was
    used before, else with a line of one of its apps. What closes later changes nothing of it."""
    if campaign.frozen_at is None:
        return ()
    closed = Campaign.objects.filter(status__in=ENDED, closed_at__lt=campaign.frozen_at)
    closed = closed.exclude(pk=campaign.pk).order_by("-frozen_at", "pk")
    if campaign.template_id and (same := list(closed.filter(template=campaign.template_id)[:LOOKED_AT])):
        return same
    apps = list(campaign.tasks.order_by().values_list("app", flat=True).distinct())
    of_app = Exists(ReviewTask.objects.filter(campaign=OuterRef("pk"), app__in=apps))
    return list(closed.filter(of_app)[:LOOKED_AT])


def _then(role: FrozenRole) -> Sequence[object]:
    """What differed, as it was."""
    before = role.before
    if before is None:
        return [None] * 4
    names = ("entitlement_name", "resource_name", "entitlement_description", "risk")
    return [getattr(before, name) if WATCHED[name] in role.changes else None for name in names]


class _History:
    """The earlier campaigns, and of each the first line of every role."""

    def __init__(self, campaign: Campaign) -> None:
        self.campaigns = earlier_of(campaign)
        self._firsts = [_numbers(each) for each in self.campaigns]

    def before(self, keys: Sequence[str]) -> Mapping[str, ReviewTask]:
        """By role, its line in the newest campaign that had one."""
        found: dict[str, ReviewTask] = {}
        for campaign, numbers in zip(self.campaigns, self._firsts, strict=True):
            wanted = [numbers[key] for key in keys if key in numbers and key not in found]
            for line in campaign.tasks.filter(line_no__in=wanted):
                line.campaign = campaign
                found[line.entitlement_id] = line
        return found


def _told(campaign: Campaign, lines: Sequence[ReviewTask], history: _History) -> Iterator[FrozenRole]:
    keys = [line.entitlement_id for line in lines]
    held = campaign.tasks.filter(entitlement__in=keys).order_by().values_list("entitlement")
    numbers = dict(held.annotate(lines=Count("pk")))
    attached = RoleFile.objects.current().filter(campaign=campaign, entitlement__in=keys)
    files = {each.entitlement_id: each for each in attached}
    before, has_earlier = history.before(keys), bool(history.campaigns)
    for line, key in zip(lines, keys, strict=True):
        yield FrozenRole(line, numbers[key], before.get(key), has_earlier, files.get(key))


def _numbers(campaign: Campaign) -> Mapping[str, int]:
    rows = campaign.tasks.order_by().values_list("entitlement").annotate(first=Min("line_no"))
    return dict(rows)
