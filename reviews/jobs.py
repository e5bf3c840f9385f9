"""What workers do for this room."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from celery import shared_task
from django.db import OperationalError
from django.utils.timezone import now

from core.errors import DomainError, StaleState
from core.leases import LeaseLost
from core.models import User
from core.queue import nudge
from reviews.actions import (
    closing,
    following,
    leaving,
    letters,
    notices,
    removing,
    report_files,
    reports,
    running_out,
    staging,
    templates,
    timetable,
)
from reviews.models import Campaign, Removal, Report, Template
from reviews.queries.due import Today

log = logging.getLogger(__name__)


@shared_task(name="reviews.stage", acks_late=True)
def stage(campaign_id: str) -> None:
    """Take a staging as far as it goes. Harmless to deliver twice; goes on after a crash."""
    campaign = staging.claim(campaign_id)
    if campaign is None:
        return  # over already, not due, or in another worker's hands
    with staged_or_said(campaign):
        staging.carry_on(campaign)


@shared_task(name="reviews.sweep")
def sweep() -> None:
    """Nudge what is due and in no worker's hands; keep the guards where campaigns rest on what is read."""
    for campaign_id in (
        Campaign.objects.filter(status=Campaign.Status.STAGING).due().values_list("pk", flat=True)
    ):
        nudge("reviews.stage", campaign_id)
    staging.refresh_guards()


@shared_task(name="reviews.route_anew", acks_late=True)
def route_anew(person_id: str) -> None:
    """Ask others about what is open with somebody who left, or became their own. Harmless twice."""
    person = User.objects.filter(pk=person_id).first()
    if person is not None:
        leaving.route_anew(person)
        leaving.route_own_anew(person)


@shared_task(name="reviews.sweep_reviewers")
def sweep_reviewers() -> None:
    """Nudge whatever is open with people who left."""
    for person_id in leaving.those_to_route_anew():
        nudge("reviews.route_anew", person_id)


@shared_task(name="reviews.sweep_own_access")
def sweep_own_access() -> None:
    """Nudge whatever is open with people whose own access it became, as accounts found their owners."""
    for person_id in leaving.those_asked_about_their_own():
        nudge("reviews.route_anew", person_id)


@shared_task(name="reviews.sweep_steps")
def sweep_steps() -> None:
    """Act on lines that nobody decided within the time of their step."""
    for campaign in running_out.those_with_a_clock():
        running_out.run_out(campaign)


@contextmanager
def staged_or_said(campaign: Campaign) -> Iterator[None]:
    """Whatever goes wrong within is said in the row: it is put off if the trouble may pass, else a draft
    again."""
    try:
        try:
            yield
        except OperationalError as problem:
            log.warning("%s was put off: %s", campaign, problem)
            staging.stumble(campaign, "The database did not answer in time.")
        except StaleState:
            raise
        except DomainError as problem:
            staging.fail_back(campaign, str(problem))
        except LeaseLost:
            raise
        except Exception as problem:
            # The edge of the process: no row may stand as worked on for ever because of a fault of ours.
            staging.fail_back(campaign, f"Reeve itself failed: {type(problem).__name__}: {problem}")
            raise
    except (LeaseLost, StaleState):
        return  # cancelled meanwhile, or we were slow: whoever holds the row now carries on


@shared_task(name="reviews.keep_timetable")
def keep_timetable() -> None:
    """Make drafts whose day has come; stage and start what is to begin by itself. Each by itself."""
    for template in templates.due():
        with _told(template):
            timetable.draft(template)
    for campaign in timetable.to_stage():
        with _told(campaign):
            timetable.stage(campaign)
    for campaign in timetable.to_start():
        with _told(campaign):
            timetable.start(campaign)


@contextmanager
def _told(thing: Campaign | Template) -> Iterator[None]:
    """What one cannot do now must not keep the others: the log says why."""
    try:
        yield
    except DomainError as problem:
        log.warning("%s: %s", thing, problem)


@shared_task(name="reviews.close", acks_late=True)
def close(campaign_id: str) -> None:
    """Settle what is open and close. Harmless to deliver twice; goes on after a crash."""
    campaign = closing.claim(campaign_id)
    if campaign is None:
        return  # closed already, or in another worker's hands
    try:
        closing.carry_out(campaign)
    except LeaseLost:
        return  # we were slow: the worker that holds it carries on


@shared_task(name="reviews.order_removals", acks_late=True)
def order_removals(campaign_id: str) -> None:
    """Order what is confirmed, page by page. Harmless to deliver twice."""
    while removing.order_waiting(campaign_id):
        pass


@shared_task(name="reviews.follow_order", acks_late=True)
def follow_order(order_id: str) -> None:
    """An order has moved: its removals move along. Harmless to deliver twice."""
    following.follow_order(order_id)


@shared_task(name="reviews.follow_run", acks_late=True)
def follow_run(run_id: str) -> None:
    """A sync is done: lines follow what it saw. Harmless to deliver twice."""
    following.follow_run(int(run_id))


@shared_task(name="reviews.sweep_running")
def sweep_running() -> None:
    """Nudge what is due in campaigns under way, and catch up with news that was lost."""
    for campaign in closing.due_to_close(now()):
        closing.close_when_due(campaign)
    for campaign_id in (
        Campaign.objects.filter(status=Campaign.Status.CLOSING).due().values_list("pk", flat=True)
    ):
        nudge("reviews.close", campaign_id)
    waiting = Removal.objects.to_be_ordered().order_by("campaign")
    for campaign_id in waiting.values_list("campaign", flat=True).distinct():
        nudge("reviews.order_removals", campaign_id)
    for order_id in following.orders_to_follow():
        nudge("reviews.follow_order", order_id)
    for run_id in following.to_follow():
        nudge("reviews.follow_run", run_id)


@shared_task(name="reviews.tell", acks_late=True)
def tell(campaign_id: str) -> None:
    """A campaign began or ended: whoever it asks hears of it. Harmless to deliver twice."""
    letters.tell(campaign_id)


@shared_task(name="reviews.write_reminder", acks_late=True)
def write_reminder(reminder_id: str) -> None:
    """Write the letters of a reminder by hand. Harmless to deliver twice; goes on after a crash."""
    letters.write_reminder(int(reminder_id))


@shared_task(name="reviews.remind", acks_late=True)
def remind() -> None:
    """From nine on a working day: the letters of the day. Run again it finds those not yet written."""
    if not Today.now().is_open:
        return
    for reminder_id in letters.unwritten():
        nudge("reviews.write_reminder", reminder_id)
    for campaign in timetable.to_look_ahead(Today.now()):
        with _told(campaign):
            timetable.look_ahead(campaign)
    letters.remind()
    notices.tell_of_trouble()
    notices.ask_for_confirmations()
    notices.ask_for_sign_offs()


@shared_task(name="reviews.make_report", acks_late=True)
def make_report(report_id: str) -> None:
    """Make one evidence file. Harmless to deliver twice; begins anew after a crash."""
    try:
        report = reports.claim(report_id)
        if report is None:
            return  # over, or in another worker's hands
        try:
            report_files.make(report)
        except DomainError as problem:
            reports.fail(report, str(problem))
    except LeaseLost:
        return  # we were slow: the worker that holds it carries on


@shared_task(name="reviews.sweep_reports")
def sweep_reports() -> None:
    """Nudge reports that are due and in nobody's hands."""
    waiting = Report.objects.filter(status=Report.Status.WANTED).due().order_by("due_at")
    for report_id in waiting.values_list("pk", flat=True)[:500]:
        nudge("reviews.make_report", report_id)
