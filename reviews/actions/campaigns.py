"""The life of a campaign in its owners' hands: drafted, changed, started, cancelled."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, time, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Max
from django.utils.timezone import now

from core.errors import Denied, NotPossible
from core.models import Organisation, Role, User
from core.models.keys import one_line
from core.states import must_be_unchanged
from core.trail import record
from reviews.actions import facts as say
from reviews.actions import letters, notices, staging
from reviews.actions.facts import Course, Covered, Facts, Period
from reviews.actions.permission import must_make_campaigns, must_run
from reviews.actions.rights import must_say, owners_of
from reviews.models import (
    Campaign,
    CampaignOwner,
    Instructions,
    Policy,
    Progress,
    ReviewTask,
    Scope,
    Template,
    Turn,
)
from reviews.queries.part_in import asked_about, own_lines, part_in

END_OF_DAY = time(23, 59)
CANCELLABLE = (Campaign.Status.STAGING, Campaign.Status.STAGED, Campaign.Status.RUNNING)
AHEAD = (Campaign.Status.DRAFT, Campaign.Status.STAGING, Campaign.Status.STAGED)
"""Before reviewers are asked: how it is run may still change."""


@transaction.atomic
def create(
    facts: Facts, owners: Sequence[User], *, policy: Policy | None = None, by: User | None
) -> Campaign:
    """Make a draft of everything, with these owners. Raises Denied, NotPossible."""
    must_make_campaigns(by)
    say.must_be_sound(facts)
    say.must_be_able_to_own(owners)
    campaign = Campaign.objects.create(
        **say.plain(Course()) | say.plain(facts), scope=Scope.objects.create(), policy=policy, made_by=by
    )
    _begin(campaign, owners, instructions="")
    record("campaigns.created", campaign, by=by, owners=_names(owners))
    notices.control_owner_named(campaign, by=by)
    return campaign


@transaction.atomic
def change(
    campaign: Campaign, facts: Facts, period: Period, *, seen: datetime | None, by: User | None
) -> None:
    """Change the control data of a draft. `seen`: `changed_at` as the form knew it.

    Raises Denied, NotPossible, StaleState; NotPossible too once it is being staged: control data is fixed.
    """
    say.must_be_sound(facts)
    say.must_be_in_order(period)
    campaign = _draft(campaign, by, "Its control data")
    wanted = say.plain(facts) | {"period_starts_on": period.first, "period_ends_on": period.last}
    if told := _saved(campaign, wanted, seen=seen):
        record("campaigns.changed", campaign, by=by, **told)
        if "control_owner" in told["after"]:
            notices.control_owner_named(campaign, by=by)


@transaction.atomic
def change_course(
    campaign: Campaign,
    course: Course,
    *,
    starts_at: datetime | None,
    seen: datetime | None,
    by: User | None,
) -> None:
    """Change how it is run, until it starts. `starts_at`: when it stages and starts by itself, or None.

    Raises Denied, NotPossible, StaleState.
    """
    say.must_be_possible(course)
    campaign = _locked(campaign, by)
    if campaign.status not in AHEAD:
        raise NotPossible(f"{campaign} has started: how it is run stays as it is.")
    if starts_at is not None and starts_at != campaign.starts_at and starts_at <= now():
        raise NotPossible("The time to start by itself lies in the past.")
    if told := _saved(campaign, say.plain(course) | {"starts_at": starts_at}, seen=seen):
        record("campaigns.changed", campaign, by=by, **say.told_of_course(told))


@transaction.atomic
def change_scope(campaign: Campaign, covered: Covered, *, seen: datetime | None, by: User | None) -> None:
    """Say anew which grants a draft reviews. Raises Denied, NotPossible, StaleState."""
    campaign = _draft(campaign, by, "Its scope")
    must_be_unchanged(campaign.changed_at, seen=seen)
    scope = Scope.objects.get(pk=campaign.scope_id)
    wanted = say.plain(covered)
    told = say.told_of_scope(say.columns_of(scope, Covered), wanted)
    if not told:
        return
    Scope.objects.filter(pk=scope.pk).update(**wanted)
    _touch(campaign)
    record("campaigns.scope_changed", campaign, by=by, **told)


@transaction.atomic
def choose_policy(
    campaign: Campaign, policy: Policy, *, prefers: bool = False, seen: datetime | None, by: User | None
) -> None:
    """Say who decides, in which order; `prefers`: what apps and entitlements prefer goes before it.

    Raises Denied, NotPossible for a retired one, StaleState.
    """
    campaign = _draft(campaign, by, "Its policy")
    if policy.retired_at is not None and policy.pk != campaign.policy_id:
        raise NotPossible(f"The policy {policy} is retired: choose another.")
    if told := _saved(campaign, {"policy": policy, "prefers": prefers}, seen=seen):
        record("campaigns.policy_chosen", campaign, by=by, **told)


@transaction.atomic
def set_owners(
    campaign: Campaign, people: Collection[User], *, seen: datetime | None, by: User | None
) -> None:
    """Make exactly these its owners. Raises Denied, StaleState, NotPossible for whoever cannot own one."""
    campaign = _locked(campaign, by)
    must_be_unchanged(campaign.changed_at, seen=seen)
    if campaign.is_over:
        raise NotPossible(f"{campaign} is over: its owners stay as they are.")
    present = {each.pk: each for each in campaign.owners.all()}
    say.must_be_able_to_own(list(people), present=list(present))
    wanted = {each.pk: each for each in people}
    if wanted.keys() == present.keys():
        return
    campaign.ownerships.exclude(user__in=list(wanted)).delete()
    CampaignOwner.objects.bulk_create(
        CampaignOwner(campaign=campaign, user=each) for key, each in wanted.items() if key not in present
    )
    _touch(campaign)
    before, after = {"owners": _names(present.values())}, {"owners": _names(people)}
    record("campaigns.owners_changed", campaign, by=by, before=before, after=after)


@transaction.atomic
def change_control_owner(campaign: Campaign, to: User, *, by: User | None, reason: str) -> None:
    """Have somebody else sign off, from staging until it is signed off: nobody who decided anything in it.

    They look at the whole sample themselves; what the one before said of it stays. Raises Denied, and
    NotPossible for whoever cannot be it.
    """
    campaign = _locked(campaign, by)
    said = must_say(reason, "Say why somebody else signs off: it goes into the evidence.")
    if campaign.is_draft or campaign.is_over or campaign.status == Campaign.Status.STAGING:
        words = campaign.get_status_display().lower()
        raise NotPossible(f"{campaign} is {words}: its control owner cannot be changed here now.")
    if not (to.is_active and to.may_act):
        raise NotPossible(f"{to} is deactivated or may only read, and cannot sign off: choose another.")
    if to.pk == campaign.control_owner_id:
        raise NotPossible(f"{to} is its control owner already.")
    if part := part_in(campaign, to):
        raise NotPossible(f"{to} {' and '.join(part)} and cannot sign off too: choose another.")
    if number := asked_about(campaign, to):
        lines = "1 line" if number == 1 else f"{number:,} lines"
        raise NotPossible(f"{to} is asked about {lines} of it: have somebody else asked first.")
    before, after = {"control_owner": str(campaign.control_owner or "")}, {"control_owner": str(to)}
    _touch(campaign, control_owner=to)
    record("campaigns.control_owner_changed", campaign, by=by, before=before, after=after, reason=said)
    notices.control_owner_named(campaign, by=by)


@transaction.atomic
def instruct(campaign: Campaign, text: str, *, by: User | None) -> Instructions:
    """Tell reviewers something else from now on, also while it runs; decisions name the number they saw.

    In a draft nobody has read them yet, so there the first version changes. Raises Denied, NotPossible.
    """
    campaign = _locked(campaign, by)
    if campaign.status not in (*AHEAD, Campaign.Status.RUNNING):
        raise NotPossible(f"Nobody decides in {campaign} any more: its instructions stay as they are.")
    latest = campaign.instructions.order_by("-number").first()
    if latest is not None and latest.text == text:
        return latest
    if latest is not None and campaign.is_draft:
        latest.text, latest.by, latest.at = text, by, now()
        latest.save(update_fields=["text", "by", "at"])
        found = latest
    else:
        number = (campaign.instructions.aggregate(highest=Max("number"))["highest"] or 0) + 1
        found = Instructions.objects.create(campaign=campaign, number=number, text=text, by=by)
    record("campaigns.instructed", campaign, by=by, number=found.number, text=text[:2000])
    return found


@transaction.atomic
def duplicate(campaign: Campaign, name: str, *, policy: Policy | None, by: User | None) -> Campaign:
    """A new draft with the same scope and settings, and the policy one picks. Raises Denied, NotPossible."""
    must_run(campaign, by)
    scope = say.copied(campaign.scope)
    copy = _copy(campaign, name, scope, policy=policy, by=by)
    Campaign.objects.filter(pk=copy.pk).update(copied_from=campaign)
    owners = able_owners(campaign.owners.all(), by)
    latest = campaign.instructions.order_by("-number").first()
    _begin(copy, owners, instructions=latest.text if latest else "")
    record("campaigns.duplicated", copy, by=by, copied_from=campaign, owners=_names(owners))
    notices.control_owner_named(copy, by=by)
    return copy


@transaction.atomic
def from_template(
    template: Template,
    name: str,
    period: Period,
    *,
    starts_at: datetime | None,
    by: User | None,
) -> Campaign:
    """A draft of a template, for `actions.templates`, which looks at who may. Raises NotPossible."""
    policy = template.policy
    usable = policy if policy is not None and policy.retired_at is None else None
    copy = _copy(template, name, say.copied(template.scope), policy=usable, by=by)
    Campaign.objects.filter(pk=copy.pk).update(
        template=template,
        period_starts_on=period.first,
        period_ends_on=period.last,
        starts_at=starts_at,
    )
    owners = able_owners(template.owners.all(), by)
    _begin(copy, owners, instructions=template.instructions)
    record("campaigns.made_from_template", copy, by=by, template=template, owners=_names(owners))
    copy.refresh_from_db()
    notices.control_owner_named(copy, by=by)
    return copy


@transaction.atomic
def discard(campaign: Campaign, *, by: User | None) -> None:
    """Take a draft away for good. Raises Denied, and NotPossible once it is being staged: it can be
    cancelled then, and stays listed."""
    campaign = _locked(campaign, by)
    if not campaign.is_draft:
        raise NotPossible(f"{campaign} is no draft any more: cancel it, with a reason. It stays listed.")
    record("campaigns.discarded", campaign, by=by)
    scope = campaign.scope
    Turn.objects.filter(campaign=campaign).delete()  # left by a staging that did not come to its end
    campaign.tasks.all().delete()
    campaign.delete()
    scope.delete()


@transaction.atomic
def start(campaign: Campaign, *, writes: bool, by: User | None) -> None:
    """Ask the reviewers. They have until the end of the last day to decide, by the organisation's clock.

    `writes`: whether each of them gets a letter now. Raises Denied, NotPossible, StaleState.
    """
    campaign = _locked(campaign, by)
    if campaign.status != Campaign.Status.STAGED:
        raise NotPossible(f"{campaign} is not staged, so it cannot start.")
    at = now()
    decide_by = end_of_days(at, campaign.days_to_decide)
    campaign.move(
        Campaign.Status.RUNNING,
        started_at=at,
        started_by=by,
        decide_by=decide_by,
        writes_at_start=writes,
        changed_at=at,
    )
    until = decide_by.isoformat()
    record("campaigns.started", campaign, by=by, lines=campaign.lines, decide_by=until, letters=writes)
    if writes:
        letters.has_news(campaign)
    if by is None:
        notices.started_by_itself(campaign)


@transaction.atomic
def cancel(campaign: Campaign, *, reason: str, by: User | None) -> None:
    """End it without a result. Lines and decisions stay, nobody is asked any more, it stays listed.

    Raises Denied, NotPossible, StaleState.
    """
    campaign = _locked(campaign, by)
    if campaign.is_draft:
        raise NotPossible(f"{campaign} is a draft: there is nothing to cancel. Discard it instead.")
    if campaign.status not in CANCELLABLE:
        said = campaign.get_status_display().lower()
        raise NotPossible(f"{campaign} is {said}: it cannot be cancelled any more.")
    if not reason.strip():
        raise NotPossible("Say why it is cancelled: the reason stays with it.")
    _must_not_keep_their_own(campaign, by)
    at = now()
    campaign.move(
        Campaign.Status.CANCELLED,
        cancelled_at=at,
        cancelled_by=by,
        cancelled_reason=reason,
        changed_at=at,
        lease=None,
        leased_until=None,
    )
    turns = Turn.objects.open().filter(campaign=campaign)
    ended = turns.update(status=Turn.Status.ENDED, ended_at=at)
    Progress.objects.filter(campaign=campaign, open__gt=0).update(open=0)
    staging.refresh_guards()
    record("campaigns.cancelled", campaign, by=by, reason=reason, turns_ended=ended)


def _must_not_keep_their_own(campaign: Campaign, by: User | None) -> None:
    """To cancel once it runs is to let access stay that others decide on, or denied."""
    if by is None or campaign.status in AHEAD:
        return
    for status in (ReviewTask.Status.OPEN, ReviewTask.Status.DENIED):
        if own := own_lines(campaign, by, status):
            raise Denied(
                f"Line {own[0]:,} is {status.label.lower()} and about your own access: another owner or a"
                f" Super Administrator has to cancel {campaign}. {owners_of(campaign)}"
            )


def end_of_days(at: datetime, days: int) -> datetime:
    """23:59 of the day that many days later, by the organisation's clock."""
    zone = Organisation.current().zone
    return datetime.combine(at.astimezone(zone).date() + timedelta(days=days), END_OF_DAY, zone)


