"""What was asked of this console, noted as the calls of any other app are."""

import hashlib
import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from connectors.contract import Call, Kind

DONE, REFUSED = 200, 409


class Asking:
    """Collects calls until somebody takes them. There is no network, so they have no address."""

    def __init__(self, *, keeps_bodies: bool, heard: Callable[[Call], None]) -> None:
        self._keeps_bodies = keeps_bodies
        self._heard = heard
        self._calls: list[Call] = []

    def note(
        self,
        kind: Kind,
        asked: str,
        answer: Sequence[object],
        *,
        records: int | None = None,
        status: int = DONE,
    ) -> None:
        body = json.dumps(answer, ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode()
        call = Call(
            kind=kind,
            asked=asked,
            status=status,
            records=len(answer) if records is None else records,
            bytes=len(body),
            sha256=hashlib.sha256(body).hexdigest(),
            seconds=0.0,
            at=datetime.now(UTC),
            body=body if self._keeps_bodies else b"",
        )
        self._calls.append(call)
        self._heard(call)

    def take(self) -> tuple[Call, ...]:
        taken, self._calls = tuple(self._calls), []
        return taken
