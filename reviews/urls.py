"""Addresses of reviews."""

from django.urls import URLPattern, path

from reviews.views import (
    campaigns,
    control_owner,
    desk,
    desk_lines,
    drafts,
    ending,
    evidence,
    lines,
    policies,
    policy_builder,
    reassigning,
    reminding,
    removals,
    reviews,
    running,
    staged,
    standing_in,
    submitting,
    templates,
)

app_name = "reviews"
CAMPAIGNS = [
    path("campaigns/", campaigns.campaigns, name="campaigns"),
    path("campaigns/new/", campaigns.new, name="new_campaign"),
    path("campaigns/columns/<slug:tab>/", campaigns.columns, name="campaign_columns"),
    path("campaigns/templates/<slug:pk>/", templates.template, name="template"),
    path("campaigns/templates/<slug:pk>/settings/", templates.settings, name="template_settings"),
    path("campaigns/templates/<slug:pk>/scope/", templates.scope, name="template_scope"),
    path("campaigns/templates/<slug:pk>/schedule/", templates.course, name="template_course"),
    path("campaigns/templates/<slug:pk>/draft/", templates.draft, name="make_draft"),
    path("campaigns/templates/<slug:pk>/retire/", templates.retire, name="retire_template"),
    path("campaigns/<slug:pk>/", staged.campaign, name="campaign"),
    path("campaigns/<slug:pk>/scope/", drafts.scope, name="draft_scope"),
    path("campaigns/<slug:pk>/reviewers/", drafts.reviewers, name="draft_reviewers"),
    path("campaigns/<slug:pk>/data/", drafts.data, name="draft_data"),
    path("campaigns/<slug:pk>/settings/", drafts.settings, name="draft_settings"),
    path("campaigns/<slug:pk>/schedule/", drafts.schedule, name="draft_schedule"),
    path("campaigns/<slug:pk>/validate/", drafts.validate, name="validate_scope"),
    path("campaigns/<slug:pk>/stage/", drafts.stage, name="stage"),
    path("campaigns/<slug:pk>/second/", drafts.second, name="second_override"),
    path("campaigns/<slug:pk>/start/", campaigns.start, name="start_campaign"),
    path("campaigns/<slug:pk>/cancel/", campaigns.cancel, name="cancel_campaign"),
    path("campaigns/<slug:pk>/discard/", campaigns.discard, name="discard_draft"),
    path("campaigns/<slug:pk>/duplicate/", campaigns.duplicate, name="duplicate_campaign"),
    path("campaigns/<slug:pk>/owners/", campaigns.owners, name="campaign_owners"),
    path("campaigns/<slug:pk>/instructions/", drafts.instructions, name="instructions"),
    path("campaigns/<slug:pk>/template/", templates.new, name="new_template"),
]
RUNNING = [
    path("campaigns/<slug:pk>/tasks/", lines.campaign_lines, name="campaign_lines"),
    path("campaigns/<slug:pk>/tasks/<int:line_no>/", lines.campaign_line, name="campaign_line"),
    path("campaigns/<slug:pk>/tasks/<int:line_no>/comment/", lines.say, name="say"),
    path("campaigns/<slug:pk>/tasks/<int:line_no>/correct/", lines.correct, name="correct"),
    path(
        "campaigns/<slug:pk>/tasks/<int:line_no>/reassign/", reassigning.reassign_line, name="reassign_line"
    ),
    path(
        "campaigns/<slug:pk>/reviewers/<slug:reviewer>/reassign/",
        reassigning.reassign_reviewer,
        name="reassign_reviewer",
    ),
    path("campaigns/<slug:pk>/submissions/", running.submissions, name="campaign_submissions"),
    path("campaigns/<slug:pk>/removals/", removals.removals, name="removals"),
    path("campaigns/<slug:pk>/counts/", running.data, name="campaign_counts"),
    path("campaigns/<slug:pk>/trail/", running.trail, name="campaign_trail"),
    path("campaigns/<slug:pk>/control-owner/", control_owner.control_owner, name="control_owner"),
    path("campaigns/<slug:pk>/remind/", reminding.remind, name="remind"),
    path("campaigns/<slug:pk>/close/", ending.close_campaign, name="close_campaign"),
    path("campaigns/<slug:pk>/sign-off/", ending.sign_off, name="sign_off"),
    path("campaigns/<slug:pk>/sign-off/<int:line_no>/", ending.look_again, name="look_again"),
    path("reviews/removals/", removals.my_removals, name="my_removals"),
    path("reviews/removals/<slug:key>/", removals.removal, name="removal"),
]
EVIDENCE = [
    path("campaigns/<slug:pk>/evidence/", evidence.evidence, name="evidence"),
    path("campaigns/<slug:pk>/evidence/<slug:key>/", evidence.report, name="report"),
]
POLICIES = [
    path("policies/", policies.every_policy, name="policies"),
    path("policies/add/", policy_builder.add, name="add_policy"),
    path("policies/<pk>/", policies.policy, name="policy"),
    path("policies/<pk>/edit/", policy_builder.edit, name="edit_policy"),
    path("policies/<pk>/duplicate/", policies.duplicate, name="duplicate_policy"),
    path("policies/<pk>/retire/", policies.retire, name="retire_policy"),
    path("policies/<pk>/removal/", policies.follow_denials, name="follow_denials"),
]
DESK = [
    path("reviews/", reviews.reviews, name="reviews"),
    path("reviews/<str:pk>/", desk.desk, name="desk"),
    path("reviews/<str:pk>/mark/", desk.mark, name="mark"),
    path("reviews/<str:pk>/columns/", desk.columns, name="desk_columns"),
    path("reviews/<str:pk>/give/", desk_lines.give, name="give"),
    path("reviews/<str:pk>/comment/", desk_lines.comment_several, name="comment_several"),
    path("reviews/<str:pk>/stand-in/", standing_in.stand_in, name="stand_in"),
    path("reviews/<str:pk>/submit/", submitting.submit, name="submit"),
    path("reviews/<str:pk>/submissions/", submitting.submissions, name="submissions"),
    path("reviews/<str:pk>/submissions/<slug:key>/", submitting.submission, name="submission"),
    path("reviews/<str:pk>/lines/<int:line_no>/", desk_lines.line, name="line"),
    path("reviews/<str:pk>/lines/<int:line_no>/comment/", desk_lines.comment, name="comment"),
]
urlpatterns: list[URLPattern] = [*CAMPAIGNS, *RUNNING, *EVIDENCE, *POLICIES, *DESK]
