"""Which version of which policy applies to a line: its entitlement's, else its app's, else the campaign's."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import reduce
from operator import or_

from django.db.models import Exists, F, OuterRef, Q, QuerySet, Subquery

from core.errors import NotPossible
from reviews.models import (
    AppliedPolicy,
    Campaign,
    LineRound,
    PolicyVersion,
    PreferredPolicy,
    ReviewTask,
    Scope,
    Template,
)
from reviews.queries.directory import parsed
from reviews.queries.scope import apps_in, entitlements_in
from reviews.routing import LineFacts, PolicyText

Origin = AppliedPolicy.Origin
ROUND = "round"
"""An origin, too: a line was put under another version after it was staged (`LineRound`)."""


@dataclass(frozen=True, slots=True)
class Applied:
    """A version, and why it is that one; without an origin it is the campaign's own."""

    version: PolicyVersion
    origin: str = ""
    """`AppliedPolicy.Origin`, or `ROUND`."""

    def __str__(self) -> str:
        return f"{self.version} ({self.reason})" if self.origin else str(self.version)

    @property
    def reason(self) -> str:
        if self.origin == ROUND:
            return "given to this line while the campaign ran"
        return str(Origin(self.origin).label) if self.origin else ""


@dataclass(frozen=True, slots=True)
class Applying:
    """All versions of one campaign, so that no line asks the database for its own."""

    default: Applied | None
    """None before a campaign has a policy."""
    by_entitlement: Mapping[str, Applied] = field(default_factory=dict)
    by_app: Mapping[str, Applied] = field(default_factory=dict)
    by_line: Mapping[int, Applied] = field(default_factory=dict)
    """By key: what was chosen for single lines later."""
    read: dict[int, PolicyText] = field(default_factory=dict, repr=False, compare=False)
    """What the versions say, each read once."""

    def to(self, app: str, entitlement: str, line: int = 0) -> Applied | None:
        """`line`: its key; 0 where there is none yet."""
        found = self.by_line.get(line) or self.by_entitlement.get(entitlement)
        return found or self.by_app.get(app) or self.default

    def to_line(self, task: ReviewTask) -> Applied | None:
        return self.to(task.app_id, task.entitlement_id, task.pk)

    def text(self, line: LineFacts) -> PolicyText:
        """What is asked by about this line. Raises NotPossible where there is no policy yet."""
        if (applied := self.to(line.app, line.entitlement, line.line)) is None:
            raise NotPossible("The campaign has no policy yet. Choose one on its page.")
        return self.text_of(applied)

    def text_to(self, task: ReviewTask) -> PolicyText | None:
        applied = self.to_line(task)
        return self.text_of(applied) if applied else None

    def removes(self, task: ReviewTask) -> bool:
        """Whether a denial has the access taken away."""
        text = self.text_to(task)
        return text is None or text.removes

    def all(self) -> Sequence[Applied]:
        """Each version once, the campaign's own first."""
        default = [self.default] if self.default else []
        found: dict[int, Applied] = {}
        for each in (
            *default,
            *self.by_entitlement.values(),
            *self.by_app.values(),
            *self.by_line.values(),
        ):
            found.setdefault(each.version.pk, each)
        return list(found.values())

    def texts(self) -> Sequence[PolicyText]:
        return [self.text_of(each) for each in self.all()]

    def lines_under(self, versions: Collection[int], of: str = "") -> Q:
        """The lines that these versions apply to. `of` leads from a row to its line."""
        entitlement, app = f"{of}entitlement__in", f"{of}app__in"
        own = _own_rounds(OuterRef(of.removesuffix("__") or "pk"), OuterRef(f"{of}round"))
        elsewhere = ~Q(**{entitlement: list(self.by_entitlement)}) if self.by_entitlement else Q()
        if self.by_line:
            elsewhere &= ~Q(Exists(own))
        parts: list[Q] = []
        if _under(self.by_line, versions):
            parts.append(Q(Exists(own.filter(policy_version__in=versions))))
        if keys := _under(self.by_entitlement, versions):
            parts.append(Q(**{entitlement: keys}) & (~Q(Exists(own)) if self.by_line else Q()))
        if keys := _under(self.by_app, versions):
            parts.append(Q(**{app: keys}) & elsewhere)
        if self.default is not None and self.default.version.pk in versions:
            parts.append(elsewhere & ~Q(**{app: list(self.by_app)}) if self.by_app else elsewhere)
        return reduce(or_, parts) if parts else Q(pk__in=())

    def text_of(self, applied: Applied) -> PolicyText:
        version = applied.version
        if version.pk not in self.read:
            self.read[version.pk] = parsed(version)
        return self.read[version.pk]


