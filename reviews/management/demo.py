"""Reviews of the demo company: one signed off, one under way. People act by verbs; jobs do the rest, here."""

from collections.abc import Callable, Sequence
from datetime import date

from django.utils.timezone import localdate

from connectors.actions import connectors, console, rules, settings
from connectors.actions.rules import RuleFacts
from connectors.models import App, Connector, Entitlement
from connectors.queries.console import proposals
from core.actions.organisation import save as save_organisation
from core.models import Organisation, User
from core.queue import working_here
from reviews.actions import (
    campaigns,
    closing,
    correcting,
    deciding,
    marks,
    policies_built_in,
    removing,
    sampling,
    signing_off,
    staging,
    templates,
)
from reviews.actions.facts import Covered, Facts, Period
from reviews.actions.templates import Rhythm
from reviews.management.demo_files import Held, access_file, accounts_file
from reviews.models import Campaign, Mark, Removal, ReviewTask, Turn
from reviews.queries.marks import stamp_of
from reviews.routing import STANDARD

SCANNER = "Expense Scanner"
OWNER, SIGNER = "Aisha Rahman", "Helena Sorensen"
CHIEF, KEEPER = "Victoria Ashworth", "Rafael Duarte"
NEEDED = "Needed for the work they do now."
LEFT_OVER = "Kept from an earlier job; asked the person, who does not use it."
OVERRIDE = (
    "The scanner offers one export only, so nothing can be read a second way. The number of accounts was"
    " compared with the invoice of its vendor: 41."
)
TAKEN_OUT = "Taken away in the scanner's user administration."
GRAVE = (("Card administrator", "Critical"), ("Approver without limit", "High"))

type Work = Callable[[], None]


def load_reviews() -> None:
    """After the company: nobody gets a letter of it."""
    organisation = Organisation.current()
    save_organisation(organisation, drops_letters=True)
    with working_here() as work:
        _Finished(work).tell()
        _Running(work).tell()
    save_organisation(organisation, drops_letters=False)


class _Story:
    """Somebody does something, and workers do what follows."""

    def __init__(self, work: Work) -> None:
        self._work = work
        self._people = {person.name: person for person in User.objects.all()}

    def _draft(self, facts: Facts, policy: str, covered: Covered, period: Period) -> Campaign:
        owner = self._people[OWNER]
        chosen = next(each for each in policies_built_in.ensure() if each.built_in == policy)
        campaign = campaigns.create(facts, [owner], policy=chosen, by=owner)
        campaigns.change(campaign, facts, period, seen=campaign.changed_at, by=owner)
        campaign.refresh_from_db()
        campaigns.change_scope(campaign, covered, seen=campaign.changed_at, by=owner)
        campaigns.instruct(campaign, "Keep what people need for their work now, and no more.", by=owner)
        campaign.refresh_from_db()
        return campaign

    def _start(self, campaign: Campaign, *, override: str = "") -> None:
        staging.want(campaign, by=self._people[OWNER], override_reason=override)
        self._work()
        campaign.refresh_from_db()
        if campaign.status != Campaign.Status.STAGED:
            raise RuntimeError(f"{campaign} was not staged: {campaign.staging_problem}")
        campaigns.start(campaign, writes=True, by=self._people[OWNER])
        self._work()
        campaign.refresh_from_db()

    def _mark(self, campaign: Campaign, by: User, lines: Sequence[int], *, deny: bool = False) -> None:
        outcome = Mark.Outcome.DENY if deny else Mark.Outcome.CERTIFY
        marks.come_in(campaign, by=by)
        marks.mark(campaign, lines, outcome, by=by, reason=LEFT_OVER if deny else NEEDED)

    def _submit(self, campaign: Campaign, by: User) -> None:
        found = Mark.objects.filter(campaign=campaign, person=by).exclude(outcome=Mark.Outcome.NONE)
        certified = found.filter(outcome=Mark.Outcome.CERTIFY).count()
        stamp = stamp_of(certified, found.count() - certified, found.latest("at").at)
        deciding.submit(campaign, by, marks_seen=stamp)
        self._work()

    def _asked(self, campaign: Campaign, by: User) -> list[int]:
        rows = Turn.objects.open().filter(campaign=campaign, reviewer=by).order_by("line_no")
        return list(rows.values_list("line_no", flat=True))


