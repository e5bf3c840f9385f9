"""The staging of a campaign: sources read, population frozen, hashed and routed. Each step is resumable."""

import hashlib
from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Exists, OuterRef
from django.utils.timezone import now

from connectors.actions import reviewing, runs
from connectors.models import Account, Connector, Entitlement, Grant
from core.errors import Denied, DomainError, NotPossible
from core.models import Role, User
from core.queue import nudge
from core.trail import ERROR, record
from core.uncollected import uncollected
from reviews.actions import freezing, notices, turns
from reviews.models import Campaign, Policy, ReviewTask, Turn
from reviews.queries import bridge, frozen, routes, sources
from reviews.queries.directory import people_known
from reviews.queries.missing import missing
from reviews.queries.part_in import twins_of
from reviews.queries.scope import grants_in
from reviews.queries.sources import Source

TRIES = 5
"""Workers that may die over one staging before it comes to nothing."""
LOOK_AGAIN = timedelta(seconds=15)
"""How often a staging that waits looks whether it may go on."""
LATER = timedelta(hours=1)
"""When one that began by itself tries its sources again."""
PAGE = 20_000
"""Lines that are routed in one transaction."""
FIRST = 5_000
"""Lines routed before the freeze, without writing: mostly a policy that leaves somebody out does so soon."""
NAMED = 10
"""Lines without a reviewer that a refusal names."""
SECONDS = (Role.SUPER, Role.CAMPAIGN)
"""Who may say the second yes to an override."""


class Unstageable(NotPossible):
    """It cannot be staged as things are; the sentence says why, and goes to whoever wanted it."""


@transaction.atomic
def want(campaign: Campaign, *, by: User | None, override_reason: str = "") -> None:
    """Have a draft staged. `by` is None where its time has come; that never overrides.

    `override_reason`: why it may be staged although a source is not fresh and complete. Raises Denied,
    NotPossible, StaleState.
    """
    _must_run(campaign, by)
    policy = _must_be_whole(campaign)
    if by is None and override_reason:
        raise NotPossible("A staging that begins by itself never passes over a source that is not fresh.")
    at = now()
    campaign.move(
        Campaign.Status.STAGING,
        staging_wanted_by=by,
        staging_wanted_at=at,
        staging_problem="",
        override_reason=override_reason.strip(),
        override_seconded_by=None,
        policy_version=policy.latest(),
        changed_at=at,
        due_at=at,
        attempts=0,
        lease=None,
        leased_until=None,
    )
    record("campaigns.staging_wanted", campaign, by=by, override=override_reason.strip())
    refresh_guards()
    nudge("reviews.stage", campaign.pk)


@transaction.atomic
def second_override(campaign: Campaign, *, by: User) -> None:
    """Say the second yes to staging on sources that are not fresh. Raises Denied, NotPossible."""
    if not (by.is_active and by.has_role(*SECONDS)):
        raise Denied("Only a second Campaign Administrator or Super Administrator can agree to this.")
    campaign = Campaign.objects.select_for_update(of=("self",)).get(pk=campaign.pk)
    if campaign.status != Campaign.Status.STAGING or not campaign.override_reason:
        raise NotPossible(f"{campaign} does not wait for anybody's yes.")
    if campaign.staging_wanted_by_id in twins_of(by):
        raise Denied("You asked for it yourself: another administrator has to agree.")
    if campaign.override_seconded_by_id is not None:
        return
    Campaign.objects.filter(pk=campaign.pk).update(override_seconded_by=by, due_at=now(), changed_at=now())
    record("campaigns.override_seconded", campaign, by=by, reason=campaign.override_reason)
    nudge("reviews.stage", campaign.pk)


def claim(campaign_id: str) -> Campaign | None:
    """Take a staging for this worker. None if it is over, waits, is in other hands, or has had its tries."""
    campaign = Campaign.objects.filter(status=Campaign.Status.STAGING).claim(campaign_id)
    if campaign is not None and campaign.attempts > TRIES:
        fail_back(campaign, f"{TRIES} workers began the staging and none came to its end.")
        return None
    return campaign


def carry_on(campaign: Campaign) -> None:
    """Take a claimed staging as far as it goes: to its end, or until it has to wait.

    Raises LeaseLost, and Unstageable where it comes to nothing.
    """
    if campaign.frozen_at is None:
        overridden = _may_freeze(campaign)
        if overridden is None:
            return
        freeze(campaign, overridden=overridden)
    hash_on(campaign)
    route_on(campaign)
    stage_done(campaign)


