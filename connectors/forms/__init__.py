"""What people type in the connectors room, turned into typed values or into sentences about what is wrong."""

from connectors.forms.guarding import GuardForm, GuardsForm
from connectors.forms.setting_up import AppForm, OwnersForm, ReasonForm, SettingsForm
from connectors.forms.upkeep import AttributesForm, DeleteForm, KindsForm, RenameForm, ScheduleForm

__all__ = [
    "AppForm",
    "AttributesForm",
    "DeleteForm",
    "GuardForm",
    "GuardsForm",
    "KindsForm",
    "OwnersForm",
    "ReasonForm",
    "RenameForm",
    "ScheduleForm",
    "SettingsForm",
]
