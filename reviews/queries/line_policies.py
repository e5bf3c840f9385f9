"""Which version of a policy applies to a line: nowhere else is it answered."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Exists, F, OuterRef, Q

from reviews.models import Campaign, LineRound, PolicyVersion, ReviewTask
from reviews.queries.directory import policy_text
from reviews.queries.facts import Line
from reviews.queries.routes import policy_of as policy_of_campaign
from reviews.routing import PolicyText


@dataclass(slots=True)
class LinePolicies:
    """What applies to each line of one campaign. Read once for a page or an act."""

    campaign: Campaign
    own: Mapping[int, int]
    """By key of the line: the version that was chosen for it after the staging."""
    _texts: dict[int | None, PolicyText] = field(default_factory=dict)

    def version_of(self, task: int, entitlement: str) -> int | None:
        """Its key; None where nothing is fixed yet."""
        return self.own.get(task) or self._from_the_start(entitlement)

    def of(self, task: int, entitlement: str) -> PolicyText:
        """Raises NotPossible where the campaign has no policy."""
        version = self.version_of(task, entitlement)
        if version not in self._texts:
            found = policy_text(version) if version else policy_of_campaign(self.campaign)
            self._texts[version] = found
        return self._texts[version]

    def together(self, lines: Iterable[Line]) -> Iterator[tuple[PolicyText, Sequence[Line]]]:
        """These lines by what applies to them."""
        found: defaultdict[int | None, list[Line]] = defaultdict(list)
        for line in lines:
            found[self.version_of(line.pk, line.facts.entitlement)].append(line)
        for some in found.values():
            yield self.of(some[0].pk, some[0].facts.entitlement), some

    def versions(self) -> Sequence[PolicyVersion]:
        """All that apply to some line, the campaign's own first."""
        keys = {*self.own.values(), *filter(None, [self.campaign.policy_version_id])}
        rows = PolicyVersion.objects.filter(pk__in=keys).select_related("policy").order_by("pk")
        return sorted(rows, key=lambda each: each.pk != self.campaign.policy_version_id)

    def _from_the_start(self, _entitlement: str) -> int | None:
        """As staging fixed it."""
        return self.campaign.policy_version_id


def policy_of(task: ReviewTask) -> PolicyText:
    """What applies to this line now."""
    return policies_of(task.campaign).of(task.pk, task.entitlement_id)


def policies_of(campaign: Campaign) -> LinePolicies:
    """One query: only few lines are ever given another policy than the rest."""
    rounds = LineRound.objects.filter(campaign=campaign, policy_version__isnull=False)
    now_in = rounds.filter(number=F("task__round"))
    return LinePolicies(campaign, dict(now_in.values_list("task_id", "policy_version_id")))


def under(campaign: Campaign, version: int) -> Q:
    """Turns about lines that this version applies to."""
    own = LineRound.objects.filter(
        task=OuterRef("task"), number=OuterRef("task__round"), policy_version__isnull=False
    )
    if version == campaign.policy_version_id:
        return ~Q(Exists(own.exclude(policy_version=version)))
    return Q(Exists(own.filter(policy_version=version)))