def freeze(campaign: Campaign, *, overridden: Sequence[str] = ()) -> None:
    """Take away what an earlier attempt left and write the lines anew. Raises LeaseLost, Unstageable."""
    if why := freezing.too_many(campaign):
        raise Unstageable(why)
    freezing.thaw(campaign)
    freezing.freeze(campaign, overridden=overridden)
    if not campaign.lines:
        raise Unstageable("Nothing is in scope: there is no line to review.")
    if breaks := bridge.of(campaign).breaks:
        raise Unstageable(f"The counts do not tie: {'; '.join(row.said for row in breaks)}.")


def hash_on(campaign: Campaign) -> None:
    """The digest over the frozen lines. A hash cannot be picked up half-way: killed in it, do it again."""
    if campaign.digest:
        return
    hashed = hashlib.sha256()
    with uncollected():
        for last, some in frozen.pages(campaign):
            hashed.update(some)
            campaign.renew(hashed_to=last)
    campaign.renew(digest=hashed.hexdigest())


def route_on(campaign: Campaign) -> None:
    """Ask the reviewers of every line that has none yet, page by page. Raises LeaseLost, NobodyToAsk."""
    while campaign.routed_to < campaign.lines:
        last = min(campaign.routed_to + PAGE, campaign.lines)
        page = campaign.tasks.filter(line_no__gt=campaign.routed_to, line_no__lte=last)
        with uncollected(), transaction.atomic():
            campaign.renew(attempts=0)  # we hold it: whoever lost it waits here, and then stops
            turns.enter_step(page, 1)
            campaign.renew(routed_to=last)


def stage_done(campaign: Campaign) -> None:
    """Frozen, hashed and routed: from here on it can be cancelled, never taken back. Raises LeaseLost."""
    with transaction.atomic():
        campaign.renew()
        if without := _without_reviewer(campaign):
            raise Unstageable(f"Nobody could be asked about {', '.join(without)}.")
        at = now()
        campaign.release(due_at=at, attempts=0, staging_problem="", changed_at=at)
        campaign.move(Campaign.Status.STAGED, staged_at=at)
        record(
            "campaigns.staged",
            campaign,
            by=campaign.staging_wanted_by,
            lines=campaign.lines,
            digest=campaign.digest,
            overridden=campaign.bridge["overridden"],
            override_reason=campaign.override_reason if campaign.bridge["overridden"] else "",
            seconded_by=campaign.override_seconded_by.name if campaign.override_seconded_by else "",
        )
        notices.staged(campaign)
    _settle_tables()


def put_off(campaign: Campaign, sentence: str, wait: timedelta = LOOK_AGAIN) -> None:
    """Let go until it may go on; the sentence says what for. Raises LeaseLost."""
    campaign.release(staging_problem=sentence, due_at=now() + wait, attempts=0)


def stumble(campaign: Campaign, sentence: str) -> None:
    """Let go after a passing trouble of ours; the try counts. Raises LeaseLost."""
    campaign.release(staging_problem=sentence, due_at=now() + LOOK_AGAIN)


def fail_back(campaign: Campaign, sentence: str) -> None:
    """Back to draft, with the reason; one that began by itself waits and tries again. Raises LeaseLost."""
    freezing.thaw(campaign)
    if campaign.staging_wanted_by_id is None:
        _wait_and_tell(campaign, sentence)
        return
    with transaction.atomic():
        campaign.release(staging_problem=sentence, changed_at=now())
        campaign.move(Campaign.Status.DRAFT, policy_version=None)
        record("campaigns.staging_failed", campaign, by=None, severity=ERROR, problem=sentence)
        notices.not_staged(campaign, sentence)
        refresh_guards()


def refresh_guards() -> None:
    """Let exactly the connectors be under review that a campaign rests on, from staging until it is over."""
    reviewing.rest_on(sources.rested_on())


def needs_second() -> bool:
    """Whether an override wants the yes of another: where the organisation has two who could say it. Two
    accounts of one human are one."""
    able = set(User.objects.active().holding(*SECONDS).values_list("pk", flat=True))
    _, twins = people_known(able)
    return any(not able <= set(twins[key]) for key in able)


def in_the_way(campaign: Campaign) -> Sequence[str]:
    """What would keep it from being staged in nobody's name, and no sync puts right: sentences."""
    found = [each.lasting for each in sources.of_scope(campaign.scope) if each.lasting]
    found += [said] if (said := sources.people().problem) else []
    if not found and campaign.policy is not None and (said := _first_without_reviewer(campaign)):
        found = [said]
    return found


