"""What a driver promises: the records it speaks, the walk it makes, the errors it may raise.

Below the waterline: no Django, no database. The same code runs inside a self-hosted connector.
"""

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

from connectors.console import Console

type Scalar = str | int | bool | None
type Kind = str
"""A resource type's id: `user`, `group`, `role`, `license`."""
EVERY_OTHER_KIND: Kind = "*"
"""All kinds that a driver's capabilities do not name, for drivers that learn their kinds from the app.

Stated as a capability, asked of `walk`, and named in `complete`, where it speaks for every kind of the
source that is not stated, even one the app names no more. Records never bear it.
"""


class DriverError(Exception):
    """A person must act; the sentence says what is wrong and is shown to them."""

    calls: "tuple[Call, ...]" = ()
    """What a `Provisioner` had asked before it raised this."""


class BadCredentials(DriverError):
    """The vendor refused the credentials for good."""


class MissingScope(DriverError):
    """The credentials work but may not read something; the sentence names the scope.

    Raised by `Driver.check` it brings what was found out all the same, for a table of scopes.
    """

    def __init__(self, sentence: str, check: "Check | None" = None) -> None:
        super().__init__(sentence)
        self.check = check


class BadSettings(DriverError):
    """What was typed cannot work; `field` names the setting it was typed into."""

    def __init__(self, field: str, sentence: str) -> None:
        super().__init__(sentence)
        self.field = field


class CursorExpired(DriverError):
    """The cursor is from a driver version that is no longer understood: the run starts over."""


class NotCounted(DriverError):
    """The app can be read in one way only, so a second count would prove nothing."""


class TransientError(Exception):
    """The vendor is away or busy; trying again later may work. The sentence says what was seen."""

    calls: "tuple[Call, ...]" = ()
    """What a `Provisioner` had asked before it raised this."""


@dataclass(frozen=True, slots=True)
class ResourceType:
    kind: Kind
    name: str


@dataclass(frozen=True, slots=True)
class Resource:
    """Something access is about: one role, one group, one licence."""

    kind: Kind
    id: str
    name: str
    description: str = ""
    profile: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Entitlement:
    """One permission on one resource. `id` reads `{kind}:{resource id}:{slug}`."""

    id: str
    kind: Kind
    resource_id: str
    slug: str
    name: str
    description: str = ""


@dataclass(frozen=True, slots=True)
class Account:
    """One login in the app. `id` is the vendor's own; e-mail and login are never identity."""

    id: str
    login: str
    email: str
    name: str
    status: Literal["enabled", "disabled", "deleted", "unknown"]
    status_word: str
    """The vendor's own word for the status."""
    employee_id: str = ""
    marks: tuple[str, ...] = ()
    """How the vendor marks special accounts: `api`, `supplier`, `support`."""
    profile: Mapping[str, Scalar] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Grant:
    account_id: str
    entitlement_id: str


type Body = bytes
type Record = ResourceType | Resource | Entitlement | Account | Grant


@dataclass(frozen=True, slots=True)
class Call:
    """One request as it was made and answered.

    `bytes` and `sha256` are of the whole body with its content coding undone (gzip, deflate: RFC 9110,
    8.4), before it was parsed; of an answer that did not come whole they are 0 and empty.
    """

    kind: Kind
    asked: str
    """Method, path and query, and what was sent: a question, or a change; never a header or a secret."""
    status: int
    records: int
    bytes: int
    sha256: str
    seconds: float
    at: datetime
    body: Body = field(default=b"", repr=False)
    """The body itself, of which `bytes` and `sha256` tell; empty unless `Outside.keeps_bodies`, and where a
    token was asked for: that would be the secret itself."""


@dataclass(frozen=True, slots=True)
class Note:
    """A line for the run's log."""

    level: Literal["info", "warn", "error"]
    text: str


