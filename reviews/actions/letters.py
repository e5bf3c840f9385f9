"""Letters about reviews: at most one a person a day over all campaigns, and none to who has nothing to do.

News (a campaign began or ended, lines came to somebody) stands in `Progress.untold` until a letter brought
it, so a worker may be killed anywhere: who got their letter is not written to again, and who did not is.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from django.db import transaction

from core.errors import NotPossible
from core.mailbox import Draft, post_many
from core.models import User
from core.queue import nudge
from core.trail import record
from reviews.actions.rights import must_run
from reviews.models import Campaign, Progress, Reminder
from reviews.queries import letters as queries
from reviews.queries.due import Stage, Today
from reviews.queries.letters import Occasion, in_pages
from reviews.queries.told import Told

PAGE = 500
"""People written to in one transaction."""
LONGEST = 2_000
"""Letters of what an owner adds to a reminder."""
CANNED: Mapping[str, str] = {
    "Decide soon": "Please decide your open lines soon, so that the review can end in time.",
    "Auditors look": "Our auditors look at this review. Every line needs a decision by the last day.",
    "Submit, too": "Please also submit what you have decided: only what is submitted counts.",
    "Give to others": "If a line is not yours to decide, give it to whoever knows.",
}
"""Phrases that one click puts into it, by what the button says."""
NO_OCCASION = Occasion()


@dataclass(frozen=True, slots=True)
class Reminded:
    """What became of a reminder by hand."""

    letters: int
    already: int
    """Had a letter about reviews today: nobody gets two."""

    @property
    def sentence(self) -> str:
        people = "1 person is" if self.letters == 1 else f"{self.letters:,} people are"
        if not self.already:
            return f"{people} written to."
        had = "1 had" if self.already == 1 else f"{self.already:,} had"
        return f"{people} written to. {had} a letter about reviews today, and nobody gets two."


def has_news(campaign: Campaign) -> None:
    """Everybody asked is to hear that it began, or ended. Part of the verb's transaction."""
    rows = Progress.objects.filter(campaign=campaign)
    rows = rows.filter(open__gt=0) if campaign.status == Campaign.Status.RUNNING else rows.filter(asked__gt=0)
    rows.update(untold=True)
    nudge("reviews.tell", campaign.pk)


def tell(campaign_id: str) -> int:
    """Bring the news of this campaign to those who had no letter today; the others hear next working day.

    Page by page, each by itself. Answers how many letters were written.
    """
    keys = queries.untold().filter(campaign=campaign_id).values_list("reviewer", flat=True)
    return sum(write(page, NO_OCCASION) for page in in_pages(set(keys), PAGE))


def remind() -> int:
    """Write the letters of this day, from nine on a working day; who has theirs already is left alone."""
    today = Today.now()
    if not today.is_open:
        return 0
    found = queries.stages(today)
    near = [key for key, here in found.items() if here.is_for_owners]
    late = [key for key, here in found.items() if here == Stage.LATE_2]
    keys = set(queries.untold().values_list("reviewer", flat=True))
    keys |= queries.reviewers_to_remind(found) | queries.managers_behind(late)
    keys |= {owner.pk for owners in queries.owners_of(near).values() for owner in owners}
    keys -= queries.written_today(today)
    if not keys:
        return 0
    occasion = Occasion(managers_of=late, owned=queries.owned(near, today))
    return sum(write(page, occasion) for page in in_pages(keys, PAGE))


@transaction.atomic
def remind_now(
    campaign: Campaign, reviewers: Collection[str] | None, *, text: str, copies: bool, by: User
) -> Reminded:
    """Have these reviewers with open lines written to, or all of them, in the words of who asks for it.

    `copies`: their managers get a letter, too. Raises Denied, and NotPossible where nobody is written to.
    """
    must_run(campaign, by)
    text = _fit(text)
    keys = _with_open_lines(campaign, reviewers)
    managers = queries.managers_behind([campaign.pk], keys) if copies else set()
    people = keys | managers
    left = sorted(people - queries.written_today(Today.now()))
    if not left:
        raise NotPossible(
            "They had a letter about reviews today, and nobody gets two on one day. Try tomorrow."
        )
    rows = {"campaign": campaign, "by": by, "text": text, "copies": copies}
    reminder = Reminder.objects.create(**rows, reviewers=sorted(keys), left=left)
    record(
        "reviews.reminded",
        campaign,
        by=by,
        reviewers=len(keys),
        letters=len(left),
        copies_to_managers=len(managers),
        text=text,
    )
    nudge("reviews.write_reminder", reminder.pk)
    return Reminded(len(left), len(people) - len(left))


def write_reminder(reminder_id: int) -> None:
    """Write the letters of a reminder by hand, page by page: each page is taken off with its letters."""
    while _reminder_page(reminder_id):
        pass


