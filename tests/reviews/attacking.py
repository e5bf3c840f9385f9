"""Somebody who tries every address with whatever could help them to decide on their own access.

Everybody in `Attacked.people` holds access under review, in campaigns of every state, and is asked about
somebody else's; some are wrongly asked about their own, as where an account was matched to them too late.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.utils.timezone import localdate, now

from connectors.models import Account, App, Grant
from core.models import Delegation, Reporting, Role, User
from reviews.actions import removals
from reviews.actions.signing_off import STATEMENTS
from reviews.models import Campaign, Decision, Removal, ReviewTask, SampledLine, Turn
from reviews.queries.desk import bar
from tests.make import make_account, make_connected, make_entitlement, make_grant, make_user
from tests.permissions.asking import Request
from tests.reviews.making import make_running, make_turn
from tests.reviews.showing import shown_to

REASON = "It is needed, says who holds it"
OPEN, DENIED, CERTIFIED, SECOND = range(4)
"""What each person holds, by how its line stands; the last: of an account that nobody was matched to."""
STATES: Mapping[str, Mapping[str, Any]] = {
    "Running": {},
    "Staged": {"status": "staged", "started_at": None},
    "Remediation": {"status": "remediation", "closed_at": now()},
    "Signed off": {"status": "signed_off", "closed_at": now(), "signed_off_at": now()},
    "Cancelled": {"status": "cancelled", "cancelled_at": now()},
}
ALIVE = ("Running", "Staged", "Remediation")
"""In which something can still be done."""


@dataclass(frozen=True)
class Attacked:
    """An app, who holds access in it, and campaigns over all of it."""

    app: App
    people: Mapping[str, User]
    campaigns: Mapping[str, Campaign]

    def own(self, person: User) -> frozenset[int]:
        """The lines about this person's own access, by key."""
        email = ReviewTask.objects.filter(account_email=person.email)
        rows = ReviewTask.objects.filter(person=person) | ReviewTask.objects.filter(account__person=person)
        return frozenset((rows | email).values_list("pk", flat=True))


@dataclass(frozen=True, slots=True)
class Attempt:
    """An address by its name, what stands in it, and what is sent there."""

    name: str
    args: Sequence[object]
    typed: Mapping[str, Any]


def laid_out(everyone: Mapping[str, User | None]) -> Attacked:
    people = {who: person for who, person in everyone.items() if person is not None}
    people["reviewer"] = make_user("Mia Torres", Role.BASIC)
    people["control_owner"] = make_user("Tom Reed", Role.BASIC)
    people["runs_it"] = make_user("Olga Berg", Role.CAMPAIGN, Role.BASIC)
    people["delegate"] = make_user("Dan Dunn", Role.BASIC)
    people["subordinate"] = make_user("Sue Lind", Role.BASIC)
    victim = make_user("Victor Holm", Role.BASIC)
    connector = make_connected(
        name="Attacked", settings={"domain": "x", "client_id": "y", "mode": "read-write"}
    )
    connector.app.ownerships.create(user=people["app_owner"])
    _related(people, victim)
    held = {who: _held(connector.app, person) for who, person in people.items()}
    of_victim = _held(connector.app, victim)[:2]
    campaigns = {name: _campaign(name, held, people, of_victim, fields) for name, fields in STATES.items()}
    return Attacked(connector.app, people, campaigns)


def _related(people: Mapping[str, User], victim: User) -> None:
    reviewer, day = people["reviewer"], timedelta(days=1)
    for person in (*people.values(), victim):
        if person not in (reviewer, people["subordinate"]):
            Reporting.objects.create(person=person, manager=reviewer)
    Reporting.objects.create(person=people["subordinate"], manager=victim)
    Delegation.objects.create(
        person=reviewer, delegate=people["delegate"], starts_at=now() - day, ends_at=now() + day
    )


def _held(app: App, person: User) -> list[Grant]:
    """Three of the account that is theirs, one of an account that goes by their e-mail and is nobody's."""
    account = make_account(app, person.name, person=person, email=person.email)
    second = make_account(app, f"{person.name} (admin)", email=person.email)
    return [
        make_grant(each, make_entitlement(app, f"Role {number} of {person.name}"))
        for number, each in enumerate((account, account, account, second))
    ]


