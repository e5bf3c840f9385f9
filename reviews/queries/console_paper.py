"""The console itself, as evidence of a campaign: its version, who could change it, and what they changed."""

import json
from collections.abc import Collection, Mapping, Sequence

from django.db.models import Q

from core.deeds import phrase
from core.models import Role, TrailEvent
from reviews.evidence.papers import Paper, Section
from reviews.evidence.tables import time_of
from reviews.models import Campaign, ConsoleThen, PolicyVersion
from reviews.queries.console_now import Console, console_now, console_then, policy_names
from reviews.queries.evidence_front import standing
from reviews.queries.evidence_names import Names

type Stood = tuple[str, Console]
"""The console at one moment: which, and how it was."""

MOST = 500
"""Events under one heading; the trail has them all."""
LONGEST = 600  # letters of what one event changed
EVENTS: Mapping[str, Collection[str]] = {
    "Roles and administrators": {
        "core.first_administrator",
        "core.person_deactivated",
        "core.person_reactivated",
        "core.roles_changed",
        "core.roles_from_provider",
        "core.second_factor_removed",
    },
    "Settings of the console": {
        "core.database_moved",
        "core.keys_rotated",
        "core.mail_server_in_force",
        "core.networks_opened",
        "core.organisation_changed",
        "core.provider_in_force",
        "core.provider_out_of_force",
        "core.restored",
        "core.retention_lengthened",
        "core.sign_in_settings_changed",
        "core.trail_broken",
        "connectors.settings_in_force",
        "reviews.rules_changed",
    },
    "Guards": {
        "connectors.guard_changed",
        "connectors.guard_off",
        "connectors.guards_off",
        "connectors.guards_on",
        "connectors.run_confirmed",
        "connectors.run_discarded",
        "connectors.run_held",
    },
    "Policies": {
        "policies.changed",
        "policies.copied",
        "policies.follow_up_changed",
        "policies.made",
        "policies.preferred",
        "policies.retired",
        "reviews.policy_built_in",
    },
}
"""What is told, by heading."""
OF_CAMPAIGN = {
    "campaigns.changed",
    "campaigns.closing",
    "campaigns.control_owner_changed",
    "campaigns.instructed",
    "campaigns.override_seconded",
    "campaigns.owners_changed",
    "campaigns.policy_chosen",
    "campaigns.scope_changed",
    "campaigns.staged",
    "campaigns.staging_wanted",
    "lines.called_off",
    "lines.corrected",
    "lines.policy_changed",
    "lines.reset",
    "lines.restarted",
    "scopes.left_out",
    "scopes.policies_reset",
    "scopes.policy_given",
    "scopes.put_back",
}
"""What was set up, overridden and put right in the campaign itself."""
OF_REMOVALS = {"removals.excepted"}


def console_paper(campaign: Campaign) -> Paper:
    """From the draft of the campaign to its sign-off; up to the last event, while it is interim."""
    began, ended, stood = campaign.created_at, campaign.signed_off_at, _stood(campaign)
    window = TrailEvent.objects.filter(at__gte=began).order_by("pk")
    if ended:
        window = window.filter(at__lte=ended)
    own = window.filter(_own(campaign))
    found = {heading: window.filter(action__in=actions) for heading, actions in EVENTS.items()}
    return Paper(
        f"The console during: {campaign.name}",
        standing(campaign),
        [
            _itself(campaign, stood),
            *(_administrators(when, console) for when, console in stood),
            _versions(campaign),
            _rules(campaign),
            *(_guards(when, console) for when, console in stood),
            *(_events(f"{heading}: changes", list(rows[: MOST + 1])) for heading, rows in found.items()),
            _events("This campaign: settings, overrides, corrections", list(own[: MOST + 1])),
        ],
    )


def _own(campaign: Campaign) -> Q:
    """Events about the campaign, and about those of its removals that were made exceptions."""
    excepted = campaign.removals.exclude(excepted_by=None).values_list("pk", flat=True)
    return Q(object_type="reviews.campaign", object_id=campaign.pk, action__in=OF_CAMPAIGN) | Q(
        object_type="reviews.removal",
        object_id__in=[str(number) for number in excepted],
        action__in=OF_REMOVALS,
    )


