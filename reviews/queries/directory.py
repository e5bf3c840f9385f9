"""Who is who and who answers for what, loaded for many lines in a number of queries that does not grow."""

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import batched

from django.db import connection
from django.db.models import Count, Exists, OuterRef, Q
from django.db.models.functions import Lower, Trim
from django.utils.timezone import now

from connectors.models import (
    Account,
    AppOwner,
    EntitlementOwner,
    Grant,
    ProvisionOrder,
    ResourceOwner,
)
from connectors.models.ownership import HOLDER, HOLDS, Ownership
from core.models import Delegation, Membership, PeopleGroup, Role, RoleHolding, User
from reviews.models import Campaign, CampaignOwner, PolicyVersion, ReviewTask, Turn
from reviews.routing import Directory, Group, Kind, LineFacts, Person, PolicyText, identity_keys, parse

BATCH = 2_000  # keys a query

type Names = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Around:
    """What the people around a line depend on beside the line: the campaign there is, or is to be."""

    owners: tuple[str, ...] = ()
    control_owner: str = ""
    campaign: str = ""
    """Empty where there are no turns yet to look at."""
    is_running: bool = False
    """Whether administrators are asked where nobody else is left: something must become of the line."""

    @classmethod
    def of(cls, campaign: Campaign) -> "Around":
        owners = CampaignOwner.objects.filter(campaign=campaign).order_by("user__search_text", "user")
        is_running = campaign.status in (Campaign.Status.STAGED, *Campaign.STARTED)
        return cls(
            owners=tuple(owners.values_list("user", flat=True)),
            control_owner=campaign.control_owner_id or "",
            campaign=campaign.pk if is_running else "",
            is_running=is_running,
        )


def parsed(version: PolicyVersion) -> PolicyText:
    """What a version of a policy says."""
    return _parsed(json.dumps(version.content, sort_keys=True))


@lru_cache(maxsize=256)
def _parsed(content: str) -> PolicyText:
    return parse(json.loads(content))


def directory_for(
    around: Around,
    policies: Collection[PolicyText],
    lines: Collection[LineFacts],
    *,
    also: Collection[str] = (),
) -> Directory:
    """All that is needed to say whom these policies ask about these lines, and whether `also` could be."""
    loading = _Loading(around, policies, lines)
    loading.candidates.update(also)
    return loading.directory()


