"""The console itself, as evidence of a campaign: its version, who could change it, and what they changed."""

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from django.conf import settings

from connectors.models import Connector, ConnectorRules
from core.deeds import phrase
from core.models import Role, TrailEvent
from core.models.user import ADMINISTRATORS, RoleHolding
from reviews.evidence.papers import Paper, Section
from reviews.evidence.tables import time_of
from reviews.models import Campaign, PolicyVersion
from reviews.queries.applying import applying
from reviews.queries.evidence_front import standing

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
        "policies.retired",
        "reviews.policy_built_in",
    },
}
"""What is told, by heading."""
OF_CAMPAIGN = {
    "campaigns.changed",
    "campaigns.instructed",
    "campaigns.override_seconded",
    "campaigns.owners_changed",
    "campaigns.policy_chosen",
    "campaigns.scope_changed",
    "campaigns.staging_wanted",
    "lines.corrected",
    "removals.excepted",
}
"""What was set up, overridden and corrected in the campaign itself."""


def console_paper(campaign: Campaign) -> Paper:
    """From the draft of the campaign to its sign-off; up to the last event, while it is interim."""
    began, ended = campaign.created_at, campaign.signed_off_at
    window = TrailEvent.objects.filter(at__gte=began).order_by("pk")
    if ended:
        window = window.filter(at__lte=ended)
    own = window.filter(object_type="reviews.campaign", object_id=campaign.pk, action__in=OF_CAMPAIGN)
    found = {heading: window.filter(action__in=actions) for heading, actions in EVENTS.items()}
    return Paper(
        f"The console during: {campaign.name}",
        standing(campaign),
        [
            _itself(began, ended),
            _administrators(ended),
            _versions(campaign),
            _guards(),
            _rules(campaign),
            *(_events(f"{heading}: changes", list(rows[: MOST + 1])) for heading, rows in found.items()),
            _events("This campaign: settings, overrides, corrections", list(own[: MOST + 1])),
        ],
    )


def _itself(began: datetime, ended: datetime | None) -> Section:
    until = time_of(ended) if ended else "not over: the campaign is not signed off"
    return Section(
        "The console",
        pairs=[
            ("Version", f"Reeve {settings.VERSION}"),
            ("From", f"{time_of(began)}, when the campaign was drafted"),
            ("Until", until),
        ],
        note="All times are UTC. Events are those of the trail, which is only ever added to and is sealed.",
    )


def _administrators(ended: datetime | None) -> Section:
    rows = RoleHolding.objects.filter(role__in=ADMINISTRATORS).select_related("user")
    if ended:
        rows = rows.filter(since__lte=ended)
    held = [
        (
            each.user.name,
            each.user.email,
            each.get_role_display(),
            time_of(each.since),
            each.get_source_display(),
            each.user.get_status_display(),
        )
        for each in rows.order_by("role", "user__search_text", "pk")
    ]
    return Section(
        "Administrators",
        heads=["Name", "E-mail", "Role", "Since", "Given", "Status"],
        rows=held,
        widths=(0.18, 0.24, 0.2, 0.16, 0.13, 0.09),
        note=f"Roles as they are held now. {Role.SUPER.label}s may change everything; nobody decides on lines"
        " they were not asked about.",
    )


def _versions(campaign: Campaign) -> Section:
    used = {each.version.pk: each.version.policy_id for each in applying(campaign).all()}
    rows = PolicyVersion.objects.filter(policy__in=set(used.values()))
    told = [
        (
            str(each),
            time_of(each.made_at),
            str(each.made_by or "Reeve"),
            each.digest,
            "yes" if each.pk in used else "",
        )
        for each in rows.select_related("policy", "made_by").order_by("policy__name", "policy", "number")
    ]
    return Section(
        "Versions of the policies",
        heads=["Version", "Made", "By", "SHA-256", "Used"],
        rows=told or [("None", "", "", "", "")],
        widths=(0.24, 0.16, 0.16, 0.36, 0.08),
    )


def _guards() -> Section:
    rules = ConnectorRules.current()
    rows = Connector.objects.here().select_related("app").order_by("name", "pk")
    told = [(each.name, str(each.app), "on" if each.is_guarded else "OFF") for each in rows]
    return Section(
        "Guards against too large a change",
        [f"The switch over all guards is {'on' if rules.guards else 'OFF'}."],
        heads=["Connector", "App", "Guard"],
        rows=told or [("No connector", "", "")],
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
