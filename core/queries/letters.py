"""Letters, as their pages show them."""

from django.db.models import QuerySet

from core.errors import Denied
from core.models import OutgoingMail, User


def outbox(user: User, *, status: str = "") -> QuerySet[OutgoingMail]:
    """Letters, for those who look after the console; `status` narrows them down."""
    if not user.is_super:
        raise Denied("Only a Super Administrator can see the outbox.")
    rows = OutgoingMail.objects.all()
    return rows.filter(status=status) if status else rows
