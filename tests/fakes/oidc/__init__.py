"""A pretend identity provider: OpenID Connect over real HTTP, always in a process of its own."""

from tests.fakes.oidc.running import OidcProvider

__all__ = ["OidcProvider"]