class _Finished(_Story):
    """Who administers Reeve: one role is taken away and proven gone, the evidence is made."""

    def tell(self) -> None:
        chief, keeper = self._people[CHIEF], self._people[KEEPER]
        agreed = [each.entitlement for each in proposals()]
        reeve = console.add(risks=agreed, owners=[chief, keeper], by=keeper)
        self._work()
        period = _quarter(-1)
        facts = Facts(
            f"Who administers Reeve, {_spoken(period)}",
            control_id="REEVE-01",
            narrative="Nobody administers this console who does not need to for their work.",
            control_owner=self._people[SIGNER],
        )
        here = Entitlement.objects.here().filter(app=reeve.app_id).exclude(external_id="role:basic:member")
        chosen = here.filter(kind__in=("role", "group")).order_by("external_id").values_list("pk", flat=True)
        covered = Covered(apps=[reeve.app_id], entitlements=list(chosen))
        campaign = self._draft(facts, "app_owner", covered, period)
        self._start(campaign)
        self._decide(campaign, chief, keeper)
        self._remove(campaign, chief)
        self._end(campaign)

    def _decide(self, campaign: Campaign, chief: User, keeper: User) -> None:
        """One looks at the groups, the other at all that is left; two lines are denied, one is left open."""
        groups = campaign.tasks.filter(kind="group").values_list("line_no", flat=True)
        mine = [line for line in self._asked(campaign, keeper) if line in set(groups)]
        out = self._line(campaign, "Sofia Marchetti", "Spend approvers")
        # Not one of the signer's: nobody signs off an exception about their own access.
        left = campaign.tasks.filter(line_no__in=mine).exclude(person=self._people[SIGNER]).exclude(pk=out.pk)
        left_open = left.order_by("line_no").values_list("line_no", flat=True)[0]
        self._mark(campaign, keeper, [line for line in mine if line not in (out.line_no, left_open)])
        self._mark(campaign, keeper, [out.line_no], deny=True)
        self._submit(campaign, keeper)
        role = self._line(campaign, "Tomas Novak", "Application Administrator")
        roles = set(campaign.tasks.filter(kind="role").values_list("line_no", flat=True)) - {role.line_no}
        self._mark(campaign, chief, [line for line in self._asked(campaign, chief) if line in roles])
        self._mark(campaign, chief, [role.line_no], deny=True)
        self._submit(campaign, chief)

    def _line(self, campaign: Campaign, person: str, entitlement: str) -> ReviewTask:
        return campaign.tasks.get(person_name=person, entitlement_name=entitlement)

    def _remove(self, campaign: Campaign, chief: User) -> None:
        out = Removal.objects.get(campaign=campaign, task__kind="group")
        removing.except_(
            [out], by=self._people[OWNER], reason="Stays until her deputy is named, on 15 January."
        )
        removing.confirm(list(Removal.objects.filter(campaign=campaign, task__kind="role")), by=chief)
        self._work()

    def _end(self, campaign: Campaign) -> None:
        closing.close(campaign, by=self._people[OWNER], at_end=Campaign.Silence.EXCEPTION)
        self._work()
        signer = self._people[SIGNER]
        for sampled in campaign.sample.select_related("task", "campaign"):
            sampling.look(sampled, by=signer, agrees=True)
        campaign.refresh_from_db()
        signing_off.sign_off(campaign, by=signer, agreed=list(signing_off.STATEMENTS))
        self._work()


