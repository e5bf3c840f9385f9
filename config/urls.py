"""The addresses of every room."""

from django.urls import include, path

urlpatterns = [
    path("", include("core.urls")),
    path("", include("connectors.urls")),
    path("", include("reviews.urls")),
]

handler404 = "core.views.problems.not_found"
handler500 = "core.views.problems.broken"
