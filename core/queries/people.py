"""Who is here, and who may be picked."""

from collections.abc import Collection

from django.db.models import Case, Q, QuerySet, When

from core.models import Role, User
from core.models.keys import folded


def has_administrator() -> bool:
    """Whether anybody can administer this console now. Until then the set-up link works."""
    return User.objects.active().holding(Role.SUPER).exists()


def administrators() -> QuerySet[User]:
    """Those to turn to when a rule refuses: at most three."""
    return User.objects.active().holding(Role.SUPER).order_by("search_text", "pk")[:3]


def people_matching(words: str, *, seen_by: User, without: Collection[str] = ()) -> QuerySet[User]:
    """At most twenty who can be picked: active, and every word stands in their name, e-mail or title.
    Those of whom a name begins so come first: an e-mail's domain matches everybody."""
    if not words.strip():
        return User.objects.none()
    found = User.objects.visible_to(seen_by).active().search(words).exclude(pk__in=without)
    start = folded(words).strip()
    begins = Q(search_text__startswith=start) | Q(search_text__contains=f" {start}")
    return found.order_by(Case(When(begins, then=0), default=1), "search_text", "pk")[:20]