def _campaign(
    name: str,
    held: Mapping[str, Sequence[Grant]],
    people: Mapping[str, User],
    of_victim: Sequence[Grant],
    fields: Mapping[str, Any],
) -> Campaign:
    """Each person's four lines, asked of the reviewer; the victim's, which everybody is asked about."""
    grants = [grant for of_one in held.values() for grant in of_one]
    campaign = make_running(
        [*grants, *of_victim],
        people["reviewer"],
        people["runs_it"],
        name=name,
        control_owner=people["control_owner"],
        **fields,
    )
    lines = {line.grant: line for line in campaign.tasks.all()}
    for who, (opened, denied, certified, _) in held.items():
        for grant, outcome in ((denied, "denied"), (certified, "certified")):
            _decided(lines[grant.pk], outcome, people["reviewer"])
        for grant in (opened, *of_victim) if who != "reviewer" else ():
            make_turn(lines[grant.pk], people[who])
    removals.open_for(list(campaign.tasks.filter(status="denied")), None)
    if name == "Remediation":
        campaign.tasks.filter(status="open").update(status="excepted", status_reason="Nobody decided.")
        sampled = campaign.tasks.filter(status="certified")
        SampledLine.objects.bulk_create(
            SampledLine(campaign=campaign, task=line, line_no=line.line_no) for line in sampled
        )
    return campaign


def _decided(line: ReviewTask, outcome: str, by: User) -> None:
    turn = line.turns.get()
    Decision.objects.create(
        task=line, campaign=line.campaign, turn=turn, outcome=outcome, by=by, reason=REASON
    )
    line.turns.update(status="decided", ended_at=now())
    ReviewTask.objects.filter(pk=line.pk).update(status=outcome, settled_at=now())


def attempts(world: Attacked, person: User) -> Iterator[Attempt]:
    """All that could help, made as one goes: what is sent fits what came before. The worst comes last."""
    yield from _elsewhere(world, person)
    own = world.own(person)
    for name, campaign in world.campaigns.items():
        lines = list(campaign.tasks.filter(pk__in=own).order_by("line_no"))
        if name == "Running":
            yield from _at_the_desk(campaign, person, lines)
        yield from everything(campaign, person)
        yield from _as_who_runs_it(campaign, person, lines)
        yield from _removing(campaign, own)
    for campaign in world.campaigns.values():
        yield from _ended(campaign)


def everything(campaign: Campaign, person: User) -> Iterator[Attempt]:
    """Every line of it is marked, given to oneself, and submitted."""
    every = list(campaign.tasks.order_by("line_no").values_list("line_no", flat=True))
    given = {"line": every, "people": [person.pk], "reason": REASON}
    yield Attempt("reviews:give", [campaign.pk], given)
    marked = {"selected": "certify", "line": every, "bulk_reason": REASON}
    yield Attempt("reviews:mark", [campaign.pk], {"shown": shown_to(person, campaign), **marked})
    yield from _submitted(campaign, person)


def _elsewhere(world: Attacked, person: User) -> Iterator[Attempt]:
    """Not at a campaign: to stand in for the reviewer, and to have one's own access taken away."""
    app, accounts = world.app, Account.objects.filter(app=world.app, person=person)
    days = {"first": localdate(), "last": localdate() + timedelta(days=3)}
    for one, two in (("reviewer", person), ("victim", person)):
        whom = world.people.get(one, person)
        yield Attempt("core:delegate", [whom.pk], {"delegate": two.pk, **days})
    for grant in Grant.objects.filter(account__in=accounts)[:1]:
        asked = {"account": [grant.account_id], "entitlement": [grant.entitlement_id], "number": "1"}
        yield Attempt("connectors:ask_removal", [app.pk], {**asked, "reason": REASON})


