"""The addresses of the identity provider."""

import math

from core.models import IdentityProvider, ProviderTie, User
from core.models.keys import place_of
from core.sealing import seal
from core.sign_in.oidc import metadata
from tests.permissions.asking import Request, World

TABLE = """
                       super     connector_admin owner    app_owner basic    application campaign request  helpdesk read_only deactivated stranger
core:identity_provider 200/done  403/403         403/403  403/403   403/403  403/403     403/403  403/403  403/403  200/403   302/302     302/302
core:try_provider      409/405   403/405         403/405  403/405   403/405  403/405     403/405  403/405  403/405  403/405   302/302     302/302
core:provider_in_force 405/done  405/403         405/403  405/403   405/403  405/403     405/403  405/403  405/403  405/403   302/302     302/302
core:provider_out      405/done  405/403         405/403  405/403   405/403  405/403     405/403  405/403  405/403  405/403   302/302     302/302
core:forget_tie        405/done  405/403         405/404  405/404   405/404  405/403     405/403  405/403  405/403  405/403   302/302     302/302
core:provider_sign_in  away/405  away/405        away/405 away/405  away/405 away/405    away/405 away/405 away/405 away/405  away/405    away/405
core:provider_back     302/405   302/405         302/405  302/405   302/405  302/405     302/405  302/405  302/405  302/405   302/405     302/405
"""
ISSUER = "https://login.meridian.example"


def requests(world: World) -> dict[str, Request]:
    """What whoever has the right succeeds with. A try needs a provider that answers: its own tests have one."""
    present, tried, replaced = (provider(status) for status in ("in_force", "tried", "replaced"))
    known = metadata.Metadata(
        ISSUER,
        f"{ISSUER}/authorize",
        f"{ISSUER}/token",
        f"{ISSUER}/keys",
        "",
        takes_secret_by_post=False,
        names_itself=False,
    )
    metadata._documents[ISSUER] = (math.inf, known)
    typed = {
        "label": "Meridian",
        "issuer": ISSUER,
        "client_id": "reeve",
        "client_secret": "s3cret",
        "scopes": "openid email",
        "changed_at": tried.saved_at.isoformat(),
    }
    return {
        "core:identity_provider": Request(typed=typed),
        "core:try_provider": Request([replaced.pk]),
        "core:provider_in_force": Request([tried.pk]),
        "core:provider_out": Request([present.pk]),
        "core:forget_tie": Request([tied(world).pk]),
    }


def tied(world: World) -> User:
    """The Super Administrator, whom the provider in force knows."""
    person = world.person("super")
    ProviderTie.objects.create(user=person, issuer=ISSUER, client_id="reeve", subject="sub-ada")
    return person


def provider(status: str) -> IdentityProvider:
    row = IdentityProvider(status=status, label="Meridian", issuer=ISSUER, client_id="reeve")
    row.sealed = seal("s3cret", place=place_of(row, "sealed"))
    row.save()
    return row
