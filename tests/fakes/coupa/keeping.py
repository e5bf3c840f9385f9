"""What was changed in a pretend Coupa, kept in a file: else a restart would give back what was taken away."""

import pickle
import threading
from pathlib import Path

from tests.fakes.coupa.tenant import Tenant

EVERY = 0.5  # seconds


class Keeper:
    """Writes the users of a tenant whenever they have changed. The file is moved into its place."""

    def __init__(self, tenant: Tenant, file: Path) -> None:
        self._tenant, self._file = tenant, file
        self._written = b""
        if file.exists():
            self._written = file.read_bytes()
            tenant.users = pickle.loads(self._written)
            tenant.order = sorted(tenant.users)

    def start(self) -> None:
        threading.Thread(target=self._watch, daemon=True).start()

    def keep(self) -> None:
        with self._tenant.lock:
            present = pickle.dumps(self._tenant.users)
        if present != self._written:
            new = self._file.with_suffix(".new")
            new.write_bytes(present)
            new.replace(self._file)
            self._written = present

    def _watch(self) -> None:
        pause = threading.Event()
        while not pause.wait(EVERY):
            self.keep()