def _at_the_desk(campaign: Campaign, person: User, own: Sequence[ReviewTask]) -> Iterator[Attempt]:
    """Every button of the desk, for one's own lines; then it is submitted."""
    key, numbers = campaign.pk, [line.line_no for line in own]
    reasons = {f"reason-{number}": REASON for number in numbers}
    sent: list[Mapping[str, Any]] = [{"came": "1"}, {"open": numbers[OPEN]}]
    for outcome in ("certify", "deny"):
        sent += [{outcome: number, **reasons} for number in (numbers[OPEN], numbers[SECOND])]
        sent += [{"selected": outcome, "line": numbers, "bulk_reason": REASON}]
        sent += [{"group": f"{outcome} {freshness}"} for freshness in (0, 1)]
    sent += [{"say": "all", **reasons}, {"quick": f"{numbers[OPEN]} Never needed"}]
    for typed in sent:
        yield Attempt("reviews:mark", [key], {"shown": shown_to(person, campaign), **typed})
    yield from _submitted(campaign, person)
    yield Attempt("reviews:give", [key], {"line": numbers, "people": [person.pk], "reason": REASON})
    yield Attempt("reviews:comment", [key, numbers[OPEN]], {"text": REASON})


def _submitted(campaign: Campaign, person: User) -> Iterator[Attempt]:
    for seen in (bar(campaign, person).stamp, "0-0-none"):
        yield Attempt("reviews:submit", [campaign.pk], {"seen": seen})


def _as_who_runs_it(campaign: Campaign, person: User, own: Sequence[ReviewTask]) -> Iterator[Attempt]:
    key = campaign.pk
    for place, outcome in ((DENIED, "certified"), (CERTIFIED, "denied")):
        line_no = own[place].line_no
        yield Attempt("reviews:correct", [key, line_no], {"outcome": outcome, "reason": REASON})
        yield Attempt("reviews:look_again", [key, line_no], {"agrees": "yes"})
    for place in (OPEN, SECOND):
        yield Attempt("reviews:reassign_line", [key, own[place].line_no], {"to": person.pk, "reason": REASON})
    turn = Turn.objects.open().filter(campaign=campaign, task=own[OPEN]).order_by("pk").first()
    if turn is not None:
        sent = {"to": person.pk, "reason": REASON}
        yield Attempt("reviews:reassign_reviewer", [key, turn.reviewer_id], sent)
    yield Attempt("reviews:control_owner", [key], {"to": person.pk, "reason": REASON})


def _removing(campaign: Campaign, own: frozenset[int]) -> Iterator[Attempt]:
    """One's own removals, of whatever campaign, at the address of this one and at their own."""
    kept = Removal.objects.filter(task__in=own)
    keys = list(kept.order_by("pk").values_list("key", flat=True))
    for do in ("confirm", "except", "open"):
        yield Attempt("reviews:removals", [campaign.pk], {"do": do, "removal": keys, "reason": REASON})
    if campaign.name not in ALIVE:
        return
    yield Attempt("reviews:removals", [campaign.pk], {"all": "1"})
    yield Attempt("reviews:my_removals", [], {"do": "confirm", "removal": keys})
    looked = {"used": "no", "cause": REASON, "deficiency": "no"}
    for key in kept.filter(campaign=campaign).values_list("key", flat=True):
        for do in ("confirm", "by_hand", "again", "except", "look_back"):
            yield Attempt("reviews:removal", [key], {"do": do, "how": REASON, "reason": REASON, **looked})


def _ended(campaign: Campaign) -> Iterator[Attempt]:
    key = campaign.pk
    yield Attempt("reviews:sign_off", [key], {"agreed": list(STATEMENTS)})
    for name in (
        ("start_campaign", "stage", "second_override", "draft_scope") if campaign.name in ALIVE else ()
    ):
        yield Attempt(f"reviews:{name}", [key], {"what": "kinds", "reason": REASON})
    if campaign.name == "Running":
        for at_end, typed in (("remove", ""), ("remove", "DENY"), ("exception", "")):
            sent = {"at_end": at_end, "typed": typed, "seen": campaign.tasks.open().count()}
            yield Attempt("reviews:close_campaign", [key], sent)
    for name in ("discard_draft", "cancel_campaign"):
        yield Attempt(f"reviews:{name}", [key], {"reason": REASON})


def plausible(name: str, requests: Mapping[str, Request]) -> Attempt:
    """What whoever has the right would send there, with more that might be looked for."""
    found = requests.get(name, Request())
    forged = {"do": "confirm", "reason": REASON, "all": "1"}
    return Attempt(name, found.args, {**forged, **found.typed})
