"""Letters about single events: to owners of campaigns, to owners of apps, to the control owner.

Each is posted in the transaction of what it tells, or by a sweeper that asks again; its key makes it one
letter.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.timezone import now

from core.mailbox import Draft, post_many
from core.models import OutgoingMail, Role, User
from reviews.actions.sampling import still_to_look_at
from reviews.models import Campaign, Comment, Removal, ReviewTask, Template, Turn
from reviews.queries import confirming, trouble
from reviews.queries.due import Today
from reviews.queries.graves import grave_in
from reviews.queries.letters import last_day, owners_of
from reviews.queries.told import plural

SIGNABLE = (Campaign.Status.CLOSED, Campaign.Status.REMEDIATION)
SIGN_OFF = "sign_off_wanted"
AHEAD = "staging_ahead"


def staged(campaign: Campaign) -> None:
    """It stands ready. Where its time to start has come already, the start tells its owners."""
    starts_at = campaign.starts_at if campaign.starts_by_itself else None
    if starts_at is not None and starts_at <= now():
        return
    starts = starts_at.astimezone(Today.now().zone) if starts_at else None
    _to_owners("campaign_staged", campaign, f"{campaign.staged_at}", starts=starts, **_size(campaign))


def not_staged(campaign: Campaign, sentence: str) -> None:
    """A staging came to nothing: whoever wanted it may have left the page long ago."""
    key = f"{campaign.staging_wanted_at}"
    _to_owners("staging_failed", campaign, key, sentence=sentence)


def staging_waits(campaign: Campaign, sentence: str) -> None:
    """It was to be staged by itself, so nobody looks: they are written to once a day."""
    _to_who_can_act("staging_waits", campaign, campaign=campaign, sentence=sentence)


def will_wait(campaign: Campaign, sentence: str) -> None:
    """It is to begin by itself soon, and could not: they hear of it before its time, once a day."""
    starts = campaign.starts_at.astimezone(Today.now().zone) if campaign.starts_at else None
    _to_who_can_act(AHEAD, campaign, campaign=campaign, sentence=sentence, starts=starts)


def not_drafted(template: Template, sentence: str) -> None:
    """A template could not make its draft by itself, which nobody sees: they are written to once a day."""
    _to_who_can_act("draft_waits", template, template=template, sentence=sentence)


def started_by_itself(campaign: Campaign) -> None:
    until = last_day(campaign, Today.now())
    _to_owners("campaign_started", campaign, "", until=until, **_size(campaign))


def ended(campaign: Campaign, counts: Mapping[str, int]) -> None:
    """`counts`: settled lines by status."""
    open_removals = Removal.objects.open().filter(campaign=campaign).count()
    who = campaign.closing_wanted_by
    told = {
        "lines": plural(campaign.lines, "line"),
        "removals": plural(open_removals, "removal") if open_removals else "",
        "are": "is" if open_removals == 1 else "are",
        "by_whom": f"{who} ended it." if who else "It ended by itself, as its settings say.",
        **{status: f"{number:,}" for status, number in counts.items()},
        "excepted": plural(counts.get("excepted", 0), "exception"),
    }
    _to_owners("campaign_ended", campaign, "", **told)


def drafted(campaign: Campaign, *, is_last: bool) -> None:
    """A template made a draft by itself, which needs somebody. `is_last`: its schedule ends with it."""
    today = Today.now()
    starts = campaign.starts_at.astimezone(today.zone) if campaign.starts_at else None
    told = {"template": campaign.template, "starts": starts, "is_last": is_last}
    _to_owners("campaign_drafted", campaign, "", **told)


def control_owner_named(campaign: Campaign, *, by: User | None) -> None:
    """Whoever signs it off hears of it when they are named, unless they named themselves. Part of the verb's
    transaction."""
    owner = campaign.control_owner
    if owner is None or not owner.is_active or owner == by:
        return
    first = next(iter(owners_of([campaign.pk]).get(campaign.pk, ())), None)
    told = {"campaign": campaign, "by": by, "state": _state(campaign)}
    answers_go_to = by or (first if first != owner else None)
    key = f"{campaign.pk}:{campaign.changed_at.isoformat()}"
    post_many([Draft("control_owner_named", owner, key, answers_go_to, told)])


def report_ready(
    campaign: Campaign,
    *,
    path: str,
    files: Sequence[tuple[str, str]],
    key: str,
    by: User | None,
    failed: Sequence[tuple[str, str]] = (),
) -> None:
    """Evidence was made, at this address: each file with its SHA-256, so that the letter can prove it later;
    and what could not be made, with the reason.

    To the owners, and to who asked for it. Part of the verb's transaction.
    """
    people = {each.pk: each for each in owners_of([campaign.pk]).get(campaign.pk, ())}
    if by is not None and by.is_active:
        people[by.pk] = by
    is_final = campaign.status == Campaign.Status.SIGNED_OFF
    told = {"campaign": campaign, "path": path, "files": files, "failed": failed, "is_final": is_final}
    post_many(Draft("report_ready", each, f"{campaign.pk}:{key}", None, told) for each in people.values())


def commented(campaign: Campaign, tasks: Sequence[ReviewTask], *, by: User) -> None:
    """Whoever takes part in the talk about these lines hears of it, by one letter a day and campaign.

    Part of the verb's transaction.
    """
    owners = owners_of([campaign.pk]).get(campaign.pk, ())
    lines: dict[str, int] = {}
    for person, line_no in _talking(tasks):
        lines[person] = min(line_no, lines.get(person, line_no))
    if by not in owners:
        lines = dict.fromkeys((each.pk for each in owners), tasks[0].line_no) | lines
    people = User.objects.active().filter(pk__in=lines).exclude(pk=by.pk)
    key = f"{campaign.pk}:{Today.now().day}"
    sees_campaign = {each.pk for each in owners}
    drafts = []
    for each in people:
        name = "reviews:campaign_line" if each.pk in sees_campaign else "reviews:line"
        line = lines[each.pk]
        told = {"campaign": campaign, "by": by, "line": line, "path": reverse(name, args=[campaign.pk, line])}
        drafts.append(Draft("line_commented", each, key, by, told))
    post_many(drafts)


def _talking(tasks: Sequence[ReviewTask]) -> Iterable[tuple[str, int]]:
    """Who is or was asked about these lines, and who said something about one, each with its number."""
    numbers = {each.pk: each.line_no for each in tasks}
    asked = Turn.objects.filter(task__in=tasks, status__in=(Turn.Status.OPEN, Turn.Status.DECIDED))
    said = Comment.objects.filter(task__in=tasks)
    pairs = (*asked.values_list("reviewer", "task"), *said.values_list("by", "task"))
    return ((str(person), numbers[task]) for person, task in pairs)


@transaction.atomic
def ask_for_sign_offs() -> int:
    """Once a campaign its control owner hears that nothing is left but to sign. Answers how many."""
    waits = Removal.objects.open().filter(campaign=OuterRef("pk"))
    rows = Campaign.objects.filter(~Exists(waits), status__in=SIGNABLE, control_owner__status="active")
    drafts = []
    for campaign in rows.exclude(pk__in=_not_looked_back()).select_related("control_owner").order_by("pk"):
        owner = campaign.control_owner
        if owner is None or _has_letter(SIGN_OFF, campaign, owner):
            continue
        left = still_to_look_at(campaign)
        told = {"campaign": campaign, "sample": plural(left, "line") if left else ""}
        first = next(iter(owners_of([campaign.pk]).get(campaign.pk, ())), None)
        drafts.append(Draft(SIGN_OFF, owner, campaign.pk, first if first != owner else None, told))
    return len(post_many(drafts))


@transaction.atomic
def tell_of_trouble() -> int:
    """Owners of campaigns and apps hear of removals that are late, or that the app refused."""
    today = Today.now()
    drafts = []
    for each in trouble.to_tell(today):
        campaigns = {campaign for campaign, _ in (*each.late, *each.refused)}
        owned = Campaign.objects.filter(pk__in=campaigns, owners=each.person).values_list("pk", flat=True)
        first = owned.first()
        path = reverse("reviews:removals", args=[first]) if first else reverse("reviews:my_removals")
        told = {"trouble": each, "path": path}
        drafts.append(Draft(trouble.LETTER, each.person, today.day.isoformat(), None, told))
    return len(post_many(drafts))


@transaction.atomic
def ask_for_confirmations() -> int:
    """Owners of apps hear what waits for them, at most once a day and not again without need."""
    today = Today.now()
    drafts = []
    for each in confirming.to_tell(today):
        told = {
            "number": each.number,
            "rows": each.rows,
            "by_hand": each.by_hand,
            "until": each.until,
            "apps": ", ".join(each.apps),
        }
        drafts.append(Draft(confirming.LETTER, each.person, today.day.isoformat(), None, told))
    return len(post_many(drafts))


def _to_owners(letter: str, campaign: Campaign, key: str, **told: Any) -> None:
    owners: Iterable[User] = owners_of([campaign.pk]).get(campaign.pk, ())
    context = {"campaign": campaign, **told}
    post_many(Draft(letter, each, f"{campaign.pk}:{key}", None, context) for each in owners)


def _to_who_can_act(letter: str, of: Campaign | Template, **told: Any) -> None:
    """To those of its owners who can still run it, else to Super Administrators; once a day."""
    active, owners = User.objects.active(), of.owners.values("pk")
    able = list(active.holding(Role.CAMPAIGN, Role.SUPER).filter(pk__in=owners))
    people = able or list(active.holding(Role.SUPER))
    context = {**told, "owns": bool(able)}
    key = f"{of.pk}:{Today.now().day.isoformat()}"
    post_many(Draft(letter, each, key, None, context) for each in people)


def _state(campaign: Campaign) -> str:
    """How far it is, for somebody who hears of it for the first time."""
    if campaign.is_draft:
        return "It is drafted, and nobody is asked yet."
    if campaign.started_at is None:
        return "It is staged, and nobody is asked yet."
    if campaign.status == Campaign.Status.RUNNING and (until := last_day(campaign, Today.now())):
        return f"Its reviewers decide until {until:%A} {until.day} {until:%B %Y}."
    return f"It is {campaign.get_status_display().lower()} now."


def _size(campaign: Campaign) -> dict[str, str]:
    reviewers = campaign.progress.filter(open__gt=0).count()
    return {"lines": plural(campaign.lines, "line"), "reviewers": plural(reviewers, "reviewer")}


def _not_looked_back() -> Sequence[str]:
    """Campaigns with a denied line of a grave risk that nobody has looked back at."""
    over = (Removal.Status.DROPPED, Removal.Status.CAME_BACK)
    rows = Removal.objects.filter(lookback={}).exclude(status__in=over)
    signable = Campaign.objects.filter(status__in=SIGNABLE).order_by("pk")
    return [
        each.pk for each in signable if rows.filter(campaign=each, task__risk__in=grave_in(each)).exists()
    ]


def _has_letter(letter: str, campaign: Campaign, person: User) -> bool:
    return OutgoingMail.objects.filter(
        letter=letter, recipient=person, key__startswith=f"{letter}:{campaign.pk}:"
    ).exists()
