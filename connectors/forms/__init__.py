"""What people type in the connectors room, turned into typed values or into sentences about what is wrong."""

from connectors.forms.app_lists import AppListForm, ApplyListForm
from connectors.forms.applications import (
    AppOwnersForm,
    AppSettingsForm,
    DeleteAppForm,
    ForgetForm,
    ManageForm,
    NewAppForm,
)
from connectors.forms.setting_up import AppForm, OwnersForm, ReasonForm, SettingsForm

__all__ = [
    "AppForm",
    "AppListForm",
    "AppOwnersForm",
    "AppSettingsForm",
    "ApplyListForm",
    "DeleteAppForm",
    "ForgetForm",
    "ManageForm",
    "NewAppForm",
    "OwnersForm",
    "ReasonForm",
    "SettingsForm",
]