class _Running(_Story):
    """The Expense Scanner, from files: some reviewers are done, some are not, removals stand everywhere."""

    def tell(self) -> None:
        keeper = self._people[KEEPER]
        scanner = App.objects.get(name=SCANNER)
        connector = connectors.create("file", connectors.AppChoice(app=scanner), by=keeper)
        self._hand_in(connector)
        for name, risk in GRAVE:
            rule = rules.add(scanner, RuleFacts(name, "role", name, risk, []), by=keeper)
            rules.switch_on(rule, by=keeper, expected=1)
        period = _quarter(0)
        facts = Facts(
            f"{SCANNER} access, {_spoken(period)}",
            description="Who may file, approve and pay expenses.",
            control_id="P2P-11",
            narrative="Access to expenses is confirmed every quarter by whoever the person works for.",
            control_owner=self._people[SIGNER],
        )
        campaign = self._draft(facts, STANDARD, Covered(apps=[scanner.pk]), period)
        templates.create(
            campaign, f"{SCANNER} access", Rhythm(templates.first_draft_day()), by=self._people[OWNER]
        )
        self._start(campaign, override=OVERRIDE)
        denied = self._decide(campaign)
        self._remove(campaign, connector, denied)

    def _hand_in(self, connector: Connector, *, without: Sequence[Held] = ()) -> None:
        """The files as they are exported by now; `without` what was taken away there."""
        people = self._staff()
        files = {
            "accounts": settings.Upload("accounts.csv", accounts_file(people)),
            "access": settings.Upload("access.csv", access_file(people, without=without)),
        }
        settings.save(connector, by=self._people[KEEPER], typed={"system": SCANNER}, files=files)
        self._work()

    def _staff(self) -> list[User]:
        rows = User.objects.exclude(managers=None).order_by("employee_id")
        return list(rows.exclude(name__in=(OWNER, SIGNER))[:40])

    def _decide(self, campaign: Campaign) -> list[ReviewTask]:
        """Of those who are asked most the first denies seven and submits, the second submits half and leaves
        some marked, the third has only begun."""
        asked = Turn.objects.open().filter(campaign=campaign).order_by("line_no")
        numbers: dict[str, int] = {}
        for name in asked.values_list("reviewer__name", flat=True):
            numbers[name] = numbers.get(name, 0) + 1
        first, second, third, *_ = [
            self._people[name] for name in sorted(numbers, key=lambda each: (-numbers[each], each))
        ]
        lines = self._asked(campaign, first)
        denied = lines[1::2][:7]
        others = [line for line in lines if line not in denied]
        self._mark(campaign, first, others)
        self._mark(campaign, first, denied, deny=True)
        self._submit(campaign, first)
        lines = self._asked(campaign, second)
        half = len(lines) // 2
        self._mark(campaign, second, lines[:half])
        self._submit(campaign, second)
        self._mark(campaign, second, self._asked(campaign, second)[: half // 2])
        self._mark(campaign, third, self._asked(campaign, third)[:2])
        return list(campaign.tasks.filter(line_no__in=denied).order_by("line_no"))

    def _remove(self, campaign: Campaign, connector: Connector, denied: Sequence[ReviewTask]) -> None:
        """Waiting, by hand, done, proven, came back, an exception, no longer wanted: one of each."""
        keeper, owner = self._people[KEEPER], self._people[OWNER]
        removals = {each.task_id: each for each in Removal.objects.filter(campaign=campaign)}
        _, by_hand, done, proven, back, excepted, kept = (removals[task.pk] for task in denied)
        removing.confirm([by_hand, done, proven, back, excepted], by=keeper)
        self._work()
        correcting.correct(kept.task, by=owner, outcome=ReviewTask.Status.CERTIFIED, reason="A wrong click.")
        for each in (proven, back):
            removing.done_by_hand(self._now(each), by=keeper, how=TAKEN_OUT)
        self._work()
        gone = [_held(each.task) for each in (proven, back)]
        self._hand_in(connector, without=gone)
        self._hand_in(connector, without=gone[:1])
        removing.except_(
            [self._now(excepted)], by=owner, reason="Stays until the year is closed, 31 January."
        )
        removing.done_by_hand(self._now(done), by=keeper, how=TAKEN_OUT)
        self._work()

    def _now(self, removal: Removal) -> Removal:
        return Removal.objects.select_related("campaign", "task", "order").get(pk=removal.pk)


def _held(task: ReviewTask) -> Held:
    return task.account_id_there, task.kind.capitalize(), task.resource_name


def _quarter(which: int) -> Period:
    """This one, or as many before it."""
    today = localdate(timezone=Organisation.current().zone)
    number = today.year * 4 + (today.month - 1) // 3 + which
    first, following = (date(each // 4, each % 4 * 3 + 1, 1) for each in (number, number + 1))
    return Period(first, date.fromordinal(following.toordinal() - 1))


def _spoken(period: Period) -> str:
    if period.first is None:
        raise ValueError("A quarter has a first day.")
    return f"Q{period.first.month // 3 + 1} {period.first.year}"
