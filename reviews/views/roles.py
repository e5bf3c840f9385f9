"""The roles of a campaign as they were frozen, what changed of them, and the file that tells of each."""

from itertools import islice

from django.contrib import messages
from django.db.models import Exists, OuterRef, QuerySet
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from core.http import HtmxRequest
from core.queries.asked import one_of, page
from reviews.actions import role_files
from reviews.actions.permission import may_run
from reviews.forms.role_files import RoleFileForm
from reviews.models import Campaign, ReviewTask, RoleFile
from reviews.queries import evidence_roles
from reviews.views.evidence import sent
from reviews.views.running import head, shown

LIST, ONE = "reviews/running_roles.html", "reviews/running_role.html"
FILTERS = {"changed": "Changed since the campaign before", "without_file": "Without a file"}
MOST = 500
"""Changed roles that the page lists; the file Roles has them all."""


@require_GET
def roles(request: HtmxRequest, pk: str) -> HttpResponse:
    """All of them, or those that changed, or those without a file."""
    campaign = shown(request, pk)
    only = one_of(request, "only", FILTERS)
    shown_page = page(request, _wanted(campaign, only), order="line_no")
    context = head(request, campaign, "evidence") | {
        "page": shown_page,
        "roles": evidence_roles.told(campaign, shown_page.rows),
        "only": only,
        "filters": FILTERS,
        "may_attach": _may_attach(request, campaign),
    }
    return render(request, LIST, context)


@require_http_methods(["GET", "POST"])
def role(request: HtmxRequest, pk: str, entitlement: str) -> HttpResponse:
    """One of them with its files, and attaching one."""
    campaign = shown(request, pk)
    line = get_object_or_404(campaign.tasks.filter(entitlement=entitlement).order_by("line_no")[:1])
    found = evidence_roles.told(campaign, [line])[0]
    form = RoleFileForm(request.POST, request.FILES) if request.method == "POST" else RoleFileForm()
    if form.is_bound and form.is_valid():
        file = form.cleaned_data["file"]
        kept = role_files.attach(
            campaign, line.entitlement, name=file.name or "", content=file.read(), by=request.user
        )
        messages.success(request, f"{kept} is attached.")
        return redirect("reviews:campaign_role", campaign.pk, entitlement)
    files = campaign.role_files.filter(entitlement=entitlement).select_related("by").order_by("-pk")
    context = head(request, campaign, "evidence") | {
        "role": found,
        "files": files,
        "form": form,
        "megabytes": role_files.MEGABYTES,
        "may_attach": _may_attach(request, campaign),
    }
    return render(request, ONE, context, status=422 if form.errors else 200)


@require_GET
def role_file(request: HtmxRequest, pk: str, key: str) -> FileResponse:
    """The file itself, also one that was replaced."""
    campaign = shown(request, pk)
    found = get_object_or_404(RoleFile.objects.visible_to(request.user).filter(campaign=campaign), key=key)
    return sent(
        str(found.file.name), name=found.name, suffix=found.suffix, lost="It has to come from a backup."
    )


def _may_attach(request: HtmxRequest, campaign: Campaign) -> bool:
    return role_files.may_attach(campaign) and may_run(campaign, request.user)


def _wanted(campaign: Campaign, only: str) -> QuerySet[ReviewTask]:
    rows = evidence_roles.first_lines(campaign)
    if only == "changed":
        changed = (each for each in evidence_roles.roles(campaign) if each.changes or each.is_new)
        return rows.filter(line_no__in=[each.line.line_no for each in islice(changed, MOST)])
    if only == "without_file":
        files = RoleFile.objects.filter(campaign=campaign, entitlement=OuterRef("entitlement"))
        return rows.filter(~Exists(files))
    return rows
