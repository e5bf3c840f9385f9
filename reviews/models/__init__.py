"""Policies, campaigns, the lines under review, who is asked, what they decided, what is taken away."""

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
    Mark,
    Progress,
    ReviewTask,
    SampledLine,
    Submission,
)
from reviews.models.task import Removal, Turn

__all__ = [
    "Campaign",
    "CampaignOwner",
    "Comment",
    "Control",
    "Decision",
    "Instructions",
    "LineRound",
    "Mark",
    "Policy",
    "PolicyVersion",
    "PopulationSource",
    "Progress",
    "Reminder",
    "Removal",
    "Report",
    "ReviewTask",
    "SampledLine",
    "Scope",
    "SourceFollowed",
    "Submission",
    "Template",
    "Turn",
]
