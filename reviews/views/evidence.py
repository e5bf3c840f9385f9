"""The evidence of a campaign: files made for auditors, each with its digests; the roles, and their files."""

from django.contrib import messages
from django.core.files.storage import default_storage
from django.http import FileResponse, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods

from core.errors import NotPossible
from core.http import HtmxRequest
from core.queries.asked import page
from reviews.actions import reports
from reviews.forms.evidence import ReportForm
from reviews.models import Campaign, Report
from reviews.views.running import head, shown

PAGE = "reviews/evidence.html"
TABLE = f"{PAGE}#files"
TYPES = {
    "csv": "text/csv; charset=utf-8",
    "json": "application/json",
    "pdf": "application/pdf",
    "png": "image/png",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@require_http_methods(["GET", "POST"])
def evidence(request: HtmxRequest, pk: str) -> HttpResponse:
    """The files there are, and having one made. Asked by htmx, the table alone, while one is being made."""
    campaign = shown(request, pk)
    form = ReportForm(request.POST) if request.method == "POST" else ReportForm()
    if form.is_bound and form.is_valid():
        report = reports.want(campaign, **form.cleaned_data, by=request.user)
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
        "form": form,
        "papers": _offered(request, lines=False),
        "of_lines": _offered(request, lines=True),
        "is_final": campaign.status == Campaign.Status.SIGNED_OFF,
    }
    return render(request, PAGE, context, status=422 if form.errors else 200)


@require_GET
def report(request: HtmxRequest, pk: str, key: str) -> FileResponse:
    """The file itself."""
    rows = Report.objects.visible_to(request.user).filter(campaign=shown(request, pk))
    found = get_object_or_404(rows.filter(status=Report.Status.DONE), pk=key)
    return sent(str(found.file.name), name=found.name, suffix=found.suffix, lost="Have it made again.")


def sent(stored: str, *, name: str, suffix: str, lost: str) -> FileResponse:
    """A file of the storage, never shown in the browser itself. `lost`: what to do if it is not there."""
    try:
        file = default_storage.open(stored)
    except FileNotFoundError as problem:  # a backup came back without its files
        raise NotPossible(f"This file is no longer there. {lost}") from problem
    reply = FileResponse(file, as_attachment=True, filename=name, content_type=TYPES[suffix])
    reply.headers["X-Content-Type-Options"] = "nosniff"
    reply.headers["Cache-Control"] = "private, no-store"
    return reply


def _offered(request: HtmxRequest, *, lines: bool) -> list[Report.Kind]:
    kinds = [kind for kind in Report.Kind if reports.may_have(kind, request.user)]
    return [kind for kind in kinds if (kind in Report.OF_LINES) == lines]
