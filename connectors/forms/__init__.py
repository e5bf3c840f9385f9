"""What people type in the connectors room, turned into typed values or into sentences about what is wrong."""

from connectors.forms.app_lists import AppListForm, ApplyListForm
from connectors.forms.setting_up import AppForm, OwnersForm, ReasonForm, SettingsForm

__all__ = ["AppForm", "AppListForm", "ApplyListForm", "OwnersForm", "ReasonForm", "SettingsForm"]
