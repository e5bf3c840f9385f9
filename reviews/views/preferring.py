"""The preferred review policy of an app and of one entitlement, chosen by those who govern the app."""

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from connectors.actions.permission import must_govern
from connectors.models import App, Entitlement
from core.http import HtmxRequest
from reviews.actions import policies_built_in, preferring
from reviews.forms.scope import EntitlementPolicyForm
from reviews.models import Policy
from reviews.queries.preferring import preferred_of


@require_http_methods(["GET", "POST"])
def app_policy(request: HtmxRequest, app: str) -> HttpResponse:
    """Who should decide on whatever the app gives access to."""
    shown = get_object_or_404(App.objects.visible_to(request.user), pk=app)
    return _page(request, shown, None, reverse("connectors:application", args=[shown.pk]))


@require_http_methods(["GET", "POST"])
def entitlement_policy(request: HtmxRequest, app: str, entitlement: str) -> HttpResponse:
    """Who should decide on one entitlement."""
    of = get_object_or_404(App.objects.visible_to(request.user), pk=app)
    shown = get_object_or_404(Entitlement.objects.filter(app=of).select_related("resource"), pk=entitlement)
    return _page(request, of, shown, reverse("connectors:entitlement", args=[of.pk, shown.pk]))


def _page(request: HtmxRequest, app: App, entitlement: Entitlement | None, back: str) -> HttpResponse:
    must_govern(app, request.user)
    policies_built_in.ensure()
    typed = request.POST if request.method == "POST" else None
    form = EntitlementPolicyForm(typed, present=preferred_of(app, entitlement))
    if form.is_bound and form.is_valid():
        preferring.prefer(app, entitlement, form.cleaned_data["policy"], by=request.user)
        messages.success(request, "Saved. Campaigns that use preferred policies ask by it from now on.")
        return redirect(back)
    context = {
        "app": app,
        "entitlement": entitlement,
        "of_app": preferred_of(app),
        "form": form,
        "policies": Policy.objects.here().order_by("built_in", "name"),
        "back": back,
    }
    return render(request, "reviews/policy_preferred.html", context, status=422 if form.is_bound else 200)
