"""What may happen here, in words: every action of the trail has its phrase. Rooms add theirs in apps.py."""

from collections.abc import Mapping

_PHRASES: dict[str, str] = {
    "core.trail_broken": "found the trail broken",
    "core.trail_check_wanted": "had the trail checked",
    "core.address_tried_again": "had letters to an address tried again",
    "core.backup_made": "made a backup",
    "core.database_moved": "moved everything to another database",
    "core.delegated": "named somebody to stand in",
    "core.delegation_ended": "ended a delegation",
    "core.demo_loaded": "loaded the demo company",
    "core.downloads_expired": "ended downloads that were kept long enough",
    "core.export_failed": "could not make a file",
    "core.export_made": "had a file made",
    "core.first_administrator": "became the first administrator",
    "core.group_changed": "changed a group of people",
    "core.group_joined": "added people to a group",
    "core.group_left": "took people out of a group",
    "core.group_made": "made a group of people",
    "core.import_discarded": "discarded a file of people",
    "core.import_given_up": "gave a file of people up",
    "core.import_kept": "brought a file of people",
    "core.import_ordered": "had a file of people applied",
    "core.invitation_link_made": "made an invitation link",
    "core.invitation_taken": "took up an invitation",
    "core.invited": "invited a person",
    "core.keys_rotated": "sealed all secrets with the newest key",
    "core.letter_tried_again": "sent a letter again",
    "core.letters_blanked": "took the text out of letters that were kept long enough",
    "core.letters_off": "switched letters off",
    "core.letters_on": "switched letters on again",
    "core.lock_lifted": "lifted a lock on sign-in",
    "core.locked_out": "locked sign-in after failed tries",
    "core.mail_server_in_force": "put a mail server in force",
    "core.mail_server_refused": "could not use a mail server",
    "core.mail_server_saved": "saved a mail server",
    "core.mail_tested": "sent a test letter",
    "core.networks_opened": "let people come from everywhere again",
    "core.organisation_changed": "changed the settings of the organisation",
    "core.password_changed": "changed their password",
    "core.password_link_asked": "was asked for a password link",
    "core.password_link_made": "made a password link",
    "core.password_link_mailed": "mailed a password link",
    "core.password_set": "set a password",
    "core.people_imported": "changed people by a file",
    "core.person_added": "added a person",
    "core.person_changed": "changed a person",
    "core.person_deactivated": "deactivated a person",
    "core.person_reactivated": "reactivated a person",
    "core.person_from_provider": "made a person who came from the identity provider",
    "core.proven_again": "signed in again for a sensitive act",
    "core.provider_in_force": "put an identity provider in force",
    "core.provider_out_of_force": "took the identity provider out of force",
    "core.provider_refused": "refused somebody who came from the identity provider",
    "core.provider_saved": "saved an identity provider",
    "core.provider_tried": "tried an identity provider",
    "core.provider_tie_forgotten": "forgot whom the identity provider knows as a person",
    "core.provider_tied": "came to know a person by the identity provider",
    "core.provider_try_failed": "tried an identity provider in vain",
    "core.recovery_code_used": "used a recovery code",
    "core.recovery_codes_made": "made new recovery codes",
    "core.restored": "restored a backup",
    "core.roles_from_provider": "changed roles as the identity provider says",
    "core.retention_lengthened": "lengthened how long things are kept",
    "core.roles_changed": "changed roles",
    "core.second_factor_removed": "took a second factor away",
    "core.second_factor_set_up": "set up a second factor",
    "core.sessions_ended": "ended all sessions",
    "core.sign_in_failed": "failed to sign in",
    "core.sign_in_settings_changed": "changed how people sign in",
    "core.signed_in": "signed in",
    "core.signed_out": "signed out",
}


def tell(phrases: Mapping[str, str]) -> None:
    """Add the actions of a room, each with a phrase that follows its actor's name."""
    _PHRASES.update(phrases)


def phrase(action: str) -> str:
    """What the actor did, in words; raises KeyError for an action nobody named."""
    return _PHRASES[action]


def known() -> Mapping[str, str]:
    """Every action with its phrase."""
    return dict(_PHRASES)