@dataclass(slots=True)
class _Loading:
    around: Around
    policies: Collection[PolicyText]
    lines: Collection[LineFacts]
    candidates: set[str] = field(default_factory=set)
    """Who might be asked."""

    def directory(self) -> Directory:
        subjects = {key for line in self.lines for key in (line.person, line.owner_now) if key}
        app_owners = self._owners(AppOwner, "app", {line.app for line in self.lines})
        entitlement_owners, resource_owners = self._owners_below()
        groups = self._groups()
        administrators = self._administrators()
        self.candidates.update(*(each.people() for each in self.policies), self.around.owners)
        if Kind.ACCOUNT_OWNER in self._kinds():
            self.candidates.update(line.person for line in self.lines if line.person)
        managers = chains(subjects | self.candidates)
        self.candidates.update(boss for one in subjects for boss in managers.get(one, ()))
        delegates = _delegates(self.candidates)
        self.candidates.update(delegates.values())
        managers |= chains(set(delegates.values()) - set(managers))
        above = {boss for bosses in managers.values() for boss in bosses}
        people, twins = people_known(self.candidates | above)
        by_name = {key: number for number, key in enumerate(people)}
        return Directory(
            people=people,
            managers={
                person: tuple(sorted(bosses, key=lambda boss: by_name.get(boss, 0)))
                for person, bosses in managers.items()
            },
            app_owners=app_owners,
            entitlement_owners=entitlement_owners,
            resource_owners=resource_owners,
            groups=groups,
            delegates=delegates,
            campaign_owners=self.around.owners,
            administrators=administrators,
            control_owner=self.around.control_owner,
            holders=self._holders(twins),
            granters=self._granters(),
            asked_about=self._asked_about(subjects),
        )

    def _owners_below(self) -> tuple[Names, Names]:
        """Of entitlements and of resources, as far as a policy asks them."""
        kinds = self._kinds()
        entitlements: Names = {}
        if Kind.ENTITLEMENT_OWNER in kinds:
            entitlements = self._owners(EntitlementOwner, "thing", {line.entitlement for line in self.lines})
        resources: Names = {}
        if Kind.RESOURCE_OWNER in kinds:
            resources = self._owners(ResourceOwner, "resource", {line.resource for line in self.lines})
        return entitlements, resources

    def _kinds(self) -> frozenset[Kind]:
        steps = [step for policy in self.policies for rule in policy.rules for step in rule.steps]
        fallbacks = {step.fallback.kind for step in steps if step.fallback.kind}
        return frozenset({step.kind for step in steps} | fallbacks)

    def _owners(self, table: type[Ownership], thing: str, wanted: Collection[str]) -> Names:
        """Of each of these things: those named, then those who hold what makes owners; each once."""
        rows = table._default_manager.filter(**{f"{thing}__in": wanted})
        named = rows.filter(user__isnull=False).order_by("user__search_text", "user")
        # Only where somebody owns by holding, and in one join: else all grants are looked through for it.
        holders = rows.filter(**HOLDS, **{f"{HOLDER}__isnull": False}).distinct()
        if not rows.filter(entitlement__isnull=False).exists():
            holders = holders.none()
        found: defaultdict[str, dict[str, None]] = defaultdict(dict)
        for key, person in named.values_list(thing, "user"):
            found[key][person] = None
        for key, person in holders.order_by(thing, HOLDER).values_list(thing, HOLDER):
            found[key][person] = None
        self.candidates.update(person for people in found.values() for person in people)
        return {key: tuple(people) for key, people in found.items()}

    def _groups(self) -> Mapping[str, Group]:
        wanted = {group for policy in self.policies for group in policy.groups()}
        if not wanted:
            return {}
        names = dict(PeopleGroup.objects.filter(pk__in=wanted).values_list("pk", "name"))
        members: defaultdict[str, list[str]] = defaultdict(list)
        rows = Membership.objects.filter(group__in=wanted).order_by("person__search_text", "person")
        for group, person in rows.values_list("group", "person"):
            members[group].append(person)
            self.candidates.add(person)
        return {key: Group(name, tuple(members[key])) for key, name in names.items()}

    def _administrators(self) -> tuple[str, ...]:
        if not self.around.is_running:
            return ()
        those = User.objects.active().holding(Role.CAMPAIGN, Role.SUPER).order_by("search_text", "pk")
        found = tuple(those.values_list("pk", flat=True))
        self.candidates.update(found)
        return found

    def _holders(self, twins: Mapping[str, Collection[str]]) -> Mapping[str, frozenset[str]]:
        """Which of the candidates hold what is reviewed, by accounts known to be theirs."""
        known = {twin for person in self.candidates for twin in twins.get(person, (person,))}
        accounts = dict(Account.objects.filter(person__in=known).values_list("pk", "person"))
        wanted = {line.entitlement for line in self.lines}
        found: defaultdict[str, set[str]] = defaultdict(set)
        held = Grant.objects.here().filter(account__in=accounts, entitlement__in=wanted)
        for account, entitlement in held.values_list("account_id", "entitlement_id"):
            person = accounts[account]
            if person is not None:
                found[entitlement].update(twins.get(person, (person,)))
        return {key: frozenset(people) for key, people in found.items()}

    def _granters(self) -> Mapping[tuple[str, str], frozenset[str]]:
        wanted = {line.entitlement for line in self.lines}
        orders = ProvisionOrder.objects.filter(
            verb=ProvisionOrder.Verb.GRANT, entitlement__in=wanted, wanted_by__in=self.candidates
        )
        found: defaultdict[tuple[str, str], set[str]] = defaultdict(set)
        for account, entitlement, person in orders.values_list("account", "entitlement", "wanted_by"):
            if person is not None:
                found[account, entitlement].add(person)
        return {key: frozenset(people) for key, people in found.items()}

    def _asked_about(self, subjects: Collection[str]) -> frozenset[tuple[str, str]]:
        """Which owners of these accounts are asked about the candidates' own access.

        Found by the candidates' accounts: they have few lines, while a reviewer may have a million.
        """
        found: set[tuple[str, str]] = set()
        if not self.around.campaign:
            return frozenset()
        for owner_of in lines_of_people(self.around.campaign, self.candidates):
            turns = Turn.objects.filter(
                task__in=owner_of,
                reviewer__in=subjects,
                status__in=(Turn.Status.OPEN, Turn.Status.DECIDED),
            )
            for task, reviewer in turns.values_list("task_id", "reviewer_id"):
                if owner_of[task] != reviewer:
                    found.add((reviewer, owner_of[task]))
        return frozenset(found)


def lines_of_people(campaign: str, people: Iterable[str]) -> Iterator[Mapping[int, str]]:
    """The lines of a campaign about what these people hold now: key of the line to owner, in batches.

    By way of their accounts and grants, key by key: left to choose, a database reads all lines there are.
    """
    accounts = Account.objects.filter(person__in=list(people), gone_at=None)
    owners = {account: person for account, person in accounts.values_list("pk", "person") if person}
    for lines in lines_of_accounts(campaign, owners):
        yield {task: owners[account] for task, account in lines.items()}


