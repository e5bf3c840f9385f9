"""A vendor that answers as it was told, without any network."""

import json

import httpx

from connectors.http import Api

SECRET = "canary-secret"
TOKEN = "canary-token"
ORIGIN = "https://acme.coupahost.com"


class Vendor:
    """Answers in turn with what it was given, the last one for ever."""

    def __init__(self, *answers: httpx.Response | Exception, tokens: tuple[httpx.Response, ...] = ()) -> None:
        self._answers = list(answers)
        self._tokens = list(tokens)
        self.asked: list[httpx.Request] = []
        self.tokens_given = 0

    def __call__(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == "/oauth2/token":
            self.tokens_given += 1
            if self._tokens:
                return self._tokens.pop(0)
            return data(
                {"access_token": f"{TOKEN}-{self.tokens_given}", "token_type": "bearer", "expires_in": 86399}
            )
        self.asked.append(request)
        answer = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(answer, Exception):
            raise answer
        return httpx.Response(answer.status_code, headers=answer.headers, content=answer.content)


def data(told: object, status: int = 200, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    body = json.dumps(told)
    return httpx.Response(status, content=body, headers={"content-type": "application/json", **named})


def read(answer: object) -> list[object]:
    assert isinstance(answer, list)
    return answer


OK = data([1, 2])
BUSY = data({}, 503)


def get(api: Api) -> list[object]:
    return api.get("/api/users", {"id[gt]": "0"}, kind="user", read=read)
