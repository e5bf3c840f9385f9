"""What people type in the connectors room, turned into typed values or into sentences about what is wrong."""

from connectors.forms.app_lists import (
    AppListForm,
    ApplyListForm,
)
from connectors.forms.applications import (
    AppOwnersForm,
    AppSettingsForm,
    DeleteAppForm,
    ForgetForm,
    ManageForm,
    NewAppForm,
)
from connectors.forms.entitlements import (
    EntitlementAttributesForm,
    EntitlementForm,
    ResourceForm,
)
from connectors.forms.guarding import (
    GuardForm,
    GuardsForm,
)
from connectors.forms.matching import (
    MatchingForm,
)
from connectors.forms.orders import (
    OrderReasonForm,
)
from connectors.forms.setting_up import (
    AppForm,
    OwnersForm,
    ReasonForm,
    SettingsForm,
)
from connectors.forms.tags import (
    NewTagForm,
    RuleForm,
    TagForm,
)
from connectors.forms.upkeep import (
    AttributesForm,
    DeleteForm,
    KindsForm,
    RenameForm,
    ScheduleForm,
)

__all__ = [
    "AppForm",
    "AppListForm",
    "AppOwnersForm",
    "AppSettingsForm",
    "ApplyListForm",
    "AttributesForm",
    "DeleteAppForm",
    "DeleteForm",
    "EntitlementAttributesForm",
    "EntitlementForm",
    "ForgetForm",
    "GuardForm",
    "GuardsForm",
    "KindsForm",
    "ManageForm",
    "MatchingForm",
    "NewAppForm",
    "NewTagForm",
    "OrderReasonForm",
    "OwnersForm",
    "ReasonForm",
    "RenameForm",
    "ResourceForm",
    "RuleForm",
    "ScheduleForm",
    "SettingsForm",
    "TagForm",
]
