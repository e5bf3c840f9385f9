"""The Celery app and the timetable of the sweepers."""

import os
from collections.abc import Sequence

from celery import Celery, Task
from celery.schedules import crontab
from celery.signals import celeryd_after_setup, setup_logging, task_postrun, task_prerun

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("reeve")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["core", "connectors", "reviews"], related_name="jobs")
app.conf.beat_schedule = {
    "campaigns": {"task": "reviews.sweep_running", "schedule": 30.0, "options": {"expires": 30.0}},
    "connector_logs": {"task": "connectors.prune", "schedule": crontab(hour=3, minute=10)},
    "connector_matches": {"task": "connectors.rematch", "schedule": crontab(minute=40)},
    "connectors": {"task": "connectors.sweep", "schedule": 10.0, "options": {"expires": 10.0}},
    "exports": {"task": "core.sweep_exports", "schedule": 30.0, "options": {"expires": 30.0}},
    "imports": {"task": "core.sweep_imports", "schedule": 30.0, "options": {"expires": 30.0}},
    "letters": {"task": "core.sweep_mail", "schedule": 30.0, "options": {"expires": 30.0}},
    "mail servers": {"task": "core.sweep_mail_servers", "schedule": 10.0, "options": {"expires": 10.0}},
    "own access": {"task": "reviews.sweep_own_access", "schedule": crontab(minute="*/10")},
    "prune": {"task": "core.prune", "schedule": crontab(hour=3, minute=20)},
    "pulse": {"task": "core.pulse", "schedule": 10.0, "options": {"expires": 10.0}},
    "review steps": {"task": "reviews.sweep_steps", "schedule": crontab(minute=15)},
    "reminders": {"task": "reviews.remind", "schedule": crontab(minute="*/5"), "options": {"expires": 300.0}},
    "reports": {"task": "reviews.sweep_reports", "schedule": 30.0, "options": {"expires": 30.0}},
    "reviewers": {"task": "reviews.sweep_reviewers", "schedule": 60.0, "options": {"expires": 60.0}},
    "reviews": {"task": "reviews.sweep", "schedule": 10.0, "options": {"expires": 10.0}},
    "seals": {"task": "core.seal_trail", "schedule": 10.0, "options": {"expires": 10.0}},
    "timetable": {"task": "reviews.keep_timetable", "schedule": 60.0, "options": {"expires": 60.0}},
    "trail checks": {"task": "core.sweep_trail_checks", "schedule": 60.0, "options": {"expires": 60.0}},
}


@celeryd_after_setup.connect
def take_over(**_: object) -> None:
    """A worker that is known to be the only one need not wait for the leases of the one that was killed."""
    from django.conf import settings  # here, since Django is not set up where this module is read

    from core.leases import LeasedQuerySet, leased_tables

    if settings.SOLE_WORKER:
        for table in leased_tables():
            LeasedQuerySet(table).let_go()


@setup_logging.connect
def leave_logging_alone(**_: object) -> None:
    """With somebody listening Celery sets up nothing of its own: settings.LOGGING rules here, too."""


@task_prerun.connect
def job_begins(task: "Task[..., object]", args: Sequence[object] = (), **_: object) -> None:
    """Records of the log say which job wrote them, and about which row."""
    from core.logs import where

    where.set(" ".join([task.name, *map(str, args)]))


@task_postrun.connect
def job_is_over(**_: object) -> None:
    from core.logs import where

    where.set("")
