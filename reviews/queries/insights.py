"""What is worth knowing about a line, from our own data, and what it speaks for. Each with its evidence."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Count

from connectors.models import Account, Grant, ProvisionOrder
from core.models import User
from core.models.user import Reporting
from reviews.models import Campaign, ReviewTask
from reviews.queries.earlier import Last, earlier_campaigns, last_decisions
from reviews.queries.graves import grave_in

ENOUGH = 5
"""Of fewer people with the same title, or of a smaller team, a share says nothing."""
COMMON, RARE = 0.6, 0.2
"""Shares of people alike that speak for and against."""
CERTIFY, DENY, LOOK = "certify", "deny", "look"
NEW = "new"
"""The tone of what was not so in the last review."""
ADVICE = {CERTIFY: "Certify", DENY: "Deny", LOOK: "Look closer"}


@dataclass(frozen=True, slots=True)
class Hint:
    """One thing worth knowing. `code` goes into the evidence; `told` is the evidence behind it."""

    code: str
    short: str
    told: str
    icon: str = "info-circle"
    tone: str = ""
    """`ok`, `flag`, `stop`, NEW or empty."""
    says: str = ""
    """Which advice it speaks for; empty: for none."""
    value: int | None = None
    out_of: int | None = None


@dataclass(frozen=True, slots=True)
class Insight:
    """All hints of a line, the gravest first, what they come to, and what was decided before."""

    hints: Sequence[Hint]
    last: Last | None = None
    is_first: bool = False
    """There was no campaign before this one."""

    @property
    def advice(self) -> str:
        """`certify`, `deny`, `look`; empty where nothing speaks for anything."""
        said = {each.says for each in self.hints}
        return next((each for each in (DENY, LOOK, CERTIFY) if each in said), "")

    @property
    def advice_word(self) -> str:
        return ADVICE.get(self.advice, "")

    @property
    def because(self) -> Sequence[str]:
        """The sentences behind the advice."""
        return [each.told for each in self.hints if each.says == self.advice and self.advice]

    @property
    def codes(self) -> list[str]:
        return [each.code for each in self.hints]


@dataclass(frozen=True, slots=True)
class _Around:
    """What is known around some lines, read in a fixed number of statements."""

    accounts: Mapping[str, Account]
    earlier: Sequence[Campaign]
    last: Mapping[int, Last]
    grave: Collection[str]
    titled: Mapping[str, int]
    title_holders: Mapping[tuple[str, str], int]
    teams: Mapping[str, frozenset[str]]
    team_holders: Mapping[str, frozenset[str]]
    removed: Mapping[tuple[str, str], ProvisionOrder] = field(default_factory=dict)
    before: Mapping[tuple[str, str], Grant] = field(default_factory=dict)


def insights(
    lines: Sequence[ReviewTask], campaign: Campaign, *, earlier: Sequence[Campaign] | None = None
) -> Mapping[int, Insight]:
    """By key of the line. The number of statements does not depend on how many lines there are."""
    if not lines:
        return {}
    around = _around(lines, campaign, earlier_campaigns(campaign) if earlier is None else earlier)
    return {line.pk: _insight(line, around) for line in lines}


def _insight(line: ReviewTask, around: _Around) -> Insight:
    last = around.last.get(line.grant)
    hints = [
        *_about_the_account(line, around),
        *_about_the_past(line, around, last),
        *_about_people_alike(line, around),
    ]
    rank = {DENY: 0, LOOK: 1, "": 2, CERTIFY: 3}
    return Insight(sorted(hints, key=lambda each: rank[each.says]), last, is_first=not around.earlier)


def _about_the_account(line: ReviewTask, around: _Around) -> Sequence[Hint]:
    account = around.accounts[line.account_id]
    owner = account.person
    found = []
    if owner is not None and not owner.is_active:
        told = f"{owner.name} is deactivated here, and the account still holds this."
        found.append(Hint("owner_left", "Owner left", told, "user-off", "stop", DENY))
    if line.person_id is None:
        told = "No person is known to own this account, so nobody can say what it is used for."
        found.append(Hint("no_owner", "No owner", told, "user-question", "flag", LOOK))
    if Account.Status.DISABLED in (line.account_status, account.status):
        told = f"The account {account} is disabled in {line.app_name}; enabled again it would hold this."
        found.append(Hint("disabled", "Account disabled", told, "ban", "flag", LOOK))
    if line.account_type != Account.Type.USER or "api" in account.marks:
        told = f"The account {account} is not a person's own: a program may depend on it."
        found.append(Hint("service", "Service account", told, "robot", "flag", LOOK))
    if account.is_external:
        told = "Its e-mail is of none of the organisation's domains."
        found.append(Hint("external", "External", told, "world", "flag", LOOK))
    if account.person_id != line.person_id:
        told = f"When this review was frozen it belonged to {line.person_name or 'nobody'}; by now to "
        told += f"{owner.name if owner else 'nobody'}."
        found.append(Hint("owner_moved", "Owner changed meanwhile", told, "user", "flag", LOOK))
    return found


def _about_the_past(line: ReviewTask, around: _Around, last: Last | None) -> Sequence[Hint]:
    found = []
    if order := around.removed.get((line.account_id, line.entitlement_id)):
        day = order.removed_at or order.wanted_at
        told = f"It was taken away by Reeve on {day:%d %b %Y} and is here again since {line.since:%d %b %Y}."
        found.append(Hint("came_back", "Came back after removal", told, "history", "stop", LOOK))
    elif held := around.before.get((line.account_id, line.entitlement_id)):
        told = f"Held before from {held.since:%d %b %Y} until {held.gone_at:%d %b %Y}, then not, now again."
        found.append(Hint("held_before", "Held before", told, "history", "flag"))
    if last is None:
        if around.earlier:
            grave = line.risk in around.grave
            told = f"It began on {line.since:%d %b %Y} and stood in none of the last reviews."
            found.append(Hint("new", "New", told, "plus", NEW, LOOK if grave else ""))
        return found
    found += _changes(line, last.line)
    if last.status == ReviewTask.Status.CERTIFIED and not found:
        told = f"{last.by} certified it in {last.campaign}, and nothing about it changed since."
        found.append(Hint("unchanged", "Unchanged", told, "circle-check", "ok", CERTIFY))
    if last.status == ReviewTask.Status.DENIED:
        told = f"{last.by} denied it in {last.campaign}, and it is still here."
        found.append(Hint("denied_before", "Denied last time", told, "x", "stop", LOOK))
    if last.status == ReviewTask.Status.EXCEPTED:
        told = f"Nobody decided it in {last.campaign}."
        found.append(Hint("excepted_before", "Exception last time", told, "alert-triangle", "flag", LOOK))
    return found


def _changes(line: ReviewTask, before: ReviewTask) -> list[Hint]:
    """What is not as it was when the line was last reviewed."""
    found = []
    if line.entitlement_name != before.entitlement_name:
        told = f"Last time it was called {before.entitlement_name}."
        found.append(Hint("renamed", "Renamed", told, "pencil", NEW))
    if line.entitlement_description != before.entitlement_description:
        told = f"Last time it read: {before.entitlement_description or 'nothing'}"
        found.append(Hint("redescribed", "Described anew", told, "pencil", NEW))
    if before.account_status == Account.Status.DISABLED and line.account_status == Account.Status.ENABLED:
        told = "Last time the account was disabled."
        found.append(Hint("enabled_again", "Enabled again", told, "refresh", "flag", LOOK))
    if line.person_id != before.person_id:
        told = f"Last time the account belonged to {before.person_name or 'nobody'}."
        found.append(Hint("owner_changed", "Owner changed", told, "user", "flag", LOOK))
    elif line.person_title != before.person_title:
        told = f"{line.person_name} was {before.person_title or 'without a title'}, and is "
        told += f"{line.person_title or 'without one'} now."
        found.append(Hint("title_changed", "Job changed", told, "briefcase", "flag", LOOK))
    return found


def _about_people_alike(line: ReviewTask, around: _Around) -> Sequence[Hint]:
    found = []
    number = around.titled.get(line.person_title, 0) if line.person_title else 0
    if number > 1:
        held = around.title_holders.get((line.person_title, line.entitlement_id), 0)
        told = f"{held} of {number} people with the title {line.person_title} hold it."
        found.append(_share("title", "Same title", told, "users", held, number))
    team = around.teams.get(line.person_id or "", frozenset())
    if len(team) > 1:
        held = len(team & around.team_holders.get(line.entitlement_id, frozenset()))
        told = f"{held} of {len(team)} people who report to the same manager hold it."
        found.append(_share("team", "Same manager", told, "users-group", held, len(team)))
    return found


def _share(code: str, short: str, told: str, icon: str, held: int, number: int) -> Hint:
    share = held / number
    tone, says = "", ""
    if number >= ENOUGH and share >= COMMON:
        tone, says = "ok", CERTIFY
    elif number >= ENOUGH and share <= RARE:
        tone, says = "flag", LOOK
    return Hint(code, f"{short}: {held} of {number}", told, icon, tone, says, held, number)


def _around(lines: Sequence[ReviewTask], campaign: Campaign, earlier: Sequence[Campaign]) -> _Around:
    accounts = {each.account_id for each in lines}
    entitlements = {each.entitlement_id for each in lines}
    titles = {each.person_title for each in lines if each.person_title}
    people = {each.person_id for each in lines if each.person_id}
    teams = _teams(people)
    orders = ProvisionOrder.objects.filter(
        account__in=accounts,
        entitlement__in=entitlements,
        verb=ProvisionOrder.Verb.REVOKE,
        status__in=("removed", "proven", "came_back"),
    )
    gone = Grant.objects.gone().filter(account__in=accounts, entitlement__in=entitlements)
    return _Around(
        accounts=Account.objects.select_related("person").in_bulk(accounts),
        earlier=earlier,
        last=last_decisions(lines, earlier) if earlier else {},
        grave=grave_in(campaign),
        titled=dict(
            User.objects.active().filter(title__in=titles).values_list("title").annotate(n=Count("pk"))
        ),
        title_holders=_title_holders(titles, entitlements),
        teams=teams,
        team_holders=_holders({each for team in teams.values() for each in team}, entitlements),
        removed={(each.account_id, each.entitlement_id): each for each in orders},
        before={(each.account_id, each.entitlement_id): each for each in gone.order_by("gone_at")},
    )


def _title_holders(titles: Collection[str], entitlements: Collection[str]) -> Mapping[tuple[str, str], int]:
    """How many active people with a title hold each entitlement. From the people: few bear one title."""
    rows = (
        Grant.objects.here()
        .filter(
            account__person__title__in=titles,
            account__person__status=User.Status.ACTIVE,
            entitlement__in=entitlements,
        )
        .values_list("account__person__title", "entitlement")
        .annotate(n=Count("account__person", distinct=True))
    )
    return {(title, entitlement): number for title, entitlement, number in rows} if titles else {}


def _teams(people: Collection[str]) -> Mapping[str, frozenset[str]]:
    """For each of these people, everybody active who reports to one of their managers, themselves too."""
    managers: defaultdict[str, set[str]] = defaultdict(set)
    for person, manager in Reporting.objects.filter(person__in=people).values_list("person", "manager"):
        managers[person].add(manager)
    wanted = {each for found in managers.values() for each in found}
    reports: defaultdict[str, set[str]] = defaultdict(set)
    rows = Reporting.objects.filter(manager__in=wanted, person__status=User.Status.ACTIVE)
    for manager, person in rows.values_list("manager", "person"):
        reports[manager].add(person)
    return {
        person: frozenset(each for manager in found for each in reports[manager])
        for person, found in managers.items()
    }


def _holders(people: Collection[str], entitlements: Collection[str]) -> Mapping[str, frozenset[str]]:
    """Which of these people hold each entitlement."""
    found: defaultdict[str, set[str]] = defaultdict(set)
    if people:
        rows = Grant.objects.here().filter(account__person__in=people, entitlement__in=entitlements)
        for entitlement, person in rows.values_list("entitlement", "account__person"):
            found[entitlement].add(str(person))
    return {entitlement: frozenset(held) for entitlement, held in found.items()}
