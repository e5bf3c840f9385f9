"""What denying would lead to, said before anybody submits it. Writes nothing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from reviews.actions import removals
from reviews.models import Campaign, ReviewTask

OWNERS = 3
"""So many owners of an app are named."""


@dataclass(frozen=True, slots=True)
class Consequence:
    """What becomes of the denied access of one app."""

    app: str
    people: int
    access: int
    waits: bool
    """An owner of the app confirms first."""
    owners: Sequence[str]
    earliest: date
    latest: date
    """Between these days it is to be gone."""


def consequences(campaign: Campaign, tasks: Sequence[ReviewTask]) -> Sequence[Consequence]:
    """By app, what these denials would lead to, and by when."""
    apps = {task.app_id: task.app for task in tasks}
    found = []
    for key, app in sorted(apps.items(), key=lambda each: each[1].name):
        of_app = [task for task in tasks if task.app_id == key]
        found.append(
            Consequence(
                app=app.name,
                people=len({task.person_id or task.account_id for task in of_app}),
                access=len(of_app),
                owners=[owner.name for owner in app.owners_now()[:OWNERS]],
                earliest=min(map(removals.due_on, _one_a_risk(of_app))),
                latest=max(map(removals.due_on, _one_a_risk(of_app))),
                waits=removals.asks_first(campaign, of_app),
            )
        )
    return found


def _one_a_risk(tasks: Sequence[ReviewTask]) -> Sequence[ReviewTask]:
    """The clock looks at the risk alone."""
    return list({task.risk: task for task in tasks}.values())
