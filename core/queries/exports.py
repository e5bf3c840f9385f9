"""Downloads, as their page shows them."""

from datetime import datetime, timedelta

from django.db.models import QuerySet

from core.models import Export, Organisation, User


def downloads(user: User) -> QuerySet[Export]:
    """The files this person asked for."""
    return Export.objects.visible_to(user)


def has_one_to_fetch(user: User) -> bool:
    """Whether a file is ready that was never downloaded."""
    return downloads(user).filter(status=Export.Status.DONE, fetched_at=None).exists()


def kept_until(export: Export, organisation: Organisation) -> datetime | None:
    """When its file goes away; None while there is none."""
    if export.status != Export.Status.DONE or export.ended_at is None:
        return None
    return export.ended_at + timedelta(days=organisation.keep_downloads_days)
