"""Evidence files of a campaign: wanted, made by a job, kept for good."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.utils.timezone import now

from core.errors import Denied, NotPossible
from core.models import User
from core.models.keys import one_line
from core.queue import nudge
from core.trail import ERROR, record
from reviews.actions.notices import report_ready
from reviews.models import Campaign, Report
from reviews.queries.running import campaigns_shown

TRIES = 5
"""Workers that may take one file and not come to an end with it."""
HOLD = timedelta(minutes=30)
"""How long one worker may write one file. It is not renewed: the rows are read in one transaction."""


@transaction.atomic
def want(campaign: Campaign, kind: str, *, by: User) -> Report:
    """Have a file made. Asked for again while it is being made: the same one.

    Whoever may open the campaign may, auditors above all; what tells of the whole console is for who may see
    all of it. Raises Denied, and NotPossible before the campaign has started.
    """
    must_be_for(campaign, kind, by)
    if (waiting := _waiting(campaign, kind)) is not None:
        return waiting
    return _want(campaign, kind, by=by)


def want_final(campaign: Campaign) -> None:
    """Part of the transaction that signs it off: the files that stand for it from now on."""
    for kind in Report.Kind.values:
        if _waiting(campaign, kind) is None:
            _want(campaign, kind, by=None)


def must_be_for(campaign: Campaign, kind: str, user: User) -> None:
    if kind not in Report.Kind.values:
        raise NotPossible("There is no such report.")
    if not campaigns_shown(user).filter(pk=campaign.pk).exists():
        raise Denied("Only those who may open a campaign that has started can have its evidence made.")
    if not may_have(kind, user):
        raise Denied("It tells of the whole console: only a Super or a Read-Only Administrator can have it.")


def may_have(kind: str, user: User) -> bool:
    """Whether this kind is for somebody who may open the campaign."""
    return kind not in Report.ABOUT_EVERYTHING or user.sees_everything


def claim(report_id: str) -> Report | None:
    """Take a report for this worker. None if it is over, in other hands, or has had its tries."""
    report = Report.objects.filter(status=Report.Status.WANTED).claim(report_id)
    if report is None:
        return None
    if report.attempts > TRIES:
        fail(report, f"{TRIES} workers began this file and none came to its end. Ask for it again.")
        return None
    report.save_held(leased_until=now() + HOLD)
    return report


@transaction.atomic
def finish(report: Report, *, file: str, sha256: str, rows: int, size: int, is_interim: bool) -> None:
    """The file stands in the storage. Raises LeaseLost.

    Was the campaign signed off while an interim file was written, a final one is made after it.
    """
    campaign = Campaign.objects.select_for_update().get(pk=report.campaign_id)  # as the sign-off does
    told: dict[str, Any] = {"sha256": sha256, "rows": rows, "size": size, "is_interim": is_interim}
    report.release(file=file, **told)
    report.move(Report.Status.DONE, ended_at=now(), problem="")
    record("reports.made", campaign, by=report.by, report=report, kind=report.kind, **told)
    _tell_of_last(report)
    if is_interim and campaign.status == Campaign.Status.SIGNED_OFF:
        _want(campaign, report.kind, by=None)


@transaction.atomic
def fail(report: Report, sentence: str) -> None:
    """There will be no file; the sentence says why, also in a letter. Raises LeaseLost."""
    report.release(problem=sentence)
    report.move(Report.Status.FAILED, ended_at=now())
    told = {"kind": report.kind, "problem": sentence}
    record("reports.failed", report.campaign, by=None, severity=ERROR, report=report, **told)
    _tell_of_last(report)


def _tell_of_last(report: Report) -> None:
    """One letter for files that were wanted together by one person, when none of theirs is still to come."""
    campaign = report.campaign
    wanted = Report.objects.filter(campaign=campaign, by=report.by)
    if wanted.filter(status=Report.Status.WANTED).exists():
        return
    over = _together(report, wanted)
    report_ready(
        campaign,
        path=f"/campaigns/{campaign.pk}/evidence/",
        files=[(each.name, each.sha256) for each in over if each.status == Report.Status.DONE],
        failed=[(each.name, each.problem) for each in over if each.status == Report.Status.FAILED],
        key=report.pk,
        by=report.by,
    )


def _together(report: Report, wanted: QuerySet[Report]) -> Sequence[Report]:
    """The last one that was over, and of the same person those that were made meanwhile; oldest first."""
    found, since = [report], report.created_at
    for each in wanted.exclude(pk=report.pk).order_by("-ended_at"):
        if each.ended_at is None or each.ended_at < since:
            break
        since = min(since, each.created_at)
        found.append(each)
    return sorted(found, key=lambda each: (each.created_at, each.name))


def _waiting(campaign: Campaign, kind: str) -> Report | None:
    return Report.objects.filter(campaign=campaign, kind=kind, status=Report.Status.WANTED).first()


def _want(campaign: Campaign, kind: str, *, by: User | None) -> Report:
    report = Report(campaign=campaign, kind=kind, by=by)
    bare = "".join(each if each.isalnum() else "-" for each in one_line(campaign.name).casefold())
    named = "-".join(filter(None, bare.split("-")))[:80]
    report.name = f"{named or 'campaign'}-{kind.partition('_')[0]}-{now():%Y%m%d-%H%M%S}.{report.suffix}"
    report.save()
    record("reports.wanted", campaign, by=by, report=report, kind=kind)
    nudge("reviews.make_report", report.pk)
    return report