def applying(campaign: Campaign) -> Applying:
    """As frozen with its lines; until then as it would be now."""
    is_ahead = campaign.status in (Campaign.Status.DRAFT, Campaign.Status.STAGING)
    if is_ahead and campaign.frozen_at is None:
        return would_apply(campaign)
    default = Applied(campaign.policy_version) if campaign.policy_version else None
    rows = list(campaign.applied.select_related("version__policy").order_by("pk"))
    return Applying(
        default,
        {row.entitlement_id: Applied(row.version, row.origin) for row in rows if row.entitlement_id},
        {row.app_id: Applied(row.version, row.origin) for row in rows if row.entitlement_id is None},
        {} if is_ahead else _rounds(campaign),
    )


def versions_of(campaign: Campaign) -> Sequence[PolicyVersion]:
    """Those that its lines rest on, its own first, then those that some rested on in an earlier round."""
    found = {each.version.pk: each.version for each in applying(campaign).all()}
    rounds = LineRound.objects.filter(campaign=campaign, policy_version__isnull=False)
    earlier = PolicyVersion.objects.filter(pk__in=rounds.values("policy_version")).exclude(pk__in=list(found))
    return [*found.values(), *earlier.select_related("policy").order_by("pk")]


def would_apply(of: Campaign | Template) -> Applying:
    """Chosen here for an entitlement, else preferred by it, else by its app, else what is chosen here."""
    own = {row.entitlement_id: row.policy_id for row in of.scope.policies.all()}
    preferred = list(_preferred(of.scope)) if of.prefers else []
    wanted = {*own.values(), *(row.policy_id for row in preferred)}
    default = _default(of)
    versions = _latest(wanted)
    if default is not None:  # the same policy twice, and another version meanwhile, would be two policies
        versions[default.version.policy_id] = default.version
    by_entitlement = {
        row.entitlement_id: Applied(versions[row.policy_id], Origin.ENTITLEMENT)
        for row in preferred
        if row.entitlement_id
    }
    chosen = {key: Applied(versions[policy], Origin.OWN) for key, policy in own.items()}
    by_app = {
        row.app_id: Applied(versions[row.policy_id], Origin.APP)
        for row in preferred
        if row.entitlement_id is None
    }
    return Applying(default, by_entitlement | chosen, by_app)


def to_freeze(campaign: Campaign) -> Sequence[AppliedPolicy]:
    """Rows of what would apply now beside the campaign's own version, to what its scope takes in."""
    found = would_apply(campaign)
    within = entitlements_in(campaign.scope).filter(pk__in=list(found.by_entitlement)).order_by("pk")
    singly = [
        _row(campaign, found.by_entitlement[each.pk], f"{each} in {each.app}", each.app_id, each.pk)
        for each in within.select_related("app")
    ]
    whole = [
        _row(campaign, found.by_app[app.pk], f"all of {app}", app.pk)
        for app in apps_in(campaign.scope).filter(pk__in=list(found.by_app)).order_by("pk")
    ]
    return [*singly, *whole]


def _row(
    campaign: Campaign, one: Applied, name: str, app: str, entitlement: str | None = None
) -> AppliedPolicy:
    return AppliedPolicy(
        campaign=campaign,
        app_id=app,
        entitlement_id=entitlement,
        version=one.version,
        origin=one.origin,
        name=name[:500],
    )


def _default(of: Campaign | Template) -> Applied | None:
    if isinstance(of, Campaign) and of.policy_version is not None:
        return Applied(of.policy_version)
    return Applied(of.policy.latest()) if of.policy else None


def _preferred(scope: Scope) -> Iterable[PreferredPolicy]:
    return PreferredPolicy.objects.filter(app__in=apps_in(scope))


def _latest(policies: Collection[str]) -> dict[str, PolicyVersion]:
    newest = PolicyVersion.objects.filter(policy=OuterRef("policy")).order_by("-number").values("pk")[:1]
    rows = PolicyVersion.objects.filter(policy__in=policies, pk=Subquery(newest)).select_related("policy")
    return {row.policy_id: row for row in rows} if policies else {}


def _rounds(campaign: Campaign) -> Mapping[int, Applied]:
    """One query: only few lines are ever given another policy than the rest."""
    rounds = LineRound.objects.filter(campaign=campaign, policy_version__isnull=False)
    now_in = rounds.filter(number=F("task__round")).values_list("task_id", "policy_version_id")
    chosen = dict(now_in)
    versions = PolicyVersion.objects.select_related("policy").in_bulk(set(chosen.values()))
    return {task: Applied(versions[key], ROUND) for task, key in chosen.items() if key is not None}


def _own_rounds(task: OuterRef, number: OuterRef) -> QuerySet[LineRound]:
    return LineRound.objects.filter(task=task, number=number, policy_version__isnull=False)


def _under[K](by: Mapping[K, Applied], versions: Collection[int]) -> list[K]:
    return [key for key, applied in by.items() if applied.version.pk in versions]
