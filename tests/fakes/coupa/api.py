"""The pretend Coupa's answers: OAuth, REST and GraphQL, without any network."""

import base64
import heapq
import json
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.fakes.coupa import filters, graphql
from tests.fakes.coupa.filters import BadQuery
from tests.fakes.coupa.habits import Bucket, Habits, Pages
from tests.fakes.coupa.people import User
from tests.fakes.coupa.render import Record, parse_fields
from tests.fakes.coupa.tenant import MEMBERSHIP, Tenant

PAGE = 50
SHAPES = {"users": "user", "roles": "role", "user_groups": "group", "account_groups": "account_group"}
JSON = "application/json; charset=utf-8"
AREAS = ("core.accounting", "core.business_entity", "core.common", "core.user_group", "core.user")
SCOPES = frozenset(
    {"email", "login", "openid", "profile", *(f"{area}.{way}" for area in AREAS for way in ("read", "write"))}
)
NEEDS = {
    "users": "core.user",
    "roles": "core.common",
    "user_groups": "core.user_group",
    "account_groups": "core.accounting",
}
WRITES = frozenset({"PUT", "DELETE"})
MEMBERSHIP_FILTERS = ("user_id", "user_group_id", "owner")
ROOTS = {"users": "users", "userGroups": "user_groups", "roles": "roles"}


@dataclass
class Answer:
    status: int
    body: bytes
    content_type: str = JSON
    headers: dict[str, str] = field(default_factory=dict)
    cut: bool = False
    lost: bool = False
    """Hang up instead of answering."""


@dataclass
class Pass:
    """What a token is good for."""

    scopes: frozenset[str]
    until: float
    used: int = 0


class Stop(Exception):
    """An answer other than success."""

    def __init__(self, status: int, told: Any, **headers: str) -> None:
        super().__init__(status)
        self.answer = _json(told, status)
        self.answer.headers = headers


