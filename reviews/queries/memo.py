"""What the memo of a campaign says: the control, the population, the counts, the people, the sign-off."""

from collections.abc import Sequence
from datetime import datetime

from django.db.models import Count

from core.models import Organisation
from reviews.evidence.pace import Answer, Pace, paces
from reviews.evidence.papers import Paper, Section
from reviews.evidence.tables import time_of
from reviews.models import (
    Campaign,
    Decision,
    LineRound,
    PeopleSource,
    PopulationSource,
    Progress,
    Removal,
    ReviewTask,
    RoleFile,
    Scope,
)
from reviews.queries import bridge, evidence_roles, memo_end, roll_forward
from reviews.queries.applying import applying
from reviews.queries.console_now import policy_names
from reviews.queries.evidence_front import period, standing
from reviews.queries.evidence_names import Names
from reviews.queries.running import counts, removals_by_status
from reviews.queries.scope import Reason, groups_then

MOST = 40
"""Rows of a table; the lines file has them all."""
NAMED = 10
"""Entitlements named beside a policy of their own."""


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
            _moved(campaign),
            _roles(campaign),
            _timeliness(campaign),
            _exceptions(campaign),
            _removals(campaign),
            _pace(campaign),
            memo_end.independence(campaign),
            memo_end.sample(campaign),
            memo_end.sign_off(campaign),
        ],
    )


def said(at: datetime | None) -> str:
    return time_of(at) if at else "not yet"


