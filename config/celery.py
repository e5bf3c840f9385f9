"""The Celery app and the timetable of the sweepers."""

import os

from celery import Celery
from celery.signals import celeryd_after_setup

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("reeve")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["core", "connectors"], related_name="jobs")
app.conf.beat_schedule = {
    "connectors": {"task": "connectors.sweep", "schedule": 10.0, "options": {"expires": 10.0}},
    "letters": {"task": "core.sweep_mail", "schedule": 30.0, "options": {"expires": 30.0}},
}


@celeryd_after_setup.connect
def take_over(**_: object) -> None:
    """A worker that is known to be the only one need not wait for the leases of the one that was killed."""
    from django.conf import settings  # here, since Django is not set up where this module is read

    from core.leases import LeasedQuerySet, leased_tables

    if settings.SOLE_WORKER:
        for table in leased_tables():
            LeasedQuerySet(table).let_go()