def _must_run(campaign: Campaign, by: User | None) -> None:
    may = by is None or (by.is_active and Campaign.objects.run_by(by).filter(pk=campaign.pk).exists())
    if not may:
        raise Denied(f"Only the owners of {campaign} who are Campaign Administrators can stage it.")


def _must_be_whole(campaign: Campaign) -> Policy:
    """Answers who decides. Raises NotPossible with all that is missing."""
    said = missing(campaign)
    if said or campaign.policy is None:
        raise NotPossible(" ".join(said.values()))
    return campaign.policy


def _may_freeze(campaign: Campaign) -> Sequence[str] | None:
    """What is overridden, mostly nothing; None where it was put off. Raises Unstageable."""
    found = sources.of_scope(campaign.scope)
    waits = [_said(each) for each in found if each.is_running]
    refused: dict[str, str] = {}
    if not waits:
        for each in found:
            if (connector := _to_be_counted(campaign, each)) is None:
                continue
            try:
                run = runs.start(connector, by=None, counted=True, reason=_reason(campaign))
            except DomainError as problem:
                refused[each.name] = str(problem)
            else:
                waits.append(f"sync {run.pk} of {connector}")
    if waits:
        put_off(campaign, f"Waits for {' and '.join(waits)}.")
        return None
    _know_tables()
    if without := _first_without_reviewer(campaign):
        raise Unstageable(without)
    wrong = [f"{each.problem} {refused.get(each.name, '')}".strip() for each in found if each.problem]
    wrong += [sources.people().problem] if sources.people().problem else []
    return _overridden(campaign, wrong)


def _overridden(campaign: Campaign, wrong: Sequence[str]) -> Sequence[str] | None:
    if not wrong:
        return ()
    said = " ".join(wrong)
    if not campaign.override_reason:
        raise Unstageable(said)
    if campaign.override_seconded_by_id is None and needs_second():
        put_off(campaign, f"Waits for the yes of a second administrator. {said}")
        return None
    return wrong


def _said(source: Source) -> str:
    run = source.under_way
    return f"sync {run.pk} of {run.connector}" if run is not None else source.name


def _reason(campaign: Campaign) -> str:
    who = f", wanted by {campaign.staging_wanted_by}" if campaign.staging_wanted_by else ""
    return f"{campaign} is being staged{who}."


def _to_be_counted(campaign: Campaign, source: Source) -> Connector | None:
    """What reads it, if that helps; not again by the same staging: once is enough where somebody waits."""
    connector = source.connector
    if connector is None or source.is_good or source.under_way is not None or source.files:
        return None
    tried = connector.runs.filter(is_counted=True, created_at__gte=_since(campaign))
    return None if tried.exists() else connector


def _since(campaign: Campaign) -> datetime:
    began = campaign.staging_wanted_at or now()
    return began if campaign.staging_wanted_by_id else max(began, now() - LATER)


def _wait_and_tell(campaign: Campaign, sentence: str) -> None:
    with transaction.atomic():
        put_off(campaign, sentence, LATER)
        notices.staging_waits(campaign, sentence)


def _first_without_reviewer(campaign: Campaign) -> str:
    first = grants_in(campaign.scope).order_by("pk").values("pk")[:FIRST]
    return routes.preview(campaign, Grant.objects.filter(pk__in=first)).problem


def _without_reviewer(campaign: Campaign) -> list[str]:
    asked = Turn.objects.filter(task=OuterRef("pk"))
    lines = campaign.tasks.filter(~Exists(asked), status=ReviewTask.Status.OPEN).order_by("line_no")[:NAMED]
    return [f"{line.account_name or line.account_login}: {line.entitlement_name}" for line in lines]


def _know_tables() -> None:
    """PostgreSQL plans by what it last counted: after a first sync it takes full tables for empty ones."""
    if connection.vendor == "postgresql" and not connection.in_atomic_block:
        tables = ", ".join(table._meta.db_table for table in (Account, Entitlement, Grant))
        with connection.cursor() as cursor:
            cursor.execute(f"ANALYZE {tables}")


def _settle_tables() -> None:
    """What PostgreSQL would do by itself some time later: until then counts by index are slow."""
    if connection.vendor == "postgresql" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute(f"VACUUM (ANALYZE) {ReviewTask._meta.db_table}, {Turn._meta.db_table}")
