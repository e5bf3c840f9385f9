"""What this room shows on pages of the lower ones: its links in the rail, the last step of the set-up."""

from collections.abc import Mapping
from typing import Any

from django.http import HttpRequest
from django.urls import reverse

from connectors.actions.permission import may_govern
from connectors.models import SyncRun
from core.models import User
from reviews.actions import staging
from reviews.actions.permission import may_make_campaigns
from reviews.models import Campaign, Removal
from reviews.queries import campaigns as queries
from reviews.queries.first_review import is_offered
from reviews.queries.mine import mine, open_lines
from reviews.queries.policies import may_see_policies
from reviews.queries.preferring import preferred_by_both
from reviews.queries.removals import FOR_OWNERS, late, late_campaigns, waiting_for

type Shown = Mapping[str, Any] | None

SHOWN = 10


def campaigns_link(request: HttpRequest, details: Mapping[str, Any]) -> Shown:
    """For those who set campaigns up or look into them, and for those who sign one off."""
    user = _user(request)
    if user is None:
        return None
    sees = may_make_campaigns(user) or user.sees_everything
    if not sees and not Campaign.objects.visible_to(user).exists():
        return None
    return {"label": "Campaigns", "icon": "flag", "url": reverse("reviews:campaigns"), "group": "admin"}


def reviews_link(request: HttpRequest, details: Mapping[str, Any]) -> Shown:
    """For everyone: with the number of lines that wait for the reader."""
    user = _user(request)
    if user is None:
        return None
    link = {"label": "Reviews", "icon": "checklist", "url": reverse("reviews:reviews")}
    return {**link, "count": open_lines(user)}


def first_review(request: HttpRequest, details: Mapping[str, Any]) -> Shown:
    """The way to a first review that needs no vendor."""
    user = _user(request)
    return {} if user is not None and is_offered(user) else None


def waiting_reviews(request: HttpRequest, details: Mapping[str, Any]) -> Shown:
    """Reviews with lines that the reader has not decided."""
    user = _user(request)
    rows = [each for each in mine(user) if each.is_open] if user else []
    return {"rows": rows} if rows else None


def removals(request: HttpRequest, details: Mapping[str, Any]) -> Shown:
    """Removals that wait for the owner of their app."""
    user = _user(request)
    if user is None:
        return None
    rows = waiting_for(user)
    to_do = rows.filter(status__in=FOR_OWNERS).count()
    to_confirm = rows.filter(status=Removal.Status.WAITING).count()
    if not to_do and not to_confirm:
        return None
    return {"to_confirm": to_confirm, "to_do": to_do, "late": late(rows).count()}


def late_removals(request: HttpRequest, details: Mapping[str, Any]) -> Shown:
    """Removals past their day in campaigns of the reader's own."""
    user = _user(request)
    rows = late_campaigns(user) if user is not None else []
    return {"rows": rows} if rows else None


def checklist(request: HttpRequest, details: Mapping[str, Any]) -> Mapping[str, Any]:
    """The last step of the set-up: a first campaign that asked its reviewers."""
    step = {"title": "First access review", "icon": "checklist"}
    started = Campaign.objects.filter(started_at__isnull=False)
    if started.exists():
        signed = started.filter(status=Campaign.Status.SIGNED_OFF).count()
        said = f"{signed:,} signed off." if signed else "None is signed off yet."
        sentence = f"{_counted(started.count())} started. {said}"
        page = reverse("reviews:campaigns")
        return {**step, "state": "done", "sentence": sentence, "url": page, "label": "See campaigns"}
    if Campaign.objects.filter(status__in=queries.STATES[queries.DRAFTS]).exists():
        page = f"{reverse('reviews:campaigns')}?tab={queries.DRAFTS}"
        sentence = "Drafted, and not started yet."
        return {**step, "state": "open", "sentence": sentence, "url": page, "label": "Go on"}
    if SyncRun.objects.filter(status=SyncRun.Status.DONE).exists():
        sentence = "Nothing was reviewed yet."
        page = reverse("reviews:new_campaign")
        return {**step, "state": "open", "sentence": sentence, "url": page, "label": "Set up"}
    sentence = "Possible once Coupa is connected and its accounts have owners."
    user = _user(request)
    if user is not None and is_offered(user):
        sentence += " Over Reeve's own administrators it is possible now."
        page = reverse("reviews:first_review")
        return {**step, "state": "later", "sentence": sentence, "url": page, "label": "Look"}
    return {**step, "state": "later", "sentence": sentence}


def waiting(request: HttpRequest, details: Mapping[str, Any]) -> Shown:
    """Campaigns of this person's to be started or put right; stagings that want their yes."""
    user = _user(request)
    if user is None or not may_make_campaigns(user):
        return None
    seconds = list(queries.waiting_for_second(user)[:SHOWN]) if staging.needs_second() else []
    found = {"seconds": seconds, "owned": list(queries.waiting_for_owner(user)[:SHOWN])}
    return found if any(found.values()) else None


def rules_part(request: HttpRequest, details: Mapping[str, Any]) -> Shown:
    """What holds for all reviews, as a part of Settings."""
    user = _user(request)
    if user is None or not user.sees_everything:
        return None
    return {"name": "reviews", "label": "Reviews", "url": reverse("reviews:rules")}


def sign_offs(request: HttpRequest, details: Mapping[str, Any]) -> Shown:
    """Campaigns that wait for the reader to sign them off."""
    user = _user(request)
    rows = list(queries.waiting_for_sign_off(user)[:SHOWN]) if user else []
    return {"rows": rows} if rows else None


def signing(request: HttpRequest, details: Mapping[str, Any]) -> Shown:
    """The other campaigns that the reader is the control owner of, whatever their state."""
    user = _user(request)
    if user is None:
        return None
    waiting = queries.waiting_for_sign_off(user).values("pk")
    rows = list(queries.signed_by(user).exclude(pk__in=waiting)[:SHOWN])
    return {"rows": rows} if rows else None


def campaigns_of(request: HttpRequest, details: Mapping[str, Any]) -> Shown:
    """On an app's page: the latest campaigns that take it in."""
    user, app = _user(request), details["app"]
    if user is None:
        return None
    found = queries.campaigns_of(app, user)
    return {"campaigns": found} if found else None


def _counted(number: int) -> str:
    return "1 campaign was" if number == 1 else f"{number:,} campaigns were"


def _user(request: HttpRequest) -> User | None:
    return request.user if isinstance(request.user, User) else None


def policies_link(request: HttpRequest, details: Mapping[str, Any]) -> Shown:
    """For those who set up campaigns, and for auditors."""
    user = _user(request)
    if user is None or not may_see_policies(user):
        return None
    return {"label": "Policies", "icon": "git-branch", "url": reverse("reviews:policies"), "group": "admin"}


def preferred_policy(request: HttpRequest, details: Mapping[str, Any]) -> Shown:
    """On the page of an app or an entitlement: who should decide on it, and the way to choose."""
    user, app = _user(request), details["app"]
    entitlement = details.get("entitlement")
    if user is None:
        return None
    governs = may_govern(app, user)
    policy, of_app = preferred_by_both(app, entitlement)
    if not governs and policy is None and of_app is None:
        return None
    keys = [app.pk, entitlement.pk] if entitlement else [app.pk]
    url = reverse("reviews:entitlement_policy" if entitlement else "reviews:app_policy", args=keys)
    return {
        "policy": policy,
        "of_app": of_app if entitlement else None,
        "is_entitlement": entitlement is not None,
        "url": url if governs else "",
    }
