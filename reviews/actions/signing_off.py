"""The control owner says that the review was done: four statements, after everything is settled."""

from collections.abc import Collection, Sequence

from django.db import transaction
from django.utils.timezone import now

from core.errors import NotPossible
from core.models import User
from core.trail import record
from reviews.actions import removals, reports
from reviews.actions.keeping import keep_end
from reviews.actions.rights import must_be_control_owner, must_say
from reviews.actions.sampling import still_to_look_at
from reviews.actions.staging import refresh_guards
from reviews.models import Campaign, Removal, ReviewTask
from reviews.queries import bridge
from reviews.queries.decided import Deciders, deciders
from reviews.queries.graves import grave_in
from reviews.queries.looks import said_otherwise
from reviews.queries.part_in import own_lines, part_in

STATEMENTS = {
    "complete": "The population is complete: every source was read, and the counts tie.",
    "decided": Deciders().statement,
    "removed": "Every removal is proven gone, or is an exception with its reason.",
    "kept": "Decisions, reasons and the syncs they rest on are kept for seven years.",
}
"""As they are where every reviewer was independent; `statements` has those of a campaign."""
CONCLUDE = "Say what you conclude from the sampled lines that would have been decided otherwise."
READY = (Campaign.Status.CLOSED, Campaign.Status.REMEDIATION)


@transaction.atomic
def sign_off(campaign: Campaign, *, by: User, agreed: Collection[str], conclusion: str = "") -> None:
    """End it for good. `conclusion`: what they make of sampled lines that would have been decided otherwise.

    Raises NotPossible while anything stands in the way, a statement is not made or that conclusion missing.
    """
    campaign = Campaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
    must_be_control_owner(campaign, by)
    if in_the_way := obstacles(campaign):
        raise NotPossible(" ".join(in_the_way))
    if set(agreed) != set(STATEMENTS):
        raise NotPossible("Tick all four statements: each is part of what you sign.")
    said = must_say(conclusion, CONCLUDE) if said_otherwise(campaign).exists() else ""
    made = statements(campaign)
    campaign.move(
        Campaign.Status.SIGNED_OFF,
        statements=made,
        conclusion=said,
        signed_off_at=now(),
        signed_off_by=by,
        changed_at=now(),
    )
    refresh_guards()
    keep_end(campaign)
    reports.want_all(campaign)
    record("campaigns.signed_off", campaign, by=by, statements=list(made.values()), conclusion=said)


def statements(campaign: Campaign) -> dict[str, str]:
    """What is signed of this campaign, by code: of who decided, as it was."""
    return STATEMENTS | {"decided": deciders(campaign).statement}


def obstacles(campaign: Campaign) -> Sequence[str]:
    """Everything that keeps it from being signed off, each as a sentence that says what to do."""
    if campaign.status not in READY:
        return [f"It is {campaign.get_status_display().lower()}: it can be signed off once it is closed."]
    found = [
        _control_owner(campaign),
        _open_lines(campaign),
        _removals(campaign),
        _unremoved(campaign),
        _lookbacks(campaign),
        _sample(campaign),
    ]
    if not bridge.of(campaign).ties:
        found.append("The counts do not tie: look at its data.")
    return [each for each in found if each]


def _control_owner(campaign: Campaign) -> str:
    owner = campaign.control_owner
    if owner is None:
        return "It has no control owner: one of its owners has to name one."
    if part := part_in(campaign, owner):
        return (
            f"{owner} {' and '.join(part)} and cannot sign off too: an owner of the campaign has to name"
            " another control owner."
        )
    if own := own_lines(campaign, owner, ReviewTask.Status.EXCEPTED):
        return (
            f"Line {own[0]:,} is an exception and about the own access of {owner}, who cannot accept that: an"
            " owner of the campaign has to name another control owner."
        )
    return ""


def _open_lines(campaign: Campaign) -> str:
    number = campaign.tasks.open().count()
    if not number:
        return ""
    are = "line is" if number == 1 else "lines are"
    return f"{number:,} {are} still open although it is closed: whoever operates Reeve has to look into it."


def _removals(campaign: Campaign) -> str:
    number = Removal.objects.open().filter(campaign=campaign).count()
    if not number:
        return ""
    are = "removal is" if number == 1 else "removals are"
    return f"{number:,} {are} neither proven gone nor an exception."


def _unremoved(campaign: Campaign) -> str:
    number = removals.denied_without(campaign).count()
    if not number:
        return ""
    has = "line has" if number == 1 else "lines have"
    return (
        f"{number:,} denied {has} no removal: an owner of the campaign opens them on its page Removals, and"
        " makes exceptions of what is to stay."
    )


def _lookbacks(campaign: Campaign) -> str:
    asked = Removal.objects.filter(campaign=campaign, lookback={}, task__risk__in=grave_in(campaign))
    number = asked.exclude(status__in=(Removal.Status.DROPPED, Removal.Status.CAME_BACK)).count()
    if not number:
        return ""
    return f"{number:,} denied line{'' if number == 1 else 's'} of a grave risk: nobody has looked back yet."


def _sample(campaign: Campaign) -> str:
    number = still_to_look_at(campaign)
    return f"{number:,} of the sampled lines are still to be looked at again." if number else ""
