"""What a scope takes in and what it leaves out, each with its reason; read, never written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from functools import reduce
from operator import and_, or_

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.db.models import Case, Count, Exists, F, OuterRef, Q, QuerySet, Value, When
from django.utils.timezone import now

from connectors.models import CREDENTIAL, Account, App, Entitlement, Grant
from connectors.models.graph import GraphQuerySet
from connectors.queries.entitlements import bears, with_frameworks
from core.models import Membership, Organisation, PeopleGroup, Reporting
from reviews.models import Campaign, ReviewTask, Scope

LIVE = 100_000
"""The live count of a form counts so far and no further."""
SHOWN = 50
"""Names that a list of what is left out gives; the rest is a number."""
LOOKED_AT = 1_000
"""Grants that a sample is drawn from: the first ones, so that it comes in bounded time."""


class Reason(models.TextChoices):
    """Why something is left out; the first that holds is the one that is told."""

    DELETED = "deleted", "The account is deleted in the app"
    STATUS = "status", "The account's status is not among those chosen"
    TYPE = "type", "The account's type is not among those chosen"
    OWNED = "owned", "The account has an owner, and only accounts without one were chosen"
    PERSON = "person", "The account's owner is not among those chosen"
    MANAGER = "manager", "The account's owner reports to none of the managers chosen"
    DEPARTMENT = "department", "The account's owner is in none of the departments chosen"
    TITLE = "title", "The account's owner has none of the titles chosen"
    OWNER_STATUS = "owner_status", "The account's owner has none of the statuses chosen"
    GROUP = "group", "The account's owner belongs to a group that was left out"
    DOMAIN = "domain", "The account's e-mail is not of the domains chosen"
    ENDED = "ended", "The entitlement is no longer in the app"
    CREDENTIAL = "credential", "Having an account at all was not chosen"
    ENTITLEMENT = "entitlement", "The entitlement is not among those chosen"
    RISK = "risk", "The entitlement's risk is not among those chosen"
    FRAMEWORK = "framework", "The entitlement bears none of the frameworks chosen"
    SINGLY = "singly", "The entitlement was left out singly"
    EARLIER = "earlier", "It began before the date chosen"
    LATER = "later", "It began after the dates chosen"
    HOLDS_NOTHING = "nothing", "The account holds nothing of what was chosen"


@dataclass(frozen=True, slots=True)
class LeftOut:
    """Accounts and grants that the apps of a scope hold, in it or left out by reason; all of them, once."""

    accounts: Mapping[Reason, int]
    accounts_in: int
    grants: Mapping[Reason, int]
    grants_in: int


@dataclass(frozen=True, slots=True)
class Named:
    """Some of many, by name."""

    number: int
    first: Sequence[str]


@dataclass(frozen=True, slots=True)
class Validation:
    """What `Validate scope` says."""

    left_out: LeftOut
    apps: Sequence[App]
    by_kind: Mapping[str, int]
    """Lines by resource type."""
    unheld: Named
    """Entitlements chosen that nobody holds."""
    singly: Named
    """Entitlements that were left out singly."""
    last: Campaign | None
    """The last campaign of the same template."""
    fell_out: Named
    """Of its entitlements: those of which grants are still held and no longer reviewed."""
    fell_out_lines: int


type Rule = tuple[Reason, Q]
"""A reason, and what keeps a row from being left out by it."""


def apps_in(scope: Scope) -> QuerySet[App]:
    """The managed apps it names, or all of them."""
    managed = App.objects.managed()
    return managed.filter(pk__in=scope.apps) if scope.apps else managed


def grants_in(scope: Scope) -> QuerySet[Grant]:
    """Every grant that would be a line if the population were frozen now."""
    held = Grant.objects.here().filter(account__app__in=apps_in(scope))
    return held.filter(reduce(and_, (keeps for _, keeps in _rules_of_grants(scope))))


def grants_once_in(scope: Scope) -> QuerySet[Grant]:
    """Grants that are gone and, while they were held, would have been lines: as far as that is still known.

    What became of account or entitlement since they began leaves none of them out.
    """
    since_then = Q(account__gone_at__isnull=False) | Q(account__changed_run__gt=F("first_run"))
    rules = [
        keeps | since_then if reason in (Reason.DELETED, Reason.STATUS) else keeps
        for reason, keeps in _rules_of_grants(scope)
        if reason is not Reason.ENDED
    ]
    gone = Grant.objects.gone().filter(account__app__in=apps_in(scope))
    return gone.filter(reduce(and_, rules))


def entitlements_in(scope: Scope) -> QuerySet[Entitlement]:
    """Every entitlement whose grants are reviewed, held or not."""
    return fitting(scope).exclude(pk__in=scope.left_out)


def fitting(scope: Scope) -> GraphQuerySet[Entitlement]:
    """Those, and what would be among them had it not been left out singly."""
    here = Entitlement.objects.here().filter(app__in=apps_in(scope))
    rules = _rules_of_entitlements(scope, "")
    return here.filter(reduce(and_, (keeps for reason, keeps in rules if reason is not Reason.SINGLY)))


def number_in(scope: Scope) -> int:
    """How many lines it would be; anything above `LIVE` means more than that."""
    return grants_in(scope).order_by()[: LIVE + 1].count()


def sample(scope: Scope, size: int = 10) -> list[Grant]:
    """A few of them, spread over the first ones, with all that a row shows."""
    keys = list(grants_in(scope).order_by("pk").values_list("pk", flat=True)[:LOOKED_AT])
    chosen = keys[:: max(1, len(keys) // size)][:size]
    rows = Grant.objects.filter(pk__in=chosen).order_by("pk")
    return list(rows.select_related("account__app", "account__person", "entitlement__resource"))


def left_out(scope: Scope) -> LeftOut:
    apps = apps_in(scope)
    grants = Grant.objects.here().filter(account__app__in=apps)
    in_scope = grants_in(scope).filter(account=OuterRef("pk"))
    holds: Rule = (Reason.HOLDS_NOTHING, Q(Exists(in_scope)))
    accounts = _by_reason(
        Account.objects.here().filter(app__in=apps), [*_rules_of_accounts(scope, ""), holds]
    )
    lines = _by_reason(grants, _rules_of_grants(scope))
    return LeftOut(_reasons(accounts), accounts.get("", 0), _reasons(lines), lines.get("", 0))


def last_campaign(scope: Scope) -> Campaign | None:
    """The one frozen last of the template that this scope's campaign comes from, or that it belongs to."""
    try:
        campaign: Campaign | None = scope.campaign
        template = scope.campaign.template
    except ObjectDoesNotExist:
        campaign, template = None, getattr(scope, "template", None)
    if template is None:
        return None
    frozen = template.campaigns.filter(staged_at__isnull=False).exclude(status=Campaign.Status.CANCELLED)
    earlier = frozen.exclude(pk=campaign.pk) if campaign else frozen
    return earlier.order_by("-frozen_at").first()


