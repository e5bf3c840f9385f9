"""The provider as tests hold it: started, told how to behave, and asked as a person's browser asks it."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

ROOT = Path(__file__).resolve().parent.parent.parent.parent


class OidcProvider:
    """`with OidcProvider(redirect_uri) as provider:` starts the process and ends it."""

    def __init__(self, redirect_uri: str) -> None:
        self._redirect_uri = redirect_uri

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "tests.fakes.oidc",
                "--die-with-parent",
                "--redirect-uri",
                self._redirect_uri,
            ],
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert self._process.stdout is not None
        told = json.loads(self._process.stdout.readline())
        self.issuer, self.client_id = told["issuer"], told["client_id"]
        self.client_secret = told["client_secret"]
        self._http = httpx.Client(base_url=self.issuer, trust_env=False)
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()
        self._process.terminate()
        self._process.wait(timeout=10)
        assert self._process.stdout is not None
        self._process.stdout.close()

    def misbehave(self, **habits: Any) -> None:
        """Exactly these habits from now on; see `Habits`. What was asked is counted from here."""
        self._tell("/tests/habits", habits=json.dumps(habits))

    def behave(self) -> None:
        self.misbehave()

    def forget_people(self) -> None:
        """Claims that `person` set; everybody has the usual ones again."""
        self._tell("/tests/nobody")

    def person(self, login: str, **facts: Any) -> None:
        """Somebody whom the provider knows these claims of."""
        self._tell("/tests/people", email=login, facts=json.dumps(facts))

    def new_key(self, algorithm: str = "RS256", *, without_id: bool = False) -> None:
        """Sign with a new key. `without_id`: tokens do not say with which."""
        self._tell("/tests/keys", algorithm=algorithm, without_id="yes" if without_id else "no")

    def asked(self) -> list[str]:
        """The paths asked for since the habits were last set."""
        found: list[str] = self._tell("/tests/client", redirect_uri=self._redirect_uri)["asked"]
        return found

    def answer(self, address: str, email: str, *, agrees: bool = True) -> str:
        """Where the browser is led after this person answered at the address it was sent to."""
        typed = {"email": email, "answer": "yes" if agrees else "no"}
        reply = self._http.post(address, data=typed)
        assert reply.status_code == 302, reply.text
        back = urlsplit(reply.headers["Location"])
        return f"{back.path}?{back.query}"

    def _tell(self, path: str, **typed: str) -> Any:
        reply = self._http.post(path, data=typed)
        reply.raise_for_status()
        return reply.json()
