"""The Celery app and the timetable of the sweepers."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

app = Celery("reeve")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks(["core", "connectors"], related_name="jobs")
app.conf.beat_schedule = {
    "connectors": {"task": "connectors.sweep", "schedule": 10.0, "options": {"expires": 10.0}},
    "letters": {"task": "core.sweep_mail", "schedule": 30.0, "options": {"expires": 30.0}},
}
