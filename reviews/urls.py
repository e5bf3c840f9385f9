"""Addresses of reviews."""

from django.urls import URLPattern, path

from reviews.views import ending, lines, removals, running

app_name = "reviews"
RUNNING = [
    path("campaigns/<slug:pk>/tasks/", lines.campaign_lines, name="campaign_lines"),
    path("campaigns/<slug:pk>/tasks/<int:line_no>/", lines.campaign_line, name="campaign_line"),
    path("campaigns/<slug:pk>/tasks/<int:line_no>/correct/", lines.correct, name="correct"),
    path("campaigns/<slug:pk>/submissions/", running.submissions, name="campaign_submissions"),
    path("campaigns/<slug:pk>/removals/", removals.removals, name="removals"),
    path("campaigns/<slug:pk>/counts/", running.data, name="campaign_counts"),
    path("campaigns/<slug:pk>/trail/", running.trail, name="campaign_trail"),
    path("campaigns/<slug:pk>/close/", ending.close_campaign, name="close_campaign"),
    path("campaigns/<slug:pk>/sign-off/", ending.sign_off, name="sign_off"),
    path("campaigns/<slug:pk>/sign-off/<int:line_no>/", ending.look_again, name="look_again"),
    path("reviews/removals/", removals.my_removals, name="my_removals"),
    path("reviews/removals/<slug:key>/", removals.removal, name="removal"),
]
urlpatterns: list[URLPattern] = [
    path("campaigns/<slug:pk>/", running.overview, name="campaign"),
    *RUNNING,
]
