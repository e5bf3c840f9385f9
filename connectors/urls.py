"""Addresses of connectors."""

from django.urls import path

from connectors.views import accounts, apps, connectors, entitlements, explore, live, resources, runs, wizard

app_name = "connectors"
urlpatterns = [
    path("connectors/", connectors.index, name="index"),
    path("connectors/add/", wizard.catalogue, name="catalogue"),
    path("connectors/add/<slug:driver>/", wizard.add, name="add"),
    path("connectors/runs/<slug:key>/", runs.run, name="run"),
    path("connectors/runs/<slug:key>/confirm/", runs.confirm, name="confirm"),
    path("connectors/runs/<slug:key>/discard/", runs.discard, name="discard"),
    path("connectors/<slug:pk>/", connectors.connector, name="connector"),
    path("connectors/<slug:pk>/app/", wizard.app, name="app"),
    path("connectors/<slug:pk>/owners/", wizard.owners, name="owners"),
    path("connectors/<slug:pk>/ask-again/", wizard.ask_again, name="ask_again"),
    path("connectors/<slug:pk>/settings/", wizard.edit_settings, name="settings"),
    path("connectors/<slug:pk>/live/", live.live, name="live"),
    path("connectors/<slug:pk>/progress/", live.progress, name="progress"),
    path("connectors/<slug:pk>/sync/", connectors.sync, name="sync"),
    path("connectors/<slug:pk>/pause/", connectors.pause, name="pause"),
    path("connectors/<slug:pk>/resume/", connectors.resume, name="resume"),
    path("applications/", apps.applications, name="applications"),
    path("applications/questions/", explore.explore, name="explore"),
    path("applications/<slug:pk>/", apps.application, name="application"),
    path("applications/<slug:pk>/accounts/", accounts.accounts, name="accounts"),
    path("applications/<slug:pk>/accounts/<slug:account_pk>/", accounts.account, name="account"),
    path("applications/<slug:pk>/entitlements/", entitlements.entitlements, name="entitlements"),
    path(
        "applications/<slug:pk>/entitlements/attributes/",
        entitlements.attributes,
        name="entitlements_attributes",
    ),
    path(
        "applications/<slug:pk>/entitlements/<slug:entitlement_pk>/",
        entitlements.entitlement,
        name="entitlement",
    ),
    path(
        "applications/<slug:pk>/entitlements/<slug:entitlement_pk>/edit/",
        entitlements.edit,
        name="entitlement_edit",
    ),
    path("applications/<slug:pk>/resources/", resources.resources, name="resources"),
    path("applications/<slug:pk>/resources/<slug:resource_pk>/", resources.resource, name="resource"),
    path("applications/<slug:pk>/resources/<slug:resource_pk>/edit/", resources.edit, name="resource_edit"),
]
