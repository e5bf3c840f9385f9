"""Misbehaviour to be switched on: what providers do wrong, and what somebody in between would like to do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Habits:
    """Everything off."""

    claims: Mapping[str, Any] = field(default_factory=dict)
    """Stand in the ID token instead of the true ones; "+60" is a minute from now, null is none."""
    signing: str = ""
    """`none`: unsigned. `stranger`: a key nobody knows. `secret`: HS256 with the client secret."""
    state: str = ""
    """Sent back instead of the true one."""
    issuer_told: str = ""
    """The `iss` beside the code (RFC 9207)."""
    document: Mapping[str, Any] = field(default_factory=dict)
    """Stands in the discovery document instead of what is true."""
    status: Mapping[str, int] = field(default_factory=dict)
    """Answer these paths with that status."""
    body: Mapping[str, str] = field(default_factory=dict)
    """Answer these paths with this, as if it were JSON."""
    size: Mapping[str, int] = field(default_factory=dict)
    """Answer these paths with so many bytes."""
    slow: Mapping[str, float] = field(default_factory=dict)
    """Seconds before these paths are answered."""
    forgets_token: bool = False
    """No ID token is sent."""
    thin: bool = False
    """E-mail and name stand in the answer of the userinfo endpoint alone."""
    userinfo_sub: str = ""
    """The subject told there instead of the true one."""
