"""What people type in the connectors room, turned into typed values or into sentences about what is wrong."""

from connectors.forms.entitlements import AttributesForm, EntitlementForm, ResourceForm
from connectors.forms.setting_up import AppForm, OwnersForm, ReasonForm, SettingsForm
from connectors.forms.tags import NewTagForm, RuleForm, TagForm

__all__ = [
    "AppForm",
    "AttributesForm",
    "EntitlementForm",
    "NewTagForm",
    "OwnersForm",
    "ReasonForm",
    "ResourceForm",
    "RuleForm",
    "SettingsForm",
    "TagForm",
]
