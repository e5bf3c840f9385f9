"""People as evidence names them: as they were when they came to the campaign."""

from collections.abc import Collection

from core.models import User
from reviews.models import Campaign, PersonThen

MOST = 8_000
"""People held at once: so many more than a page of lines names that memory need not grow with them."""


class Names:
    """By key. Learned in few queries; somebody who was not kept yet is named as they are now."""

    def __init__(self, campaign: Campaign) -> None:
        self._campaign = campaign
        self._then: dict[str, PersonThen] = {}
        self._said: dict[str, str] = {}

    def learn(self, keys: Collection[str | None]) -> None:
        """In one query, or two, for all of them. Those learned earlier may be forgotten."""
        if len(self._said) > MOST:
            self._then.clear()
            self._said.clear()
        wanted = {key for key in keys if key} - self._said.keys()
        if not wanted:
            return
        for each in PersonThen.objects.filter(campaign=self._campaign, person__in=wanted):
            self._then[each.person_id] = each
            self._said[each.person_id] = str(each)
        if missing := wanted - self._then.keys():
            rows = User.objects.filter(pk__in=missing).values_list("pk", "name", "email")
            self._said |= {pk: f"{name} <{email}>" if email else name for pk, name, email in rows}

    def then(self, key: str | None) -> PersonThen | None:
        """All that was kept of somebody who was learned."""
        return self._then.get(key) if key else None

    def __call__(self, key: str | None) -> str:
        """Name and e-mail."""
        return self._said.get(key, key) if key else ""

    def name(self, key: str | None) -> str:
        """Without the e-mail."""
        then = self.then(key)
        return then.name if then else self(key).partition(" <")[0]

    def one(self, key: str | None, nobody: str = "") -> str:
        """Name and e-mail of somebody, learned if need be."""
        self.learn([key])
        return self(key) or nobody
