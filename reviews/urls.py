"""Addresses of reviews."""

from django.urls import URLPattern, path

from reviews.views import policies, policy_builder

POLICIES = [
    path("policies/", policies.every_policy, name="policies"),
    path("policies/add/", policy_builder.add, name="add_policy"),
    path("policies/<pk>/", policies.policy, name="policy"),
    path("policies/<pk>/edit/", policy_builder.edit, name="edit_policy"),
    path("policies/<pk>/duplicate/", policies.duplicate, name="duplicate_policy"),
    path("policies/<pk>/retire/", policies.retire, name="retire_policy"),
    path("policies/<pk>/removal/", policies.follow_denials, name="follow_denials"),
]

app_name = "reviews"
urlpatterns: list[URLPattern] = [*POLICIES]