@dataclass(frozen=True, slots=True)
class Batch:
    """Records and the cursor that accounts for them.

    1. A batch names only records of itself or of earlier batches: kinds, resources and
       entitlements first, then accounts with their grants.
    2. A record may come twice; the later one wins.
    3. Going on from a cursor repeats nothing that it accounts for.
    4. A cursor carries the driver's version; one no longer understood raises `CursorExpired`.
    5. Only kinds named in `complete` may lose rows: everything of that kind, and every grant on
       it that is not `silent`, has been named. A kind in `gaps` could not be read this time, for
       the reason given.
    """

    records: Sequence[Record] = ()
    cursor: str = ""
    calls: Sequence[Call] = ()
    notes: Sequence[Note] = ()
    complete: Collection[Kind] = ()
    gaps: Mapping[Kind, str] = field(default_factory=dict)
    silent: Collection[Grant] = ()
    """Holdings this walk could not see either way, because the vendor told nothing about them.

    They come in the batch of their account and keep rule 1. One that was held stays held, one that was
    not stays so, whatever `complete` names. A pair that is among the records too is held.
    """


@dataclass(frozen=True, slots=True)
class Check:
    """What a few cheap calls have shown: the settings work, and what they may do.

    `granted` is None where the vendor does not tell which scopes it granted; `proven` are those that a
    call has shown all the same, `lacking` those that were shown to be missing. What is needed and in
    none of the three is not known.
    """

    needed: tuple[str, ...]
    granted: tuple[str, ...] | None
    notes: tuple[Note, ...] = ()
    calls: tuple[Call, ...] = ()
    proven: tuple[str, ...] = ()
    lacking: tuple[str, ...] = ()


class Driver(Protocol):
    """Reads one app. Safe to abandon at any moment; opens nothing until asked."""

    def check(self) -> Check:
        """A few cheap calls: do the settings work, and what may they do?"""

    def walk(self, kinds: Collection[Kind], cursor: str = "") -> Iterator[Batch]:
        """Everything of these kinds, beginning after `cursor`."""

    def recount(self, kinds: Collection[Kind], cursor: str = "") -> Iterator[Batch]:
        """Ids of all accounts, and all grants of these kinds, read in another way than `walk` reads them.

        Of an account only the id counts. The rules of a `Batch` hold, but for resources and entitlements,
        which are not named again. Raises `NotCounted` if the app offers no second way.
        """

    def granted(self) -> tuple[str, ...] | None:
        """The scopes of the token in use, None if the vendor does not tell or nothing was asked yet."""

    def holders(self, entitlement_id: str) -> tuple[frozenset[str], Sequence[Call]]:
        """The ids of all accounts that hold it, asked in another way than `walk` does: a proof."""

    def read(self, account_id: str) -> Batch:
        """One account and all it holds, as it is now; what the vendor does not tell of it is `silent`."""

    def close(self) -> None:
        """Let go of connections."""


class Pace(Protocol):
    """Keeps all workers together below the vendor's rate."""

    def wait(self) -> None:
        """Return when the next request may start."""


@dataclass(frozen=True, slots=True)
class Token:
    """An access token. Its repr shows no secret."""

    value: str = field(repr=False)
    expires_at: datetime


class TokenStore(Protocol):
    """One token for all workers of a connector: asking for a second may end the first."""

    def get(self) -> Token | None: ...

    def put(self, token: Token) -> None: ...

    def drop(self, token: Token) -> None:
        """Forget it, but only if it is still the one in store."""


class NoPace:
    """For tests and single requests: no waiting."""

    def wait(self) -> None:
        return


class OwnToken:
    """A token store for one process."""

    def __init__(self) -> None:
        self._token: Token | None = None

    def get(self) -> Token | None:
        return self._token

    def put(self, token: Token) -> None:
        self._token = token

    def drop(self, token: Token) -> None:
        if self._token == token:
            self._token = None


def _unheard(_: "Call") -> None:
    return


def _no_file(name: str) -> bytes:
    raise DriverError(f"The file “{name}” is not here.")


