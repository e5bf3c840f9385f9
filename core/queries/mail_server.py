"""The mail server that letters go through: of the environment, or of the settings page."""

import ipaddress
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from django.conf import settings

from core.errors import Denied
from core.models import MailServer, User
from core.models.keys import place_of
from core.sealing import unseal

SCHEMES = {
    "smtp": MailServer.Security.NONE,
    "smtps": MailServer.Security.TLS,
    "smtp+tls": MailServer.Security.STARTTLS,
}
"""What the schemes of MAIL_URL mean."""
PORTS = {
    MailServer.Security.NONE: 25,
    MailServer.Security.TLS: 465,
    MailServer.Security.STARTTLS: 587,
}
"""The usual ports (RFC 5321, 8314, 6409)."""
UNSETTLED = (MailServer.Status.CHECKING, MailServer.Status.REFUSED)


@dataclass(frozen=True, slots=True)
class Server:
    """Where letters are handed in, and as whom."""

    host: str
    port: int
    security: str
    username: str
    sender: str
    """`Name <name@host>`."""
    password: str = field(repr=False, default="")

    def __str__(self) -> str:
        return f"{self.host}, port {self.port}"


def of_environment() -> Server | None:
    """The one MAIL_URL names; it wins over the settings page."""
    if not settings.MAIL_URL:
        return None
    parts = urlsplit(settings.MAIL_URL)
    security = SCHEMES[parts.scheme]
    return Server(
        host=parts.hostname or "",
        port=parts.port or PORTS[security],
        security=security,
        username=unquote(parts.username or ""),
        password=unquote(parts.password or ""),
        sender=settings.MAIL_FROM,
    )


def opened(row: MailServer) -> Server:
    """With its password; raises CannotOpen where its key is gone."""
    return Server(
        host=row.host,
        port=row.port,
        security=row.security,
        username=row.username,
        password=password_of(row),
        sender=row.sender,
    )


def password_of(row: MailServer) -> str:
    """Empty where it has none; raises CannotOpen where its key is gone."""
    return unseal(row.sealed, place=place_of(row, "sealed")) if row.sealed else ""


def in_force() -> MailServer | None:
    """The one of the settings page that letters go through, unless MAIL_URL names another."""
    return MailServer.objects.filter(status=MailServer.Status.IN_FORCE).first()


def unsettled() -> MailServer | None:
    """What was saved last and is not in force: being tried, or refused."""
    return MailServer.objects.filter(status__in=UNSETTLED).order_by("-pk").first()


def server_for_letters() -> Server | None:
    """Where letters go; None without any server. Raises CannotOpen where the key of its password is gone."""
    named = of_environment()
    if named is not None:
        return named
    row = in_force()
    return opened(row) if row is not None else None


def must_see_mail_server(user: User) -> None:
    if not user.sees_everything:
        raise Denied("Only Super Administrators and auditors can see how letters are sent.")


def is_this_machine(host: str) -> bool:
    """Whether this host is the machine itself, which nobody can listen in on."""
    if host.lower().rstrip(".") == "localhost":
        return True
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return False


def leads_nowhere() -> bool:
    """Whether the links in letters lead to this machine alone: PUBLIC_URL was not set for others."""
    return is_this_machine(urlsplit(settings.PUBLIC_URL).hostname or "")
