"""Lines that nobody could be asked about: found without writing anything, before or after the freeze."""

from dataclasses import dataclass, field
from itertools import islice

from reviews.models import Campaign
from reviews.queries.directory import Around, directory_for, policy_text
from reviews.queries.facts import lines_there_would_be
from reviews.queries.scope import grants_in
from reviews.routing import Nobody, asked

PAGE = 5_000
NAMED = 5
"""So many are named; the rest is a number."""


@dataclass(slots=True)
class Unasked:
    """How many of the lines looked at have nobody, and the first of them with the reason."""

    looked_at: int = 0
    number: int = 0
    first: list[str] = field(default_factory=list)

    @property
    def sentence(self) -> str:
        """Empty where each has somebody."""
        if not self.number:
            return ""
        count = "1 line" if self.number == 1 else f"{self.number:,} lines"
        more = f" And {self.number - NAMED:,} more." if self.number > NAMED else ""
        return f"Nobody can be asked about {count}. {' '.join(self.first)}{more}"


def look(campaign: Campaign, pages: int | None = None) -> Unasked:
    """Route what is in scope now by the policy as it reads now; at most so many pages of lines."""
    found = Unasked()
    version = campaign.policy_version or (campaign.policy.latest() if campaign.policy else None)
    if version is None:
        return found
    around, policy = Around.of(campaign), policy_text(version.pk)
    for page in islice(lines_there_would_be(grants_in(campaign.scope), size=PAGE), pages):
        directory = directory_for(around, policy, page)
        found.looked_at += len(page)
        for line in page:
            who = asked(policy, line, 1, directory)
            if not isinstance(who, Nobody):
                continue
            found.number += 1
            if found.number <= NAMED:
                name = line.account_name or line.account_login
                found.first.append(f"{name}, {line.entitlement_name}: {who.sentence}")
    return found
