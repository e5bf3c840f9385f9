"""The provider's pages: discovery, keys, the page that asks who you are, tokens; and the tests' own door."""

import html
import json
import time
from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlencode

from authlib.oauth2 import OAuth2Error

from tests.fakes.oidc.habits import Habits
from tests.fakes.oidc.provider import Answer, Provider, Request

PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Pretend provider</title>
<link rel="icon" href="data:,"></head><body><main><h1>Pretend provider</h1><form method="post">
<label>Work e-mail <input name="email" type="email" value="{email}"></label>
<button name="answer" value="yes">Continue</button> <button name="answer" value="no">Refuse</button>
</form></main></body></html>"""
JSON = [("Content-Type", "application/json")]


class Site:
    """The WSGI application."""

    def __init__(self, provider: Provider) -> None:
        self._provider = provider
        self._pages: dict[str, Callable[[Request], Answer]] = {
            "/.well-known/openid-configuration": lambda _: (200, provider.document(), JSON),
            "/keys": lambda _: (200, provider.keys(), JSON),
            "/authorize": self._authorize,
            "/token": provider.create_token_response,
            "/userinfo": self._userinfo,
            "/tests/habits": self._habits,
            "/tests/people": self._people,
            "/tests/nobody": self._nobody,
            "/tests/keys": self._keys,
            "/tests/client": self._client,
        }
        self.asked: list[str] = []

    def __call__(self, environ: dict[str, Any], start: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if not path.startswith("/tests/"):
            self.asked.append(path)
            time.sleep(self._provider.habits.slow.get(path, 0.0))
        status, body, headers = self._answer(path, self._request(environ))
        content = (
            body if isinstance(body, bytes) else body.encode() if isinstance(body, str) else dumped(body)
        )
        start(f"{status} {HTTPStatus(status).phrase}", [*headers, ("Content-Length", str(len(content)))])
        return [content]

    def _answer(self, path: str, request: Request) -> Answer:
        habits = self._provider.habits
        if path in habits.status:
            status = habits.status[path]
            return status, {}, [*JSON, ("Location", "/elsewhere")] if 300 <= status < 400 else JSON
        if path in habits.body:
            return 200, habits.body[path], JSON
        if path in habits.size:
            return 200, b" " * habits.size[path], JSON
        page = self._pages.get(path)
        return page(request) if page else (404, "Nothing here.", [("Content-Type", "text/plain")])

    def _request(self, environ: dict[str, Any]) -> Request:
        length = int(environ.get("CONTENT_LENGTH") or 0)
        form = dict(parse_qsl(environ["wsgi.input"].read(length).decode(), keep_blank_values=True))
        query = dict(parse_qsl(environ["QUERY_STRING"], keep_blank_values=True))
        uri = f"{self._provider.issuer}{environ['PATH_INFO']}?{environ['QUERY_STRING']}"
        headers = {"Authorization": environ.get("HTTP_AUTHORIZATION", "")}
        return Request(environ["REQUEST_METHOD"], uri, query, form, headers)

    def _authorize(self, request: Request) -> Answer:
        """Asks everybody each time who they are, as `prompt=login` wants it."""
        if request.method == "GET":
            page = PAGE.format(email=html.escape(request.args.get("login_hint", "")))
            return 200, page, [("Content-Type", "text/html; charset=utf-8")]
        email = request.form["email"] if request.form["answer"] == "yes" else None
        try:
            grant = self._provider.get_consent_grant(request, email)
        except OAuth2Error as problem:
            return 400, f"{problem}", [("Content-Type", "text/plain")]
        answer: Answer = self._provider.create_authorization_response(request, email, grant)
        return self._led_back(answer)

    def _led_back(self, answer: Answer) -> Answer:
        status, body, headers = answer
        address, _, query = dict(headers)["Location"].partition("?")
        told = {**dict(parse_qsl(query)), "iss": self._provider.habits.issuer_told or self._provider.issuer}
        if self._provider.habits.state:
            told["state"] = self._provider.habits.state
        return status, body, [("Location", f"{address}?{urlencode(told)}")]

    def _userinfo(self, request: Request) -> Answer:
        email = self._provider.tokens.get(request.headers["Authorization"].removeprefix("Bearer "))
        if email is None:
            return 401, {"error": "invalid_token"}, JSON
        facts = self._provider.facts(email)
        return 200, {**facts, "sub": self._provider.habits.userinfo_sub or facts["sub"]}, JSON

    def _habits(self, request: Request) -> Answer:
        self._provider.habits = Habits(**json.loads(request.form["habits"]))
        self.asked.clear()
        return 200, {}, JSON

    def _nobody(self, request: Request) -> Answer:
        self._provider.people.clear()
        return 200, {}, JSON

    def _people(self, request: Request) -> Answer:
        self._provider.people[request.form["email"]] = json.loads(request.form["facts"])
        return 200, {}, JSON

    def _keys(self, request: Request) -> Answer:
        self._provider.algorithm = request.form["algorithm"]
        self._provider.is_single = request.form["without_id"] == "yes"
        self._provider.renew_key()
        return 200, {}, JSON

    def _client(self, request: Request) -> Answer:
        """Where codes may be sent; answers which pages were asked for since the habits were last set."""
        self._provider.client.redirect_uri = request.form["redirect_uri"]
        return 200, {"asked": list(self.asked)}, JSON


def dumped(body: object) -> bytes:
    return json.dumps(body).encode()