def able_owners(people: Collection[User], by: User | None) -> Sequence[User]:
    """Those of them who can still own a campaign; who makes it where none of them can."""
    able = [each for each in people if each.is_active and each.has_role(Role.CAMPAIGN, Role.SUPER)]
    if not able and by is not None:
        return [by]
    if not able:
        raise NotPossible("Its owners cannot own a campaign any more: name others.")
    return able


def _locked(campaign: Campaign, by: User | None) -> Campaign:
    must_run(campaign, by)
    return Campaign.objects.select_for_update(of=("self",)).select_related("scope").get(pk=campaign.pk)


def _draft(campaign: Campaign, by: User | None, what: str) -> Campaign:
    campaign = _locked(campaign, by)
    if not campaign.is_draft:
        raise NotPossible(f"{campaign} is no draft any more. {what} is fixed from staging on.")
    return campaign


def _saved(campaign: Campaign, wanted: Mapping[str, Any], *, seen: datetime | None) -> dict[str, Any]:
    """Save these columns; answers what changed, for the trail. Raises StaleState."""
    must_be_unchanged(campaign.changed_at, seen=seen)
    told = say.difference({name: getattr(campaign, name) for name in wanted}, wanted)
    if told:
        _touch(campaign, **wanted)
    return told


def _touch(campaign: Campaign, **changes: Any) -> None:
    """Save these columns. What a draft was last refused for is forgotten: it may be put right by them."""
    if campaign.is_draft:
        changes = {**changes, "staging_problem": ""}
    for name, value in {**changes, "changed_at": now()}.items():
        setattr(campaign, name, value)
    campaign.save(update_fields=[*changes, "changed_at"])


def _copy(
    of: Campaign | Template, name: str, scope: Scope, *, policy: Policy | None, by: User | None
) -> Campaign:
    if not one_line(name):
        raise NotPossible("Give it a name.")
    settings = say.control_of(of) | {"prefers": of.prefers}
    if settings["control_owner"] is not None and not settings["control_owner"].is_active:
        settings["control_owner"] = None
    return Campaign.objects.create(**{**settings, "name": name}, scope=scope, policy=policy, made_by=by)


def _begin(campaign: Campaign, owners: Collection[User], *, instructions: str) -> None:
    CampaignOwner.objects.bulk_create(CampaignOwner(campaign=campaign, user=each) for each in owners)
    Instructions.objects.create(campaign=campaign, number=1, text=instructions, by=campaign.made_by)


def _names(people: Collection[User]) -> list[str]:
    return sorted(each.name for each in people)