def lines_of_accounts(campaign: str, accounts: Iterable[str]) -> Iterator[Mapping[int, str]]:
    """The lines of a campaign about what these accounts hold now: key of the line to account, in batches."""
    for some in batched(accounts, BATCH):
        held = Grant.objects.here().filter(account__in=some).values_list("account_id", "entitlement_id")
        for keys in batched(holdings(held), BATCH):
            lines = ReviewTask.objects.filter(campaign=campaign, grant__in=keys)
            yield dict(lines.values_list("pk", "account_id"))


def holdings(pairs: Iterable[tuple[str, str]]) -> Sequence[int]:
    """The grants by which these accounts ever held these entitlements, by key.

    What came back is a new one, and a line names that which was there when it was frozen.
    """
    wanted = frozenset(pairs)
    found: list[int] = []
    for some in batched(sorted({account for account, _ in wanted}), BATCH):
        rows = Grant.objects.filter(account__in=some).values_list("pk", "account_id", "entitlement_id")
        found += [pk for pk, account, entitlement in rows if (account, entitlement) in wanted]
    return sorted(found)


def accounts_known_as(keys: Collection[str]) -> Sequence[str]:
    """Accounts that go by one of these (`identity_keys`) and are nobody's, or whose owner people decided."""
    wanted = frozenset(keys)
    rows = Account.objects.filter(Q(person=None) | Q(matched_by__in=Account.BY_PEOPLE), gone_at=None)
    return [
        pk
        for pk, number, email, login in rows.values_list("pk", "employee_id", "email", "login").iterator()
        if not wanted.isdisjoint(identity_keys(employee_id=number, email=email, login=login))
    ]


def _delegates(people: Collection[str]) -> Mapping[str, str]:
    found = Delegation.objects.active(now()).filter(person__in=people)
    return dict(found.values_list("person", "delegate"))


def people_known(wanted: Collection[str]) -> tuple[dict[str, Person], Mapping[str, tuple[str, ...]]]:
    """These people by name and all who share an employee ID, each known also by what their doubles are known
    by; and who doubles whom.

    E-mails are nobody else's, so whoever is not among these is the double of none of them.
    """
    read = Exists(RoleHolding.objects.filter(user=OuterRef("pk"), role=Role.READ_ONLY))
    found = (
        User.objects.filter(Q(pk__in=wanted) | Q(pk__in=doubles()))
        .annotate(only_reads=read)
        .order_by("search_text", "pk")
        .values_list("pk", "name", "email", "employee_id", "status", "only_reads")
    )
    known = {
        pk: (name, identity_keys(employee_id=number, email=email), status == User.Status.ACTIVE, not reads)
        for pk, name, email, number, status, reads in found
    }
    by_key: defaultdict[str, list[str]] = defaultdict(list)
    for pk, (_, keys, _, _) in known.items():
        for key in keys:
            by_key[key].append(pk)
    twins = {
        pk: tuple(dict.fromkeys([pk, *(other for key in sorted(keys) for other in by_key[key])]))
        for pk, (_, keys, _, _) in known.items()
    }
    people = {
        pk: Person(pk, name, frozenset().union(*(known[twin][1] for twin in twins[pk])), active, may)
        for pk, (name, _, active, may) in known.items()
    }
    return people, twins


def doubles() -> list[str]:
    """Everybody who shares an employee ID with somebody: few, and mostly nobody."""
    numbered = User.objects.annotate(number=Lower(Trim("employee_id"))).exclude(number="")
    shared = numbered.order_by().values("number").annotate(people=Count("pk")).filter(people__gt=1)
    return list(numbered.filter(number__in=shared.values("number")).values_list("pk", flat=True))


def chains(people: Iterable[str]) -> dict[str, Sequence[str]]:
    """Who reports to whom, from these people up to the top. A ring is walked once."""
    seeds = sorted(people)
    if not seeds:
        return {}
    is_postgresql = connection.vendor == "postgresql"
    among = "= ANY(%s)" if is_postgresql else "IN (SELECT value FROM json_each(%s))"
    statement = f"""
        WITH RECURSIVE up (person, manager) AS (
            SELECT person_id, manager_id FROM core_reporting WHERE person_id {among}
            UNION
            SELECT over.person_id, over.manager_id FROM core_reporting over
            JOIN up ON over.person_id = up.manager
        )
        SELECT person, manager FROM up"""  # noqa: S608  # no value stands in it
    found: defaultdict[str, list[str]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(statement, [seeds if is_postgresql else json.dumps(seeds)])
        for person, manager in cursor.fetchall():
            found[person].append(manager)
    return dict(found)