def validate(campaign: Campaign) -> Validation:
    """What its scope takes in, what it leaves out and why, and what the last campaign had beyond it."""
    scope = campaign.scope
    kinds = grants_in(scope).order_by().values_list("entitlement__kind").annotate(Count("pk"))
    held = Grant.objects.here().filter(entitlement=OuterRef("pk"))
    unheld = entitlements_in(scope).filter(~Exists(held)).order_by("search_text", "pk")
    singly = fitting(scope).filter(pk__in=scope.left_out).order_by("search_text", "pk")
    last = last_campaign(scope)
    fallen = _fallen(scope, last) if last else ReviewTask.objects.none()
    names = fallen.order_by("entitlement_name").values_list("entitlement_name", flat=True).distinct()
    return Validation(
        left_out=left_out(scope),
        apps=list(apps_in(scope).order_by("search_text", "pk")),
        by_kind=dict(sorted(kinds)),
        unheld=_named(unheld.values_list("name", flat=True)),
        singly=_named(singly.values_list("name", flat=True)),
        last=last,
        fell_out=_named(names),
        fell_out_lines=fallen.count(),
    )


def _fallen(scope: Scope, last: Campaign) -> QuerySet[ReviewTask]:
    """Lines of the last campaign whose grant is still held, and would not be a line now."""
    held = Grant.objects.here().filter(pk=OuterRef("grant"))
    still = grants_in(scope).filter(pk=OuterRef("grant"))
    return last.tasks.filter(Exists(held), ~Exists(still))


def _named(names: QuerySet[Entitlement, str] | QuerySet[ReviewTask, str]) -> Named:
    return Named(names.count(), list(names[:SHOWN]))


def _rules_of_grants(scope: Scope) -> list[Rule]:
    rules = [*_rules_of_accounts(scope, "account__"), *_rules_of_entitlements(scope, "entitlement__")]
    if began := began_after(scope):
        rules.append((Reason.EARLIER, Q(since__gte=began)))
    if until := began_until(scope):
        rules.append((Reason.LATER, Q(since__lt=until)))
    return rules


def began_after(scope: Scope) -> datetime | None:
    """From when on grants count; None: whenever they began."""
    if scope.grants == Scope.Grants.SINCE and scope.granted_after:
        return _after(scope.granted_after)
    if scope.grants == Scope.Grants.LAST_DAYS and scope.granted_days:
        today = now().astimezone(Organisation.current().zone).date()  # whole days: all counts have the same
        return _after(today - timedelta(days=scope.granted_days + 1))
    last = last_campaign(scope) if scope.grants == Scope.Grants.SINCE_LAST else None
    return last.frozen_at if last else None


