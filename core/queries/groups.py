"""Groups of people, as their pages show them."""

from django.db.models import Count, QuerySet

from core.errors import Denied
from core.models import Membership, PeopleGroup, User
from core.models.keys import folded


def group_rows(user: User, *, words: str = "") -> QuerySet[PeopleGroup]:
    """Groups with how many people are in each, for administrators; words of name or description."""
    if not (user.is_active and user.is_administrator):
        raise Denied("Only administrators can see groups of people.")
    rows = PeopleGroup.objects.annotate(member_count=Count("memberships"))
    for word in folded(words).split():
        rows = rows.filter(search_text__contains=word)
    return rows


def members(group: PeopleGroup, *, words: str = "") -> QuerySet[User]:
    """Who is in it, in no order yet."""
    inside = Membership.objects.filter(group=group).values("person")
    return User.objects.filter(pk__in=inside).search(words)