def unwritten() -> Sequence[int]:
    """Reminders by hand that did not come to their end, by number."""
    return list(Reminder.objects.exclude(left=[]).order_by("pk").values_list("pk", flat=True))


@transaction.atomic
def _reminder_page(reminder_id: int) -> bool:
    """Whether there was anybody left."""
    rows = Reminder.objects.select_for_update(of=("self",)).select_related("campaign", "by")
    reminder = rows.filter(pk=reminder_id).first()
    if reminder is None or not reminder.left:
        return False
    page, reminder.left = reminder.left[:PAGE], reminder.left[PAGE:]
    if reminder.campaign.status == Campaign.Status.RUNNING:
        managers_of = [reminder.campaign_id] if reminder.copies else []
        write(page, Occasion(managers_of=managers_of, reviewers=reminder.reviewers), reminder)
    reminder.save(update_fields=["left"])
    return True


@transaction.atomic
def write(people: Collection[str], occasion: Occasion, asked: Reminder | None = None) -> int:
    """A letter to each of them who had none today and has something to be told. Answers how many.

    Their rows are held meanwhile: of two workers the second sees what the first has written.
    """
    today = Today.now()
    rows = User.objects.active().filter(pk__in=people).select_for_update(no_key=True).order_by("pk")
    held = {person.pk: person for person in rows}
    for key in queries.written_today(today, held):
        del held[key]
    found = {key: one for key, one in queries.told(held, today, occasion).items() if one.letter}
    drafts = [
        _draft(held[key], one, today, asked) for key, one in found.items() if _concerns(key, one, asked)
    ]
    post_many(drafts)
    _are_told([draft.to.pk for draft in drafts])
    return len(drafts)


def tell_given(campaign: Campaign, given: Mapping[str, int], *, by: User | None, reason: str) -> None:
    """A letter to each who is asked now, with what else is open with them. Part of the verb's transaction.

    Who had a letter today hears of it on the next working day. Before the start the kickoff tells them.
    """
    if campaign.status != Campaign.Status.RUNNING or not given:
        return
    today = Today.now()
    later = queries.written_today(today, given)
    Progress.objects.filter(campaign=campaign, reviewer__in=later).update(untold=True)
    people = User.objects.active().filter(pk__in=set(given) - later).in_bulk()
    drafts = []
    for key, one in queries.told(people, today, NO_OCCASION).items():
        one.put_first(campaign.pk)
        context = {
            "campaign": campaign,
            "by": by,
            "reason": reason,
            "until": queries.last_day(campaign, today),
            "lines": given[key],
            "told": one,
        }
        drafts.append(Draft("review_given", people[key], _key(today), by, context))
    post_many(drafts)
    _are_told([draft.to.pk for draft in drafts])


def _draft(person: User, one: Told, today: Today, asked: Reminder | None) -> Draft:
    letter, answers_go_to = one.letter, one.answers_go_to
    context = {"told": one, "message": "", "by": None}
    if asked is not None:
        one.put_first(asked.campaign.pk)
        is_asked = person.pk in asked.reviewers and bool(one.waits)
        letter = "review_asked" if is_asked else "review_behind"
        context |= {"message": asked.text, "by": asked.by}
        answers_go_to = asked.by
    return Draft(letter, person, _key(today), answers_go_to, context)


def _concerns(key: str, one: Told, asked: Reminder | None) -> bool:
    """A reminder by hand goes to those it is about, and to their managers."""
    return asked is None or bool(one.behind) or (key in asked.reviewers and bool(one.waits))


def _are_told(people: Sequence[str]) -> None:
    """One letter brings all news of a person."""
    Progress.objects.filter(reviewer__in=people, untold=True).update(untold=False)


def _key(today: Today) -> str:
    return today.day.isoformat()


def _with_open_lines(campaign: Campaign, reviewers: Collection[str] | None) -> set[str]:
    if campaign.status != Campaign.Status.RUNNING:
        words = campaign.get_status_display().lower()
        raise NotPossible(f"{campaign} is {words}: nobody has to decide anything in it now.")
    rows = Progress.objects.filter(campaign=campaign, open__gt=0, reviewer__status=User.Status.ACTIVE)
    if reviewers is not None:
        rows = rows.filter(reviewer__in=reviewers)
    keys = set(rows.values_list("reviewer", flat=True))
    if not keys:
        raise NotPossible("Nobody of them has open lines: there is nothing to remind them of.")
    return keys


def _fit(text: str) -> str:
    text = text.strip()
    if len(text) > LONGEST:
        raise NotPossible(f"A reminder has at most {LONGEST:,} letters; this one has {len(text):,}.")
    return text
