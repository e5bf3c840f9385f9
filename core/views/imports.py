"""Bringing people from a file: the files there were, and one of them."""

import io

from django.contrib import messages
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_GET, require_http_methods, require_POST

from core.actions import imports
from core.forms.imports import MEGABYTES, ApplyForm, FileForm
from core.http import HtmxRequest
from core.models import PeopleImport
from core.people_file import MOST_LINES
from core.queries import imports as queries
from core.queries.asked import page
from core.queries.imports import SHOWN

PAGE = "core/import.html"
GOES_ON = (PeopleImport.Status.READING, PeopleImport.Status.APPLYING)


@require_http_methods(["GET", "POST"])
def every_import(request: HtmxRequest) -> HttpResponse:
    rows = queries.imports(request.user)
    if request.method == "POST":
        imports.must_import(request.user)
    form = FileForm(request.POST, request.FILES) if request.method == "POST" else FileForm()
    if form.is_bound and form.is_valid():
        file = form.cleaned_data["file"]
        kept = imports.keep(file.name, file.read(), by=request.user)
        return redirect("core:import", kept.pk)
    shown = page(request, queries.with_counts(rows), order="-created_at")
    context = {"form": form, "page": shown, "megabytes": MEGABYTES, "most_lines": MOST_LINES}
    return render(request, "core/import_list.html", context, status=422 if form.errors else 200)


@require_GET
def one_import(request: HtmxRequest, pk: str) -> HttpResponse:
    """The page; asked by htmx, its state, again and again while a worker has the file."""
    return _page(request, _found(request, pk))


@require_POST
def apply(request: HtmxRequest, pk: str) -> HttpResponse:
    found = _found(request, pk)
    imports.must_import(request.user)
    form = ApplyForm(found.report, request.POST)
    if not form.is_valid():
        return _page(request, found, form)
    imports.order(found, **form.cleaned_data, by=request.user)
    return redirect("core:import", found.pk)


@require_POST
def discard(request: HtmxRequest, pk: str) -> HttpResponse:
    found = _found(request, pk)
    imports.discard(found, by=request.user)
    messages.success(request, "Discarded. Nothing was changed.")
    return redirect("core:imports")


@require_GET
def original(request: HtmxRequest, pk: str) -> FileResponse:
    """The file as it came: it may hold columns that are not used here."""
    found = _found(request, pk)
    imports.must_import(request.user)
    return FileResponse(
        io.BytesIO(queries.original(found)),
        as_attachment=True,
        filename=found.name,
        content_type="application/octet-stream",
    )


def _found(request: HtmxRequest, pk: str) -> PeopleImport:
    return get_object_or_404(queries.imports(request.user), pk=pk)


def _page(request: HttpRequest, found: PeopleImport, form: ApplyForm | None = None) -> HttpResponse:
    context = {
        "found": found,
        "report": found.report,
        "counts": found.report.get("counts", {}),
        "goes_on": found.status in GOES_ON,
        "form": form or ApplyForm(found.report),
        "shown": SHOWN,
        "said": request.GET.get("said", ""),
    }
    template = f"{PAGE}#state" if getattr(request, "htmx", False) else PAGE
    return render(request, template, context, status=422 if form is not None else 200)
