"""Evidence files of a campaign: wanted, made by a job, kept for good."""

from collections.abc import Collection, Sequence
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
from reviews.evidence import lines
from reviews.models import Campaign, Report
from reviews.queries.running import campaigns_shown

TRIES = 5
"""Workers that may take one file and not come to an end with it."""
MORE = tuple(lines.MORE)
"""Further columns that the lines can have; files that are made by themselves have them all."""


@transaction.atomic
def want(campaign: Campaign, kind: str, *, by: User, columns: Collection[str] = ()) -> Report:
    """Have a file made. Asked for again while it is being made: the same one. `columns`: codes of `MORE`.

    Whoever may open the campaign may, auditors above all; what tells of the whole console is for who may see
    all of it. Raises Denied, and NotPossible before the campaign has started, or while one with other columns
    is being made.
    """
    must_be_for(campaign, kind, by)
    chosen = _chosen(kind, columns)
    if (waiting := _waiting(campaign, kind)) is None:
        return _want(campaign, kind, by=by, columns=chosen)
    if waiting.columns != chosen:
        raise NotPossible(
            f"{waiting.get_kind_display()}: one with other columns is being made. Ask again once it is ready."
        )
    return waiting


def want_all(campaign: Campaign) -> None:
    """Part of the transaction that closes it, and of the one that signs it off: every file, as it stands from
    then on, with all columns there are."""
    for kind in Report.Kind.values:
        if _waiting(campaign, kind) is None:
            _want(campaign, kind, by=None, columns=_chosen(kind, MORE))


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
    return report


@transaction.atomic
def finish(
    report: Report, *, file: str, sha256: str, md5: str, rows: int, size: int, is_interim: bool
) -> None:
    """The file stands in the storage. Raises LeaseLost.

    Was it wanted before the campaign was signed off, and is not what the sign-off has made, that follows.
    """
    campaign = Campaign.objects.select_for_update().get(pk=report.campaign_id)  # as the sign-off does
    told: dict[str, Any] = {"sha256": sha256, "rows": rows, "size": size, "is_interim": is_interim}
    report.release(file=file, md5=md5, **told)
    report.move(Report.Status.DONE, ended_at=now(), problem="")
    told |= {"md5": md5, "columns": report.columns}
    record("reports.made", campaign, by=report.by, report=report, kind=report.kind, **told)
    _tell_of_last(report)
    _want_final(campaign, report)


@transaction.atomic
def fail(report: Report, sentence: str) -> None:
    """There will be no file; the sentence says why, also in a letter. Raises LeaseLost.

    Where it stood in the way of one that the sign-off has made, that follows.
    """
    campaign = Campaign.objects.select_for_update().get(pk=report.campaign_id)  # as the sign-off does
    report.release(problem=sentence)
    report.move(Report.Status.FAILED, ended_at=now())
    told = {"kind": report.kind, "problem": sentence}
    record("reports.failed", campaign, by=None, severity=ERROR, report=report, **told)
    _tell_of_last(report)
    _want_final(campaign, report)


def _want_final(campaign: Campaign, report: Report) -> None:
    """The final file of a kind that `want_all` passed over at the sign-off, as this one was being made: with
    all columns, unless this one is just that."""
    ended, full = campaign.signed_off_at, _chosen(report.kind, MORE)
    if ended is None or report.created_at > ended:
        return
    is_it = report.status == Report.Status.DONE and not report.is_interim and report.columns == full
    if not is_it:
        _want(campaign, report.kind, by=None, columns=full)


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


def _chosen(kind: str, columns: Collection[str]) -> list[str]:
    """In their order; none for a file that has no lines."""
    if unknown := set(columns) - set(MORE):
        raise NotPossible(f"There is no such column: {', '.join(sorted(unknown))}.")
    return [code for code in MORE if code in columns] if kind in Report.OF_LINES else []


def _want(campaign: Campaign, kind: str, *, by: User | None, columns: Sequence[str]) -> Report:
    report = Report(campaign=campaign, kind=kind, by=by, columns=list(columns))
    bare = "".join(each if each.isalnum() else "-" for each in one_line(campaign.name).casefold())
    named = "-".join(filter(None, bare.split("-")))[:80]
    report.name = f"{named or 'campaign'}-{kind.partition('_')[0]}-{now():%Y%m%d-%H%M%S}.{report.suffix}"
    report.save()
    record("reports.wanted", campaign, by=by, report=report, kind=kind, columns=report.columns)
    nudge("reviews.make_report", report.pk)
    return report