class Coupa:
    def __init__(
        self,
        tenant: Tenant,
        *,
        client_id: str,
        client_secret: str,
        scopes: frozenset[str] = SCOPES,
        token_lifetime: int = 86_399,
        rate_limit: bool = False,
        rate: float = 25.0,
        latency: float = 0.0,
    ) -> None:
        self.tenant = tenant
        self.client_id, self.client_secret, self.scopes = client_id, client_secret, scopes
        self.token_lifetime = token_lifetime
        self.latency = latency
        self.habits = Habits()
        self.pages = Pages()
        self.tokens: dict[str, Pass] = {}
        self._bucket = Bucket(rate) if rate_limit else None

    def answer(self, method: str, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """Whatever happens, an answer."""
        time.sleep(self.latency + self.habits.slow)
        parts = urlsplit(target)
        try:
            if parts.path == "/oauth2/token":
                return self._token(headers, body)
            self._others_at_work()
            self._bad_day()
            bearer = self._bearer(headers)
            if headers.get("Accept", "") != "application/json":
                return Answer(200, b"<?xml version='1.0'?><records/>", "application/xml")
            with self.tenant.lock:
                if method in WRITES:
                    return self._changed(method, parts.path, parts.query, bearer, body)
                return self._spoilt(self._route(method, parts.path, parts.query, bearer, body))
        except Stop as stop:
            return stop.answer
        except BadQuery as problem:
            return _json({"errors": {"query": [str(problem)], "warnings": None}}, 400)

    def _others_at_work(self) -> None:
        self.habits.asked += 1
        if self.habits.meddle:
            self.habits.meddle(self.habits.asked)

    def _changed(self, method: str, path: str, query: str, bearer: Pass, body: bytes) -> Answer:
        """A change, after what today is done to changes."""
        habits = self.habits
        if habits.writes_after:
            habits.writes_after -= 1
            return self._spoilt(self._route(method, path, query, bearer, body))
        if habits.lost_writes:
            habits.lost_writes -= 1
            return Answer(503, b"", lost=True)
        status, times = habits.write_status
        if times:
            habits.write_status = (status, times - 1)
            raise Stop(status, {"errors": {"user": ["Not today"], "warnings": None}})
        answer = self._spoilt(self._route(method, path, query, bearer, body))
        if habits.lost_answers:
            habits.lost_answers -= 1
            answer.lost = True
        if habits.html_writes:
            habits.html_writes -= 1
            return Answer(200, b"<html>Saved</html>", "text/html")
        return answer

    def _bad_day(self) -> None:
        habits = self.habits
        if self._bucket and not self._bucket.take():
            raise Stop(429, {"errors": {"rate": ["Too many requests"]}})
        status, times = habits.status
        if times and habits.status_after:
            habits.status_after -= 1
        elif times:
            habits.status = (status, times - 1)
            raise Stop(status, {}, **({"Retry-After": habits.retry_after} if habits.retry_after else {}))
        if habits.redirect:
            raise Stop(302, {}, Location="/session/new?secret=1")

    def _token(self, headers: Mapping[str, str], body: bytes) -> Answer:
        form = dict(parse_qsl(body.decode()))
        given = (form.get("client_id", ""), form.get("client_secret", ""))
        scheme, _, coded = headers.get("Authorization", "").partition(" ")
        if scheme == "Basic":
            one, _, two = base64.b64decode(coded).decode().partition(":")
            given = (unquote(one), unquote(two))
        if given != (self.client_id, self.client_secret) or self.habits.wrong_secret:
            return _json(
                {"error": "invalid_client", "error_description": "Client authentication failed"}, 400
            )
        if form.get("grant_type") != "client_credentials":
            return _json({"error": "unsupported_grant_type"}, 400)
        wanted = frozenset(form.get("scope", "").split()) or self.scopes
        if beyond := sorted(wanted - self.scopes):
            named = " ".join(beyond) if self.habits.names_scopes else "or unknown"
            told = f"The requested scope is invalid: {named}"
            return _json({"error": "invalid_scope", "error_description": told}, 400)
        value = _jwt({"scope": " ".join(sorted(wanted)), "jti": len(self.tokens) + 1})
        if self.habits.opaque_token:
            value = f"opaque-{len(self.tokens) + 1}"
        self.tokens[value] = Pass(wanted, time.monotonic() + self.token_lifetime)
        return _json({"access_token": value, "token_type": "bearer", "expires_in": self.token_lifetime})

    def _bearer(self, headers: Mapping[str, str]) -> Pass:
        bearer = self.tokens.get(headers.get("Authorization", "").removeprefix("Bearer "))
        if bearer is None or bearer.until < time.monotonic():
            raise Stop(401, {"error": "invalid_token"})
        bearer.used += 1
        if bearer.used <= self.habits.token_fresh_401:
            raise Stop(401, {"error": "invalid_token"})
        return bearer

    def _route(self, method: str, path: str, query: str, bearer: Pass, body: bytes) -> Answer:
        if path == "/api/graphql" and method == "POST":
            if self.habits.graphql_status:
                return Answer(self.habits.graphql_status, b"<html>Not here</html>", "text/html")
            return self._graphql(bearer, json.loads(body))
        match = re.fullmatch(
            r"/api/(users|roles|user_groups|user_group_memberships|account_groups)(?:/(\d+)[^/]*)?",
            unquote(path),
        )
        if match is None or path == self.habits.not_here:
            return Answer(404, b"<html>Not here</html>", "text/html")
        name, identity = match.groups()
        asked = filters.arguments(query)
        self._permit(bearer, name, "write" if method in WRITES else "read")
        if method != "GET":
            return self._write(f"{method} {name}", int(identity or 0), body, asked)
        fields = parse_fields(asked.get("fields"))
        if identity:
            return _json(self._told(self._one(name, int(identity)).shown(fields)))
        if name == "user_group_memberships":
            return self._page(name, self._memberships(asked))
        page = [self._told(record.shown(fields)) for record in self._select(name, asked)]
        for shape in page if fields is None else ():
            for key in self.habits.default_without:
                shape.pop(key, None)
        return self._page(f"{name} {asked.get('fields')}", page)

    def _write(self, what: str, identity: int, body: bytes, asked: Mapping[str, str]) -> Answer:
        if what == "PUT users" and identity:
            return self._put(identity, json.loads(body), asked)
        if what == "DELETE user_group_memberships" and identity:
            return self._ended(identity)
        raise Stop(405, {"errors": {"method": ["not allowed"]}})

    def _told(self, shape: dict[str, Any]) -> dict[str, Any]:
        """The shape, after what today is done to users."""
        if shape.get("id") in self.habits.inactive and "active" in shape:
            shape["active"] = False
        if self.habits.blank_emails and "email" in shape:
            shape["email"] = ""
        if most := self.habits.nested_most:
            return {key: value[:most] if isinstance(value, list) else value for key, value in shape.items()}
        return shape

    def _page(self, of: str, page: list[Any]) -> Answer:
        return _json(self.pages.spoil(of, page, self.habits))

    def _permit(self, bearer: Pass, name: str, way: str) -> None:
        scope = f"{NEEDS[name.replace('_memberships', 's')]}.{way}"
        if scope not in bearer.scopes or scope in self.habits.missing_scope:
            raise Stop(403, {"errors": {"scope": ["insufficient_scope"]}})

    def _records(self, name: str, after: int) -> Iterator[Record]:
        if name == "users":
            return (Record(self.tenant, user, "user") for user in self.tenant.users_after(after))
        kind = SHAPES[name]
        things: Mapping[int, Any] = getattr(self.tenant, name.removeprefix("user_"))
        return (Record(self.tenant, things[key], kind) for key in sorted(things) if key > after)

    def _select(self, name: str, asked: Mapping[str, str]) -> list[Record]:
        tests = filters.conditions({key: value for key, value in asked.items() if key != "id[gt]"})
        if "id" in asked:
            filters.number(asked["id"])
        skip, limit = filters.number(asked.get("offset", "0")), filters.number(asked.get("limit", "50"))
        fitting = (
            record
            for record in self._records(name, filters.after(asked))
            if all(test(record) for test in tests)
        )
        return [record for _, record in zip(range(skip + min(limit, PAGE)), fitting, strict=False)][skip:]

    def _one(self, name: str, identity: int) -> Record:
        found: User | Any = getattr(self.tenant, name.removeprefix("user_")).get(identity)
        if found is None:
            raise Stop(404, {"errors": {"record": ["not found"]}})
        return Record(self.tenant, found, SHAPES[name])

    def _memberships(self, asked: Mapping[str, str]) -> list[Any]:
        after, tenant = filters.after(asked), self.tenant
        wished = {key: value for key, value in asked.items() if key in MEMBERSHIP_FILTERS}
        every = (
            {
                "id": group * MEMBERSHIP + user.id, "user-id": user.id, "user-group-id": group,
                "owner": user.id % 50 == 0, "participant": True,
                "user-group-type": "project" if tenant.groups[group].project else "group",
            }
            for user in tenant.users.values() for group in user.groups
            if group * MEMBERSHIP + user.id > after
        )  # fmt: skip
        fitting = (
            one for one in every
            if self.habits.ignores_filters
            or all(str(one[key.replace("_", "-")]).lower() == value for key, value in wished.items())
        )  # fmt: skip
        return heapq.nsmallest(PAGE, fitting, key=lambda one: one["id"])

    def _ended(self, membership: int) -> Answer:
        if self.habits.no_memberships:
            raise Stop(self.habits.no_memberships, {"errors": {"method": ["not offered"]}})
        if not self.tenant.end_membership(membership):
            raise Stop(404, {"errors": {"record": ["not found"]}})
        return Answer(204, b"")

    def _put(self, identity: int, wish: Mapping[str, Any], asked: Mapping[str, str]) -> Answer:
        record = self._one("users", identity)
        if "firstname" in wish and not wish["firstname"]:
            raise Stop(400, {"errors": {"user": ["First Name can't be blank"], "warnings": None}})
        for key, kind in (("roles", "role"), ("user-groups", "group")):
            for each in wish.get(key) or ():
                if f"{kind}:{each.get('id')}" in self.habits.refuses:
                    raise Stop(400, {"errors": {"user": [f"{kind} cannot be given"], "warnings": None}})
        self.tenant.put(identity, wish, self.habits)
        return _json(record.shown(parse_fields(asked.get("fields"))))

    def _graphql(self, bearer: Pass, question: Mapping[str, Any]) -> Answer:
        def resolve(root: str, arguments: Mapping[str, str]) -> list[Record]:
            if root not in ROOTS:
                raise graphql.BadGraphql(f"Field '{root}' doesn't exist on type 'Query'")
            self._permit(bearer, ROOTS[root], "read")
            return self._select(ROOTS[root], filters.arguments(arguments.get("query", "")))

        try:
            told: dict[str, Any] = {
                "data": graphql.answer(
                    question["query"],
                    question.get("variables") or {},
                    resolve,
                    most=self.habits.graphql_most,
                    unknown=self.habits.graphql_unknown,
                )
            }
        except Stop:
            told = {"data": None, "errors": [{"message": "You are not authorized: insufficient_scope"}]}
        except (graphql.BadGraphql, BadQuery) as problem:
            told = {"errors": [{"message": str(problem)}]}
        if self.habits.graphql_empty_once and told.get("data"):
            self.habits.graphql_empty_once = False
            told["data"] = {root: [] for root in told["data"]}
        if self.habits.graphql_errors:
            told["errors"] = [{"message": "Timeout on field users"}]
        return _json(told)

    def _spoilt(self, answer: Answer) -> Answer:
        habits = self.habits
        if habits.html_once or habits.html:
            habits.html_once = False
            return Answer(200, b"<html><body>Coupa will be back soon.</body></html>", "text/html")
        if habits.wrong_type_once:
            habits.wrong_type_once = False
            answer.content_type = "text/plain"
        if habits.object_once:
            habits.object_once = False
            return _json({"users": []})
        if habits.broken_json:
            habits.broken_json -= 1
            answer.body = answer.body[: len(answer.body) // 2]
        if habits.cut_body:
            habits.cut_body -= 1
            answer.cut = True
        return answer


def _json(told: Any, status: int = 200) -> Answer:
    return Answer(status, json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode())


def _jwt(claims: Mapping[str, Any]) -> str:
    parts = (json.dumps({"alg": "none"}), json.dumps(claims), "signature")
    return ".".join(base64.urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in parts)
