"""Policies, campaigns, the lines under review, who is asked, what they decided, what is taken away."""

from reviews.models.applying import AppliedPolicy, PreferredPolicy, ScopePolicy
from reviews.models.campaign import (
    Campaign,
    CampaignOwner,
    Control,
    Instructions,
    PopulationSource,
    Scope,
    SourceFollowed,
    Template,
)
from reviews.models.policy import Policy, PolicyVersion
from reviews.models.reminder import Reminder
from reviews.models.report import Report
from reviews.models.review import (
    Comment,
    Decision,
    LineRound,
    Look,
    Mark,
    Progress,
    ReviewTask,
    SampledLine,
    Submission,
)
from reviews.models.role_file import RoleFile
from reviews.models.rules import ReviewRules
from reviews.models.task import Removal, Turn
from reviews.models.then import ConsoleThen, MovedGrant, PeopleSource, PersonThen

__all__ = [
    "AppliedPolicy",
    "Campaign",
    "CampaignOwner",
    "Comment",
    "ConsoleThen",
    "Control",
    "Decision",
    "Instructions",
    "LineRound",
    "Look",
    "Mark",
    "MovedGrant",
    "PeopleSource",
    "PersonThen",
    "Policy",
    "PolicyVersion",
    "PopulationSource",
    "PreferredPolicy",
    "Progress",
    "Reminder",
    "Removal",
    "Report",
    "ReviewRules",
    "ReviewTask",
    "RoleFile",
    "SampledLine",
    "Scope",
    "ScopePolicy",
    "SourceFollowed",
    "Submission",
    "Template",
    "Turn",
]