def _stood(campaign: Campaign) -> Sequence[Stood]:
    """As it was kept at the freeze, and at the sign-off or else as it is."""
    kept: Sequence[tuple[str, Console | None]] = [
        ("when the population was frozen", console_then(campaign, ConsoleThen.Moment.FROZEN)),
        ("at the sign-off", console_then(campaign, ConsoleThen.Moment.SIGNED_OFF)),
    ]
    found = [(when, console) for when, console in kept if console is not None]
    return found if campaign.signed_off_at and found else [*found, ("now", console_now(campaign))]


def _itself(campaign: Campaign, stood: Sequence[Stood]) -> Section:
    began, ended = campaign.created_at, campaign.signed_off_at
    until = time_of(ended) if ended else "not over: the campaign is not signed off"
    return Section(
        "The console",
        pairs=[
            *((f"Version, {when}", f"Reeve {console['version']}") for when, console in stood),
            ("From", f"{time_of(began)}, when the campaign was drafted"),
            ("Until", until),
        ],
        note="All times are UTC. Events are those of the trail, which is only ever added to and is sealed.",
    )


def _administrators(when: str, console: Console) -> Section:
    return Section(
        f"Administrators, {when}",
        heads=["Name", "E-mail", "Role", "Since", "Given", "Status"],
        rows=console["administrators"] or [("None", "", "", "", "", "")],
        widths=(0.18, 0.24, 0.2, 0.16, 0.13, 0.09),
        note=f"{Role.SUPER.label}s may change everything; nobody decides on lines they were not asked about.",
    )


def _versions(campaign: Campaign) -> Section:
    """Those there were when it was signed off, or are now."""
    called, ended, names = policy_names(campaign), campaign.signed_off_at, Names(campaign)
    used = PolicyVersion.objects.filter(pk__in=called)
    policies = {each.policy_id: called[each.pk].removesuffix(f", version {each.number}") for each in used}
    rows = PolicyVersion.objects.filter(policy__in=policies).order_by("policy", "number")
    found = list(rows.filter(made_at__lte=ended) if ended else rows)
    found.sort(key=lambda each: (policies[each.policy_id], each.policy_id, each.number))
    names.learn([each.made_by_id for each in found])
    told = [
        (
            f"{policies[each.policy_id]}, version {each.number}",
            time_of(each.made_at),
            names(each.made_by_id) or "Reeve",
            each.digest,
            "yes" if each.pk in called else "",
        )
        for each in found
    ]
    return Section(
        "Versions of the policies",
        heads=["Version", "Made", "By", "SHA-256", "Used"],
        rows=told or [("None", "", "", "", "")],
        widths=(0.24, 0.16, 0.16, 0.36, 0.08),
    )


def _guards(when: str, console: Console) -> Section:
    return Section(
        f"Guards against too large a change, {when}",
        [f"The switch over all guards was {'on' if console['guards'] else 'OFF'}."],
        heads=["Connector", "App", "Guard"],
        rows=console["guarded"] or [("No connector", "", "")],
        widths=(0.45, 0.4, 0.15),
    )


def _rules(campaign: Campaign) -> Section:
    rules = campaign.rules_in_force
    kept = (
        "As frozen with the campaign, whatever was decided later." if campaign.rules else "As they are now."
    )
    return Section(
        "What held for all reviews",
        pairs=[
            ("Oldest counted sync at staging", f"{rules.counted_hours} hours"),
            ("Oldest file of people at staging", f"{rules.people_days} days"),
            ("Removals, High and Critical", f"{rules.grave_removal_days} working days"),
            ("Removals, other risks", f"{rules.removal_days} working days"),
            ("Quality sample of new drafts", f"{rules.sample_percent} percent"),
            ("Days to decide in new drafts", f"{rules.days_to_decide}"),
        ],
        note=kept,
    )


def _events(heading: str, events: Sequence[TrailEvent]) -> Section:
    rows = [
        (time_of(each.at), each.actor_name, f"{phrase(each.action)} {each.object_name}", _change(each))
        for each in events[:MOST]
    ]
    return Section(
        heading,
        [] if rows else ["None."],
        heads=["When", "Who", "What", "Change"] if rows else (),
        rows=rows,
        widths=(0.17, 0.16, 0.3, 0.37),
        note=f"Only the first {MOST:,} are listed." if len(events) > MOST else "",
    )


def _change(event: TrailEvent) -> str:
    if not event.change:
        return ""
    said = json.dumps(event.change, ensure_ascii=False, sort_keys=True)
    return said if len(said) <= LONGEST else f"{said[:LONGEST]} [...]"
