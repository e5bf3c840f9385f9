"""Coupa's licence flags: booleans on the user, read by what the tenant shows."""

import re

# Coupa's Users API page, and the sample users on its Delegations page.
NAMES = {
    "purchasing-user": "Purchasing",
    "contracts-user": "Contracts",
    "expense-user": "Expense",
    "sourcing-user": "Sourcing",
    "inventory-user": "Inventory",
    "analytics-user": "Analytics",
    "aic-user": "AI Spend Classification",
    "spend-guard-user": "Spend Guard",
    "ccw-user": "Contingent Workforce",
    "supply-chain-user": "Supply Chain",
    "risk-assess-user": "Risk Assess",
    "travel-user": "Travel",
    "treasury-user": "Treasury",
    "invoicing-user": "Invoicing",
    "clm-advanced-user": "CLM Advanced",
    "category-planner-user": "Category Planner",
    "category-strategy-user": "Category Strategy",
    "intake-user": "Intake",
    "coupa-navi-ai-agent-user": "Navi AI Agent",
}
NOT_LICENCES = frozenset({"api-user", "supplier-user", "support-user", "msp-user"})
"""Flags that look the same but say what sort of account it is."""
STAYING = frozenset({"purchasing-user", "contracts-user"})
"""Coupa accepts that these are taken away, and keeps them: noted by those who tried."""
FLAG = re.compile(r"[a-z0-9-]+-user")


def name(flag: str) -> str:
    """Coupa's name for the licence, or one made from a flag not known yet."""
    return NAMES.get(flag) or flag.removesuffix("-user").replace("-", " ").title()


def is_licence(flag: str, value: object) -> bool:
    """Whether this field of a user is a licence: known by name, or named like one and a boolean or null."""
    if flag in NAMES:
        return True
    is_flag = value is None or isinstance(value, bool)
    return is_flag and flag not in NOT_LICENCES and FLAG.fullmatch(flag) is not None