def _control(campaign: Campaign) -> Section:
    names, owners = Names(campaign), [str(key) for key in campaign.owners.values_list("pk", flat=True)]
    names.learn(owners)
    overridden = _overridden(campaign, names)
    return Section(
        "Control",
        pairs=[
            ("Control", campaign.control_id or "not given"),
            ("What it is for", campaign.narrative or campaign.description or "not given"),
            ("Frequency", campaign.get_frequency_display()),
            ("Period", period(campaign) or "not given"),
            ("Control owner", names.one(campaign.control_owner_id, "nobody yet")),
            ("Run by", ", ".join(sorted(names(owner) for owner in owners)) or "nobody"),
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


def _overridden(campaign: Campaign, names: Names) -> str:
    """What was not fresh and complete, and why it was staged all the same; nothing where all was."""
    if not (wrong := campaign.bridge.get("overridden")):
        return ""
    second = campaign.override_seconded_by_id
    agreed = (
        f" Agreed to by {names.one(second)}." if second else " There was no second administrator to agree."
    )
    return f"{' '.join(wrong)} Because: {campaign.override_reason} {agreed}"


def _asked_anew(campaign: Campaign) -> Sequence[tuple[str, str]]:
    """Lines that went through more than one round, and those of them under another policy than the rest."""
    number = LineRound.objects.filter(campaign=campaign).values("task").distinct().count()
    if not number:
        return ()
    own, names = applying(campaign).by_line, policy_names(campaign)
    others = [names[key] for key in sorted({each.version.pk for each in own.values()})]
    under = f", {len(own):,} of them under another version or policy: {', '.join(others)}" if own else ""
    return [("Lines asked about anew", f"{number:,}{under}")]


def _policy(campaign: Campaign) -> str:
    """The campaign's own version, then what applies in its place, each with the entitlements or apps."""
    names, own = policy_names(campaign), campaign.policy_version
    told = [f"{names[own.pk]} (SHA-256 {own.digest})"] if own else []
    by_version: dict[tuple[int, str, str], list[str]] = {}
    for row in campaign.applied.select_related("version").order_by("pk"):
        key = (row.version_id, row.version.digest, row.get_origin_display())
        by_version.setdefault(key, []).append(row.name)
    for (version, digest, origin), things in by_version.items():
        more = f" and {len(things) - NAMED:,} more" if len(things) > NAMED else ""
        told.append(f"{names[version]} (SHA-256 {digest}), {origin}: {', '.join(things[:NAMED])}{more}")
    return "; ".join(told) or "none"


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
        ("Left out singly", f"{len(scope.left_out):,} entitlements" if scope.left_out else ""),
        ("Departments", ", ".join(scope.departments)),
        ("Titles", ", ".join(scope.titles)),
        ("Statuses of owners", ", ".join(scope.owner_statuses)),
        ("Without members of", ", ".join(groups_then(campaign))),
        ("Account types", ", ".join(scope.account_types)),
        ("Account statuses", ", ".join(scope.account_statuses)),
        ("Accounts", "only those without an owner" if scope.only_without_owner else ""),
        ("E-mail", scope.get_domains_display() if scope.domains else ""),
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
    told = str(scope.get_grants_display())
    if scope.granted_days:
        told += f": {scope.granted_days:,} days"
    if scope.granted_after:
        told += f": after {scope.granted_after}"
    return f"{told} until {scope.granted_until}" if scope.granted_until else told


def _sources(campaign: Campaign) -> Section:
    sources = campaign.sources.select_related("connector__app", "run").order_by("pk")
    return Section(
        "Sources, read twice",
        pairs=_people(campaign),
        heads=["Source", "Sync, and its end", "Read twice", "First count", "Second count", "Not readable"],
        rows=[_source(each) for each in sources] or [("No source was kept", "", "", "", "", "")],
        widths=(0.22, 0.19, 0.17, 0.15, 0.15, 0.12),
        note="Every line names the sync that saw it. What was read a second way has two counts; of a file"
        " that was handed in every line is read, and its SHA-256 stands for it.",
    )


def _people(campaign: Campaign) -> Sequence[tuple[str, str]]:
    """Where owners, managers and titles came from; nothing before the freeze."""
    kept = PeopleSource.objects.filter(campaign=campaign).first()
    if kept is None:
        return ()
    at = time_of(kept.at) if kept.at else "at a time not kept"
    if kept.file:
        told = f"the file {kept.file}, applied {at}, SHA-256 {kept.sha256 or 'not kept'}"
    else:
        told = f"kept by hand here; last changed {at}"
    through = [("Signing in through", kept.provider)] if kept.provider else []
    return [("Owners, managers and titles", told), *through]


def _source(source: PopulationSource) -> Sequence[str]:
    ended = time_of(source.run.ended_at) if source.run.ended_at else ""
    counted = time_of(source.counted_at) if source.counted_at else _once(source)
    gaps = " ".join(str(gap) for gap in source.gaps.values()) or "nothing"
    both = [_counted(found) for found in (source.received, source.second)]
    app = source.app_name or source.connector.app.name
    return (f"{app}: {source.source}", f"{source.run_id}, {ended}", counted, *both, gaps)


def _once(source: PopulationSource) -> str:
    """Why it was not read twice: files are complete by themselves, and older ones were accepted."""
    if not source.files:
        return "no: taken all the same"
    told = []
    for file in source.files:
        at = time_of(datetime.fromisoformat(file["at"])) if file["at"] else "at a time not kept"
        told.append(f"{file['name']}, handed in {at}, SHA-256 {file['sha256']}")
    return f"a file, complete by itself: {'; '.join(told)}"


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


def _moved(campaign: Campaign) -> Section:
    found = roll_forward.of(campaign)
    until = "until closing" if campaign.closed_at else "up to now"
    return Section(
        "After the population was frozen",
        [f"As later syncs saw it, {until}. The file What came and went has each of them."],
        pairs=[
            ("Access that came", f"{found.appeared:,} in scope and still held, in no line"),
            ("Access that went", f"{found.went:,} of the lines"),
            ("Access that came and went", f"{found.passed:,} in scope, in no line and held no more"),
        ],
    )


def _roles(campaign: Campaign) -> Section:
    """One sentence of all, the files of those that have one."""
    found = evidence_roles.drift(campaign)
    compared = " and ".join(found.compared_with[:1])
    told = [f"{number:,} {word}" for word, number in found.changes.items()]
    drifted = f"{found.new:,} not in an earlier campaign; {', '.join(told) or 'none changed'}."
    files = campaign.role_files.filter(replaced_by=None).select_related("entitlement").order_by("pk")
    number = files.count()
    rows = [(_role(campaign, each), each.name, each.sha256) for each in files[:MOST]]
    return Section(
        "Roles",
        [
            f"{found.roles:,} roles and groups. "
            + (
                f"Since {compared}: {drifted}"
                if compared
                else "There is no earlier campaign to compare with."
            )
        ],
        heads=["Role", "Attached file", "SHA-256"] if rows else (),
        rows=rows,
        widths=(0.28, 0.24, 0.48),
        note="What each was called and what changed is in the file Roles."
        + (f" {number - MOST:,} more files are attached." if number > MOST else ""),
    )


def _role(campaign: Campaign, file: RoleFile) -> str:
    line = campaign.tasks.filter(entitlement=file.entitlement_id).order_by("line_no").first()
    return line.entitlement_name if line else file.entitlement.name


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
    zone, late, asked, deficient = Organisation.current().zone, 0, 0, 0
    for at, due, lookback in campaign.removals.values_list("removed_at", "due_on", "lookback"):
        late += at is not None and at.astimezone(zone).date() > due
        asked += bool(lookback)
        deficient += lookback.get("deficiency") == "yes"
    rows += [("Gone later than the removal clock allows", f"{late:,}")] if rows else []
    rows += [("Looked back at, as High or Critical", f"{asked:,}")] if asked else []
    rows += [("Of these: a deficiency of the control", f"{deficient:,}")] if asked else []
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
    names = Names(campaign)
    names.learn([pace.reviewer for pace in found[:MOST]])
    rows = [
        (
            names.name(pace.reviewer),
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
