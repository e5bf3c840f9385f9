"""What people type in the connectors room, turned into typed values or into sentences about what is wrong."""

from connectors.forms.matching import MatchingForm
from connectors.forms.setting_up import AppForm, OwnersForm, ReasonForm, SettingsForm

__all__ = ["AppForm", "MatchingForm", "OwnersForm", "ReasonForm", "SettingsForm"]