def began_until(scope: Scope) -> datetime | None:
    """Before when grants have begun to count; None: whenever they began."""
    is_asked = scope.grants == Scope.Grants.SINCE and scope.granted_until
    return _after(scope.granted_until) if is_asked and scope.granted_until else None


def _after(day: date) -> datetime:
    """The moment at which it is over, by the organisation's clock."""
    return datetime.combine(day + timedelta(days=1), time(), tzinfo=Organisation.current().zone)


def _rules_of_accounts(scope: Scope, of: str) -> list[Rule]:
    """`of` leads from a row to its account."""
    reports = Reporting.objects.filter(manager__in=scope.managers).values("person")
    members = Membership.objects.filter(group__in=scope.without_groups).values("person")
    is_external = scope.domains == Scope.Domains.EXTERNAL
    here = Q(**{f"{of}gone_at": None}) & ~Q(**{f"{of}status": Account.Status.DELETED})
    rules: list[tuple[Reason, bool, Q]] = [
        (Reason.DELETED, True, here),
        (Reason.STATUS, bool(scope.account_statuses), Q(**{f"{of}status__in": scope.account_statuses})),
        (Reason.TYPE, bool(scope.account_types), Q(**{f"{of}type__in": scope.account_types})),
        (Reason.OWNED, scope.only_without_owner, Q(**{f"{of}person": None})),
        (Reason.PERSON, bool(scope.people), Q(**{f"{of}person__in": scope.people})),
        (Reason.MANAGER, bool(scope.managers), Q(**{f"{of}person__in": reports})),
        (Reason.DEPARTMENT, bool(scope.departments), Q(**{f"{of}person__department__in": scope.departments})),
        (Reason.TITLE, bool(scope.titles), Q(**{f"{of}person__title__in": scope.titles})),
        (
            Reason.OWNER_STATUS,
            bool(scope.owner_statuses),
            Q(**{f"{of}person__status__in": scope.owner_statuses}),
        ),
        (Reason.GROUP, bool(scope.without_groups), ~Q(**{f"{of}person__in": members})),
        (Reason.DOMAIN, bool(scope.domains), Q(**{f"{of}is_external": is_external})),
    ]
    return [(reason, keeps) for reason, is_asked, keeps in rules if is_asked]


def _rules_of_entitlements(scope: Scope, of: str) -> list[Rule]:
    """`of` leads from a row to its entitlement."""
    rules: list[Rule] = [(Reason.ENDED, Q(**{f"{of}gone_at": None}))]
    if scope.entitlements:
        rules.append((Reason.ENTITLEMENT, Q(**{f"{of}pk__in": scope.entitlements})))
    else:
        if CREDENTIAL not in scope.kinds:
            rules.append((Reason.CREDENTIAL, ~Q(**{f"{of}kind": CREDENTIAL})))
        if scope.kinds:
            rules.append((Reason.ENTITLEMENT, Q(**{f"{of}kind__in": scope.kinds})))
    if scope.risks:
        rules.append((Reason.RISK, Q(**{f"{of}risk__in": scope.risks})))
    if scope.frameworks:
        bearing = with_frameworks(Entitlement.objects.all()).filter(
            reduce(or_, (bears(name) for name in scope.frameworks))
        )
        rules.append((Reason.FRAMEWORK, Q(**{f"{of}pk__in": bearing.values("pk")})))
    if scope.left_out:
        rules.append((Reason.SINGLY, ~Q(**{f"{of}pk__in": scope.left_out})))
    return rules


def _by_reason[M: models.Model](rows: QuerySet[M], rules: Sequence[Rule]) -> dict[str, int]:
    """How many rows each rule is the first to leave out; under the empty word those that none does."""
    keeps = [keeps for _, keeps in rules]
    told = [*(reason.value for reason, _ in rules), ""]  # by how many rules let it pass
    whens = [
        When(reduce(and_, keeps[:passed]), then=Value(told[passed])) for passed in range(len(rules), 0, -1)
    ]
    verdict = Case(*whens, default=Value(told[0]), output_field=models.CharField())
    counted = rows.order_by().annotate(verdict=verdict).values_list("verdict").annotate(number=Count("pk"))
    return dict(counted)


def _reasons(counted: Mapping[str, int]) -> dict[Reason, int]:
    """In the order in which they are told."""
    return {reason: counted[reason] for reason in Reason if counted.get(reason)}


def groups_left_out(scope: Scope) -> Sequence[str]:
    """What the groups are called now whose members it leaves out."""
    rows = PeopleGroup.objects.filter(pk__in=scope.without_groups)
    return list(rows.order_by("search_text", "pk").values_list("name", flat=True))


def groups_then(campaign: Campaign) -> Sequence[str]:
    """What they were called when its population was frozen."""
    kept: Sequence[str] | None = campaign.bridge.get("groups")
    return groups_left_out(campaign.scope) if kept is None else kept
