"""What both rooms stand on: people, their trail, their mail."""

from core.models.mail import OutgoingMail
from core.models.organisation import Organisation
from core.models.trail import TrailEvent
from core.models.user import Role, RoleHolding, User

__all__ = ["Organisation", "OutgoingMail", "Role", "RoleHolding", "TrailEvent", "User"]
