"""Who may do what with a campaign that is under way, said once. Every refusal names who can help."""

from collections.abc import Collection, Iterable, Sequence

from connectors.models import App, Entitlement
from core.errors import Denied, NotPossible
from core.models import User
from core.models.keys import one_line
from reviews.actions.permission import may_run
from reviews.models import Campaign, ReviewTask
from reviews.queries.people import holds, own_among

NAMED = 3
"""How many people a refusal names."""


def must_run(campaign: Campaign, user: User) -> None:
    if not may_run(campaign, user):
        raise Denied(
            f"Only an owner of {campaign} or a Super Administrator can do this. {owners_of(campaign)}"
        )


def must_decide(user: User) -> None:
    """Whoever is asked; who only reads is never asked (row E5)."""
    if not may_decide(user):
        raise Denied("Who only reads decides nothing. A Super Administrator can give you another role.")


def may_decide(user: User) -> bool:
    return user.is_active and user.may_act


def may_sign_off(campaign: Campaign, user: User) -> bool:
    return may_decide(user) and campaign.control_owner_id == user.pk


def must_be_control_owner(campaign: Campaign, user: User) -> None:
    if not may_sign_off(campaign, user):
        if campaign.control_owner_id == user.pk and user.is_active:
            must_decide(user)
        owner = campaign.control_owner
        who = f"that is {owner}." if owner else f"it has none yet. {owners_of(campaign)}"
        raise Denied(f"Only the control owner of {campaign} can do this: {who}")


def must_answer_for(apps: Collection[str], user: User) -> None:
    """Their owners alone: to take access away is more than to run a campaign."""
    owned = App.objects.owned_by(user).filter(pk__in=apps) if user.is_active else App.objects.none()
    missing = set(apps) - set(owned.values_list("pk", flat=True))
    if not missing:
        must_decide(user)
    else:
        app = App.objects.get(pk=min(missing))
        owners = _named(app.owners_now())
        help_ = f"Its owners: {owners}." if owners else "It has no owner: a Super Administrator can name one."
        raise Denied(f"Only the owners of {app} can do this. {help_}")


def must_concern_others(tasks: Iterable[ReviewTask], user: User) -> None:
    """Nobody decides on their own access, in no way and in no role."""
    numbers = {task.pk: task.line_no for task in tasks}
    if own := own_among(user, ReviewTask.objects.filter(pk__in=numbers)):
        line = min(numbers[key] for key in own)
        raise Denied(f"Line {line} is about your own access. Somebody else has to decide on it.")


def must_not_hold(entitlement: Entitlement, user: User | None) -> None:
    """Nobody chooses how their own access is reviewed, or whether."""
    if user is not None and holds(user, entitlement):
        raise Denied(
            f"You hold {entitlement} yourself, so another owner or a Super Administrator has to say who"
            " decides on it, and whether it is reviewed."
        )


def must_say(reason: str, what: str = "Give a reason: it goes into the evidence.") -> str:
    """The reason, tidied."""
    if not (said := one_line(reason)):
        raise NotPossible(what)
    return said


def owners_of(campaign: Campaign) -> str:
    owners = _named(User.objects.active().filter(campaigns=campaign).order_by("search_text", "pk"))
    return f"Its owners: {owners}." if owners else "It has no active owner: a Super Administrator can help."


def _named(people: Iterable[User]) -> str:
    names: Sequence[str] = [person.name for person in people]
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return ", ".join(names[:NAMED]) + more
