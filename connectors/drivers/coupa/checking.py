"""What a few cheap calls show of a Coupa client: whether it works, and what it may do."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace

from connectors.contract import Check, Kind, MissingScope, Note
from connectors.drivers.coupa.client import SCOPES, CoupaClient
from connectors.http import ScopesRefused


class Checking:
    """One check. Every request it makes is among the calls of the answer, or of the error's."""

    def __init__(
        self, client: CoupaClient, needed: tuple[str, ...], *, optional: Collection[str] = ()
    ) -> None:
        self._client = client
        self._needed = needed
        self._optional = optional
        """Scopes that Coupa's guide names though these settings do without: not too many."""

    def check(self) -> Check:
        """Raises `MissingScope` naming every scope that is lacking, with the check as far as it came."""
        try:
            refusals = self._tried()
        except ScopesRefused:
            raise self._refused_token() from None
        granted = self._client.granted()
        proven = tuple(SCOPES[kind] for kind in self._kinds() if kind not in refusals)
        refused = tuple(SCOPES[kind] for kind in refusals)
        untold = () if granted is None else tuple(sorted({*self._needed} - {*granted, *proven}))
        calls = self._client.take_calls()
        found = Check(
            needed=self._needed,
            granted=granted,
            notes=tuple(self._remarks(granted, untold)),
            calls=calls,
            proven=proven,
            lacking=tuple(dict.fromkeys((*refused, *untold))),
        )
        if any(call.status == 401 for call in calls):
            found = replace(found, notes=(*found.notes, YOUNG))
        if refusals:
            raise MissingScope(" ".join(refusals.values()), found)
        return found

    def _kinds(self) -> list[Kind]:
        return [kind for kind in SCOPES if SCOPES[kind] in self._needed]

    def _tried(self) -> Mapping[Kind, str]:
        """The kinds that may not be read, and Coupa's refusal in a sentence."""
        refusals = {}
        for kind in self._kinds():
            try:
                self._client.few(kind, ["id"], 1)
            except ScopesRefused:
                raise
            except MissingScope as refusal:
                refusals[kind] = str(refusal)
        return refusals

    def _refused_token(self) -> MissingScope:
        """One scope the client lacks makes Coupa refuse the whole token: ask for fewer, and name them."""
        lacking = self._client.lacking()
        if not lacking:
            sentence = "Coupa refused the scopes once and then granted them: try again in a few seconds."
            return MissingScope(sentence, Check(self._needed, None, calls=self._client.take_calls()))
        sentence = (
            f"The Coupa client has not been given {', '.join(lacking)}, and Coupa gives no token until it"
            " has: select what is lacking at the client in Coupa, and save."
        )
        granted = tuple(scope for scope in self._needed if scope not in lacking)
        found = Check(self._needed, granted, calls=self._client.take_calls(), lacking=lacking)
        return MissingScope(sentence, found)

    def _remarks(self, granted: tuple[str, ...] | None, untold: Collection[str]) -> Iterator[Note]:
        if granted is None:
            yield Note("info", "Coupa does not tell which scopes it granted.")
            return
        if untold:
            yield Note("warn", f"Coupa did not grant {', '.join(untold)}.")
        if spare := sorted({*granted} - {*self._needed, *self._optional}):
            yield Note("warn", f"The token may do more than Reeve needs: {', '.join(spare)}.")


YOUNG = Note(
    "info", "Coupa refused the new token at first: it may need a few seconds before a new token works."
)
