"""What both rooms stand on: people, their trail, their mail, their files."""

from core.models.columns import ColumnChoice
from core.models.delegation import Delegation
from core.models.export import Export
from core.models.group import Membership, PeopleGroup
from core.models.invitation import Invitation
from core.models.mail import MailServer, OutgoingMail
from core.models.organisation import Organisation
from core.models.people_import import PeopleImport
from core.models.pulse import Pulse
from core.models.sign_in import IdentityProvider, ProviderTie, SecondFactor
from core.models.trail import TrailCheck, TrailEvent, TrailPending, TrailSeal
from core.models.user import ADMINISTRATORS, Reporting, Role, RoleHolding, User

__all__ = [
    "ADMINISTRATORS",
    "ColumnChoice",
    "Delegation",
    "Export",
    "IdentityProvider",
    "Invitation",
    "MailServer",
    "Membership",
    "Organisation",
    "OutgoingMail",
    "PeopleGroup",
    "PeopleImport",
    "ProviderTie",
    "Pulse",
    "Reporting",
    "Role",
    "RoleHolding",
    "SecondFactor",
    "TrailCheck",
    "TrailEvent",
    "TrailPending",
    "TrailSeal",
    "User",
]
