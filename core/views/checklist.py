"""The set-up checklist on the home page, for Super Administrators."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.urls import reverse

from core.http import HtmxRequest
from core.models import Organisation
from core.panels import panels
from core.queries.checklist import State, steps


@dataclass(frozen=True, slots=True)
class Checklist:
    """Every step, with those of other rooms, and how many there are to take."""

    rows: Sequence[dict[str, Any]]

    @property
    def countable(self) -> int:
        return sum(row["state"] != State.LATER for row in self.rows)

    @property
    def done(self) -> int:
        return sum(row["state"] == State.DONE for row in self.rows)

    @property
    def is_done(self) -> bool:
        return self.done == self.countable


def checklist(request: HtmxRequest) -> Checklist | None:
    """None for everybody who could not take the steps."""
    if not request.user.is_super:
        return None
    own = [
        {
            "title": step.title,
            "state": step.state,
            "sentence": step.sentence,
            "url": reverse(step.page),
            "label": step.label,
            "icon": step.icon,
        }
        for step in steps(Organisation.current())
    ]
    found = (panel.context(request, {}) for panel in panels("checklist"))
    return Checklist([*own, *(dict(row) for row in found if row is not None)])
