"""The evidence of a campaign: files made for auditors, each with its digest."""

from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from core.errors import NotPossible
from core.http import HtmxRequest
from core.queries.asked import page
from reviews.actions import reports
from reviews.models import Campaign, Report
from reviews.views.running import head, shown

PAGE = "reviews/evidence.html"
TABLE = f"{PAGE}#files"
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "pdf": "application/pdf",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@require_http_methods(["GET", "POST"])
def evidence(request: HtmxRequest, pk: str) -> HttpResponse:
    """The files there are, and having one made. Asked by htmx, the table alone, while one is being made."""
    campaign = shown(request, pk)
    if request.method == "POST":
        report = reports.want(campaign, request.POST.get("kind", ""), by=request.user)
        messages.success(request, f"{report.get_kind_display()}: it is being made.")
        return redirect("reviews:evidence", campaign.pk)
    rows = Report.objects.visible_to(request.user).filter(campaign=campaign).select_related("by")
    context = {
        "campaign": campaign,
        "page": page(request, rows, order="-created_at"),
        "is_busy": rows.filter(status=Report.Status.WANTED).exists(),
    }
    if request.htmx:
        return render(request, TABLE, context)
    context |= head(request, campaign, "evidence") | {
        "kinds": [kind for kind in Report.Kind if reports.may_have(kind, request.user)],
        "is_final": campaign.status == Campaign.Status.SIGNED_OFF,
    }
    return render(request, PAGE, context)


@require_GET
def report(request: HtmxRequest, pk: str, key: str) -> FileResponse:
    """The file itself."""
    rows = Report.objects.visible_to(request.user).filter(campaign=shown(request, pk))
    found = get_object_or_404(rows.filter(status=Report.Status.DONE), pk=key)
    try:
        file = default_storage.open(str(found.file.name))
    except FileNotFoundError as problem:  # a backup came back without its files
        raise NotPossible("This file is no longer there. Have it made again.") from problem
    kind = TYPES[found.suffix]
    reply = FileResponse(file, as_attachment=True, filename=found.name, content_type=kind)
    reply.headers["X-Content-Type-Options"] = "nosniff"
    reply.headers["Cache-Control"] = "private, no-store"
    return reply
