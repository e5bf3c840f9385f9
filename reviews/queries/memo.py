"""What the memo of a campaign says: the control, the population, the counts, the people, the sign-off."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Count

from core.models import User
from reviews.evidence.pace import Answer, Pace, paces
from reviews.evidence.papers import Paper, Section
from reviews.evidence.tables import time_of
from reviews.models import (
    Campaign,
    Decision,
    LineRound,
    PopulationSource,
    Progress,
    Removal,
    ReviewTask,
    Scope,
)
from reviews.queries import bridge
from reviews.queries.evidence_front import period, standing
from reviews.queries.line_policies import policies_of
from reviews.queries.running import counts, removals_by_status
from reviews.queries.scope import Reason

MOST = 40
"""Rows of a table; the lines file has them all."""


def memo(campaign: Campaign) -> Paper:
    """About three pages. Everything from frozen rows and decisions; nothing of when it was made."""
    return Paper(
        f"Memo: {campaign.name}",
        standing(campaign),
        [
            _control(campaign),
            _scope(campaign),
            _sources(campaign),
            _bridge(campaign),
            _timeliness(campaign),
            _exceptions(campaign),
            _removals(campaign),
            _pace(campaign),
            _sign_off(campaign),
        ],
    )


def said(at: datetime | None) -> str:
    return time_of(at) if at else "not yet"


def _control(campaign: Campaign) -> Section:
    owners = campaign.owners.order_by("search_text", "pk")
    overridden = campaign.override_reason
    if overridden and campaign.override_seconded_by:
        overridden += f" Agreed to by {campaign.override_seconded_by}."
    return Section(
        "Control",
        pairs=[
            ("Control", campaign.control_id or "not given"),
            ("What it is for", campaign.narrative or campaign.description or "not given"),
            ("Frequency", campaign.get_frequency_display()),
            ("Period", period(campaign) or "not given"),
            ("Control owner", str(campaign.control_owner or "nobody yet")),
            ("Run by", ", ".join(str(owner) for owner in owners) or "nobody"),
            ("Campaign", campaign.pk),
            ("Policy", _policy(campaign)),
            *_asked_anew(campaign),
            ("Population frozen", said(campaign.frozen_at)),
            ("Lines", f"{campaign.lines:,}"),
            ("SHA-256 of the population", campaign.digest or "not made"),
            *([("Staged all the same", overridden)] if overridden else []),
        ],
        note="All times are UTC.",
    )


def _asked_anew(campaign: Campaign) -> Sequence[tuple[str, str]]:
    """Lines that went through more than one round, and those of them under another policy than the rest."""
    number = LineRound.objects.filter(campaign=campaign).values("task").distinct().count()
    if not number:
        return ()
    policies = policies_of(campaign)
    own = len(policies.own)
    others = [str(each) for each in policies.versions() if each.pk in policies.own.values()]
    under = f", {own:,} of them under another version or policy: {', '.join(others)}" if own else ""
    return [("Lines asked about anew", f"{number:,}{under}")]


def _policy(campaign: Campaign) -> str:
    version = campaign.policy_version
    return f"{version} (SHA-256 {version.digest})" if version else "none"


def _scope(campaign: Campaign) -> Section:
    scope = campaign.scope
    named = [
        ("Apps", _named(campaign, "app_name", bool(scope.apps))),
        ("Resource types", ", ".join(scope.kinds) or "all but having an account at all"),
        (
            "Single entitlements",
            f"{len(scope.entitlements):,} in place of types" if scope.entitlements else "",
        ),
        ("Risks", ", ".join(scope.risks)),
        ("Frameworks", ", ".join(scope.frameworks)),
        ("People", f"{len(scope.people):,} chosen" if scope.people else ""),
        ("Reports of", f"{len(scope.managers):,} managers" if scope.managers else ""),
        ("Departments", ", ".join(scope.departments)),
        ("Account types", ", ".join(scope.account_types)),
        ("Account statuses", ", ".join(scope.account_statuses)),
        ("Accounts", "only those without an owner" if scope.only_without_owner else ""),
        ("Grants", _grants(scope)),
    ]
    left_out = [
        (what.capitalize(), Reason(reason).label, f"{number:,}")
        for what in ("accounts", "grants")
        for reason, number in campaign.bridge.get(what, {}).get("left_out", {}).items()
    ]
    return Section(
        "Scope, and what was left out",
        pairs=[pair for pair in named if pair[1]],
        heads=["What", "Left out, since", "Number"],
        rows=left_out or [("Nothing", "", "0")],
        widths=(0.15, 0.7, 0.15),
    )


def _named(campaign: Campaign, column: str, is_chosen: bool) -> str:  # noqa: FBT001  # one word
    names = campaign.tasks.order_by(column).values_list(column, flat=True).distinct()
    return f"{', '.join(names)}{'' if is_chosen else ' (every managed app)'}"


def _grants(scope: Scope) -> str:
    after = f" of {scope.granted_after}" if scope.granted_after else ""
    return f"{scope.get_grants_display()}{after}"


def _sources(campaign: Campaign) -> Section:
    sources = campaign.sources.select_related("connector__app", "run").order_by("pk")
    return Section(
        "Sources, read twice",
        heads=["Source", "Sync, and its end", "Read twice", "First count", "Second count", "Not readable"],
        rows=[_source(each) for each in sources] or [("No source was kept", "", "", "", "", "")],
        widths=(0.22, 0.19, 0.17, 0.15, 0.15, 0.12),
        note="Every line names the sync that saw it. What was read a second way has two counts.",
    )


def _source(source: PopulationSource) -> Sequence[str]:
    ended = time_of(source.run.ended_at) if source.run.ended_at else ""
    counted = time_of(source.counted_at) if source.counted_at else "no: taken all the same"
    gaps = " ".join(str(gap) for gap in source.gaps.values()) or "nothing"
    both = [_counted(found) for found in (source.received, source.second)]
    return (f"{source.connector.app}: {source.source}", f"{source.run_id}, {ended}", counted, *both, gaps)


def _counted(found: dict[str, int]) -> str:
    return ", ".join(f"{kind} {number:,}" for kind, number in sorted(found.items())) or "none"


def _bridge(campaign: Campaign) -> Section:
    found = bridge.of(campaign)
    rows = [
        (
            row.name,
            f"{row.total:,}",
            " + ".join(f"{number:,} {name.lower()}" for name, number in row.parts),
            "yes" if row.ties else "NO",
        )
        for row in found.rows
    ]
    told = "Every count ties." if found.ties else "THE COUNTS DO NOT TIE: see the rows that say so."
    return Section(
        "From the sources to the decisions",
        [told],
        heads=["What", "Number", "Is", "Ties"],
        rows=rows,
        widths=(0.24, 0.12, 0.54, 0.1),
    )


def _timeliness(campaign: Campaign) -> Section:
    late = 0
    if campaign.decide_by:
        decisions = Decision.objects.filter(campaign=campaign, at__gt=campaign.decide_by)
        late = decisions.exclude(by=None).count()
    silent = Decision.objects.filter(campaign=campaign, by=None).count()
    return Section(
        "Timeliness",
        pairs=[
            ("Started", said(campaign.started_at)),
            ("To be decided by", said(campaign.decide_by) if campaign.decide_by else "no day was set"),
            ("Closed", said(campaign.closed_at)),
            ("Signed off", said(campaign.signed_off_at)),
            ("Decisions after the last day", f"{late:,}"),
            ("Denied by the closing rule, as nobody answered", f"{silent:,}"),
        ],
    )


def _exceptions(campaign: Campaign) -> Section:
    told = counts(campaign)
    statuses = (ReviewTask.Status.EXCEPTED, ReviewTask.Status.CANCELLED)
    rows = campaign.tasks.filter(status__in=statuses).order_by("status", "status_reason")
    reasons = rows.values_list("status", "status_reason").annotate(number=Count("pk"))
    found = [
        (ReviewTask.Status(status).label, reason, f"{number:,}") for status, reason, number in reasons[:MOST]
    ]
    return Section(
        "Exceptions",
        [
            (
                f"{told.lines:,} lines: {told.certified:,} certified, {told.denied:,} denied,"
                f" {told.excepted:,} exceptions, {told.cancelled:,} cancelled, {told.open:,} open."
            )
        ],
        heads=["What", "Why", "Lines"],
        rows=found or [("None", "", "0")],
        widths=(0.18, 0.67, 0.15),
    )


def _removals(campaign: Campaign) -> Section:
    found = removals_by_status(campaign)
    rows = [(each.label, f"{found[each]:,}") for each in Removal.Status if each in found]
    return Section(
        "Removals",
        ["A removal is proven once a complete sync that began after it no longer saw the access."],
        heads=["State", "Number"],
        rows=rows or [("Nothing was to be removed", "0")],
        widths=(0.8, 0.2),
    )


def pace_of(campaign: Campaign) -> Sequence[Pace]:
    """Of every reviewer, by key; in order of how many lines they decided."""
    rows = Decision.objects.filter(campaign=campaign, replaces=None).exclude(by=None)
    values = rows.order_by("by", "pk").values_list("by", "at", "together", "opened_at", "outcome")
    certified = Decision.Outcome.CERTIFIED
    answers = (
        Answer(str(by), at, together, opened is not None, outcome == certified)
        for by, at, together, opened, outcome in values.iterator(2_000)
    )
    began = Progress.objects.filter(campaign=campaign).exclude(first_opened_at=None)
    firsts = {str(who): at for who, at in began.values_list("reviewer", "first_opened_at") if at}
    return sorted(paces(answers, firsts), key=lambda pace: (-pace.decisions, pace.reviewer))


def _pace(campaign: Campaign) -> Section:
    found = pace_of(campaign)
    names = dict(User.objects.filter(pk__in=[pace.reviewer for pace in found]).values_list("pk", "name"))
    rows = [
        (
            names.get(pace.reviewer, pace.reviewer),
            f"{pace.decisions:,}",
            f"{pace.a_minute:,.1f}" if pace.a_minute else "not known",
            f"{pace.share_in_bulk:.0%}",
            f"{pace.opened:,}",
            f"{pace.longest_unopened:,}",
        )
        for pace in found[:MOST]
    ]
    more = f" {len(found) - MOST:,} more reviewers are not listed." if len(found) > MOST else ""
    return Section(
        "How reviewers went about it",
        heads=["Reviewer", "Lines", "Lines a minute", "In bulk", "Opened", "Longest run unopened"],
        rows=rows or [("Nobody has decided yet", "", "", "", "", "")],
        widths=(0.3, 0.1, 0.15, 0.12, 0.13, 0.2),
        note="Lines a minute: from the first opening of a line to the last submission, breaks included."
        " Longest run unopened: lines certified one after the other without opening the details of any."
        + more,
    )


def _sign_off(campaign: Campaign) -> Section:
    if campaign.status != Campaign.Status.SIGNED_OFF:
        return Section("Sign-off", ["Not signed off."])
    sample = campaign.sample.order_by()
    agreed = sample.filter(agrees=True).count()
    told = f"{campaign.signed_off_by} agreed to each of these on {said(campaign.signed_off_at)}:"
    return Section(
        "Sign-off",
        [told, *(str(statement) for statement in campaign.statements.values())],
        pairs=[
            ("Sampled lines looked at again", f"{sample.count():,}, of which {agreed:,} were agreed with"),
            ("Seed of the sample", campaign.sample_seed or "none"),
        ],
    )
