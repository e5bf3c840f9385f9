"""The rate and the token that all workers share, in Redis."""

import json
import logging
import time
from collections.abc import Callable
from datetime import datetime
from functools import cache
from typing import Any

from django.conf import settings
from django.utils.timezone import now
from redis import Redis
from redis.exceptions import RedisError

from connectors.contract import Token, TransientError
from core.sealing import CannotOpen, seal, unseal

log = logging.getLogger(__name__)

A_SECOND = 24
"""Requests of all workers together. Coupa lets 25 through (Exception Handling and Error Codes).

They are booked one by one at even distances.
"""
SAVED = 6
"""Places left unused that may still be taken, all at once: a quarter of a second's stall is caught up with.

Far below the burst of 20 that Coupa allows, even with what the network bunches together.
"""
KEPT = 60_000  # milliseconds after which an idle tenant's mark is forgotten

# Books the next free place in line and answers how long it is until then, in microseconds; not above 0: now.
BOOK = """
local t = redis.call('TIME')
local now = t[1] * 1000000 + t[2]
local place = math.max(now - ARGV[3], tonumber(redis.call('GET', KEYS[1]) or '0'))
redis.call('SET', KEYS[1], string.format('%.0f', place + ARGV[1]), 'PX', ARGV[2])
return place - now
"""
# Deletes a key only if it still holds what we saw.
FORGET = "if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end return 0"


@cache
def _redis() -> Redis:
    return Redis.from_url(settings.REDIS_URL, socket_timeout=5, socket_connect_timeout=2)


def _ask(command: Callable[[Redis], Any]) -> Any:
    try:
        return command(_redis())
    except RedisError as problem:
        raise TransientError("Redis, where workers agree on rate and token, did not answer.") from problem


class RedisPace:
    """Keeps all workers together below the rate of one tenant."""

    def __init__(self, tenant: str) -> None:
        self._key = f"reeve:pace:{tenant}"

    def wait(self) -> None:
        """Return when the next request may start; raises TransientError if Redis is away."""
        step = 1_000_000 // A_SECOND
        micros = int(_ask(lambda redis: redis.eval(BOOK, 1, self._key, step, KEPT, SAVED * step)))
        if micros > 0:
            time.sleep(micros / 1_000_000)


class RedisTokens:
    """One token for all workers of a connector and its settings in force; sealed like every secret."""

    def __init__(self, connector: str, digest: str) -> None:
        self._key = f"reeve:token:{connector}:{digest}"

    def get(self) -> Token | None:
        found = self._found()
        return found[1] if found else None

    def put(self, token: Token) -> None:
        text = json.dumps([token.value, token.expires_at.isoformat()])
        life = int((token.expires_at - now()).total_seconds() * 1000)
        if life > 0:
            _ask(lambda redis: redis.set(self._key, seal(text, place=self._key), px=life))

    def drop(self, token: Token) -> None:
        """Forget it, but only if it is still the one in store."""
        found = self._found()
        if found and found[1] == token:
            _ask(lambda redis: redis.eval(FORGET, 1, self._key, found[0]))

    def forget(self) -> None:
        """Forget whatever token is there. Where Redis is away it is forgotten when it expires."""
        try:
            _ask(lambda redis: redis.delete(self._key))
        except TransientError as problem:
            log.warning("A token was not forgotten: %s", problem)

    def _found(self) -> tuple[bytes, Token] | None:
        raw = _ask(lambda redis: redis.get(self._key))
        if raw is None:
            return None
        try:
            value, until = json.loads(unseal(raw.decode(), place=self._key))
        except CannotOpen:
            return None  # sealed with a key that was taken out of the ring; a new token will replace it
        return raw, Token(value, datetime.fromisoformat(until))