@dataclass(frozen=True, slots=True)
class Outside:
    """What a driver is handed: everything it needs from the world it runs in."""

    extra_hosts: Collection[str] = ()
    """`host[:port]` beyond the vendor's own, `http://host[:port]` for loopback only."""
    pace: Pace = field(default_factory=NoPace)
    tokens: TokenStore = field(default_factory=OwnToken)
    ca_file: str = ""
    """PEM file of further certificate authorities; empty: those of the system."""
    kinds: Collection[Kind] = ()
    """The kinds that are on: no more scopes are asked for than they need. Empty: those on by default."""
    keeps_bodies: bool = False
    """Whether each `Call` carries the body of its answer: runs that evidence may rest on keep them."""
    heard: Callable[[Call], None] = _unheard
    """Told of each call as soon as it is over, whatever becomes of the caller."""
    file: Callable[[str], bytes] = _no_file
    """The file that was handed in for a setting that `accepts` one, by the value of the setting.

    Raises `DriverError` if it is not there.
    """
    console: Console | None = None
    """This console, for the driver that reads it."""
    why: str = ""
    """Who wants a change and why, for apps that keep a record of their own."""


@dataclass(frozen=True, slots=True)
class Setting:
    """One field of the settings form."""

    name: str
    label: str
    help: str = ""
    secret: bool = False
    choices: tuple[tuple[str, str, str], ...] = ()
    """Value, label, sentence; empty: free text."""
    default: str = ""
    accepts: tuple[str, ...] = ()
    """Endings of the files it takes, such as `.csv`; empty: no file. Its value names the file."""
    optional: bool = False


@dataclass(frozen=True, slots=True)
class Capability:
    """One row of the capability table, as the driver states it."""

    kind: Kind
    label: str
    icon: str
    sync: bool
    provision: tuple[str, ...] = ()
    by_default: bool = True
    note: str = ""
    scopes: tuple[str, ...] = ()
    """Scopes needed for this kind beyond those of the settings."""


@dataclass(frozen=True, slots=True)
class Action:
    """Something else the app can be asked to do, by name, with what it must be told."""

    name: str
    label: str
    needs: tuple[str, ...]


def _never(_settings: Mapping[str, str]) -> bool:
    return False


@dataclass(frozen=True, slots=True)
class Spec:
    """What a driver says about itself; the wizard, the forms and the tests read it."""

    kind: str
    label: str
    badge: str
    """Two letters for where a logo has no room."""
    description: str
    words: tuple[str, ...]
    """Further words by which the catalogue finds it."""
    version: str
    settings: tuple[Setting, ...]
    capabilities: tuple[Capability, ...]
    clean: Callable[[Mapping[str, str], Outside], dict[str, str]]
    """Settings as typed into settings as kept, or BadSettings. No network."""
    source: Callable[[Mapping[str, str]], str]
    """The tenant these settings mean, such as `coupa:acme.coupahost.com`."""
    scopes: Callable[[Mapping[str, str]], tuple[str, ...]]
    """Scopes needed for these settings."""
    open: Callable[[Mapping[str, str], Outside], Driver]
    """Settings, secrets included, into a driver. No network."""
    writes: Callable[[Mapping[str, str]], bool] = _never
    """Whether these settings allow changes; what `open` gives then is a `contract_writing.Provisioner` too.

    What it may be asked for is said by `provision` of each capability: `grant`, `revoke`. Disabling and
    enabling an account are two of the `actions`: `disable_user`, `enable_user`.
    """
    actions: tuple[Action, ...] = ()
    tenant: str = "domain"
    """The setting that says which tenant is meant, and so decides `source`; empty where there is none."""
    is_own: bool = False
    """It reads this console itself: one connector of it at most, into an app of its own, without settings."""
    risks: tuple[tuple[Kind, str, str], ...] = ()
    """What is proposed where it is added: kind, name of the entitlement, risk level."""
    counts: bool = True
    """Whether `recount` reads the app a second way; if not, no counted run of it begins."""
    threads: int = 1
    """How many may call `holders` of one driver at the same time, each taking the calls it made."""
    least_minutes: int = 30
    """How much must lie between two runs by schedule; no driver gets under the 30 of the house."""
    client: str = ""
    """The setting that says as whom we ask, such as `client_id`; empty: none does."""
    drawing: str = ""
    """Our own drawing of the vendor's page where credentials are made: SVG without script or style."""
    guide: str = ""
    """The set-up steps at the vendor: a numbered Markdown list; a line `{scopes}` where these belong."""

    @property
    def takes_files(self) -> bool:
        """Whether some setting is a file that is handed in."""
        return any(setting.accepts for setting in self.settings)
