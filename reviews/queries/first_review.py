"""A first review without any vendor: who administers Reeve itself, and whether anybody could look at it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from connectors.actions.console import first_owners
from connectors.models import App, Entitlement, Tag
from connectors.queries.console import own_connector, proposals
from core.models import Role, RoleHolding, User
from reviews.models import Campaign
from reviews.queries.directory import Around, directory_for, people_known
from reviews.queries.routes import Preview, look
from reviews.routing import BUILT_IN, LineFacts, identity_keys, parse

POLICY = "app_owner"
"""Its owners are asked, never about their own access; what is grave wants somebody who does not hold it,
too."""
OWNERS = (Role.SUPER, Role.CAMPAIGN)
_APP = "console"


@dataclass(frozen=True, slots=True)
class FirstReview:
    """What a first review would take in, and why it could not be."""

    lines: int
    administrators: Sequence[str]
    """Names of those whose roles are looked at."""
    problem: str
    """Who would have nobody to be asked about; empty: everybody has."""


def is_offered(user: User) -> bool:
    """To whoever sets up campaigns, as long as there is none."""
    return user.is_active and user.has_role(*OWNERS) and not Campaign.objects.exists()


def roles_looked_at() -> Mapping[Role, str]:
    """Roles with the risk level that is proposed for them."""
    risks = {each.entitlement: each.risk for each in proposals()}
    found = {role: risks[role.label] for role in Role if role.label in risks}
    return found or dict.fromkeys((Role.SUPER, Role.CONNECTOR, Role.CAMPAIGN), "")


def app_owners(control_owner: User | None) -> Sequence[User]:
    """Who would be asked: the owners of Reeve itself where it has some, else who administers reviews. Never
    who signs off."""
    app = App.objects.here().filter(matching=App.Matching.KEY).order_by("created_at").first()
    rows = list(app.owners_now()) if app is not None else first_owners()
    return [each for each in rows if each != control_owner]


def entitlements_there() -> Sequence[str]:
    """The roles looked at, where Reeve was read already; by key."""
    connector = own_connector()
    if connector is None:
        return []
    ids = [f"role:{role}:member" for role in roles_looked_at()]
    rows = Entitlement.objects.here().filter(
        app=connector.app_id, source=connector.source, external_id__in=ids
    )
    return list(rows.order_by("external_id").values_list("pk", flat=True))


def looked_at(by: User, control_owner: User | None = None) -> FirstReview:
    """By the same rules as a staging, from the roles as they are held now. Reads only."""
    lines = _lines()
    owners = [each.pk for each in app_owners(control_owner)]
    around = Around(owners=(by.pk,), control_owner=control_owner.pk if control_owner else "")
    policy, found = parse(BUILT_IN[POLICY][2]), Preview()
    directory = directory_for(around, [policy], lines, also=owners)
    _, twins = people_known({line.person for line in lines})
    holders: dict[str, set[str]] = {}
    for line in lines:
        holders.setdefault(line.entitlement, set()).update(twins.get(line.person, (line.person,)))
    told = {key: frozenset(people) for key, people in holders.items()}
    look(lines, lambda _: policy, replace(directory, app_owners={_APP: tuple(owners)}, holders=told), found)
    names = sorted({line.person_name for line in lines if line.account_status == "enabled"})
    return FirstReview(len(lines), names, found.problem)


def _lines() -> Sequence[LineFacts]:
    """The lines there would be."""
    risks, grave = roles_looked_at(), Tag.objects.grave_names()
    held = RoleHolding.objects.filter(role__in=list(risks)).select_related("user").order_by("role", "user")
    return [
        LineFacts(
            app=_APP,
            account=each.user.pk,
            entitlement=each.role,
            person=each.user.pk,
            owner_now=each.user.pk,
            account_keys=identity_keys(),
            is_grave=risks[Role(each.role)] in grave,
            app_name="Reeve",
            entitlement_name=each.get_role_display(),
            person_name=each.user.name,
            account_status="enabled" if each.user.is_active else "disabled",
        )
        for each in held
    ]
