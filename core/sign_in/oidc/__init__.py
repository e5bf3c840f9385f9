"""OpenID Connect as we speak it: authorization code flow with PKCE, ID tokens checked claim by claim."""

from core.sign_in.oidc.door import ProviderTrouble
from core.sign_in.oidc.flow import Client, Flow, finish, go, new_flow
from core.sign_in.oidc.metadata import forget

__all__ = ["Client", "Flow", "ProviderTrouble", "finish", "forget", "go", "new_flow"]
