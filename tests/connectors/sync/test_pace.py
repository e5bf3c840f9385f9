"""Rate and token that all workers share, on a real Valkey."""

import threading
import time
from datetime import timedelta

import pytest
from django.utils.timezone import now

from connectors.contract import Outside, Token, TransientError
from connectors.drivers.coupa import SPEC
from connectors.sync import pace
from connectors.sync.pace import RedisPace, RedisTokens
from core.sealing import new_key
from tests.fakes.coupa import FakeCoupa
from tests.valkey import valkey_server  # noqa: F401  # a fixture


@pytest.fixture
def redis(valkey_server, settings):  # noqa: F811
    settings.REDIS_URL = valkey_server
    pace._redis.cache_clear()
    yield pace._redis()
    pace._redis().flushall()
    pace._redis().close()
    pace._redis.cache_clear()


def token(value: str = "canary-token") -> Token:
    return Token(value, now() + timedelta(hours=1))


def five_requests() -> None:
    for _ in range(5):
        RedisPace("coupa:acme").wait()


def test_all_workers_together_stay_below_the_rate(redis):
    began = time.monotonic()
    workers = [threading.Thread(target=five_requests) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()

    took = time.monotonic() - began

    assert (19 - pace.SAVED) / pace.A_SECOND <= took < 3


def test_lanes_in_pace_are_never_refused_by_a_vendor_that_lets_25_a_second_through(redis):
    with FakeCoupa(users=1_200, groups=4, roles=4, rate_limit=True) as fake:
        outside = Outside(extra_hosts=[fake.url], pace=RedisPace("coupa:acme"))
        typed = {"domain": fake.url, "client_id": fake.client_id, "client_secret": fake.client_secret}
        driver = SPEC.open(SPEC.clean(typed, outside), outside)

        began = time.monotonic()
        batches = list(driver.walk(["user", "group", "role", "license"]))
        took = time.monotonic() - began

        driver.close()
        assert {call.status for batch in batches for call in batch.calls} == {200}
        assert len(fake.requests) <= 25 * took + pace.SAVED + 1


def test_places_left_unused_are_caught_up_with_but_no_more_than_a_few(redis):
    RedisPace("coupa:acme").wait()
    time.sleep((pace.SAVED + 4) / pace.A_SECOND)  # the clock is Redis's own

    began = time.monotonic()
    for _ in range(pace.SAVED + 1):
        RedisPace("coupa:acme").wait()
    at_once = time.monotonic() - began
    for _ in range(3):
        RedisPace("coupa:acme").wait()

    assert at_once < 3 / pace.A_SECOND
    assert time.monotonic() - began >= 3 / pace.A_SECOND


def test_tenants_do_not_wait_for_each_other(redis):
    began = time.monotonic()

    for number in range(20):
        RedisPace(f"coupa:{number}").wait()

    assert time.monotonic() - began < 19 / pace.A_SECOND


def test_a_token_is_shared_and_sealed(redis):
    shared = token()

    RedisTokens("connector", "digest").put(shared)

    assert RedisTokens("connector", "digest").get() == shared
    assert all(b"canary" not in redis.get(key) for key in redis.scan_iter())


def test_other_settings_or_another_connector_never_get_the_token(redis):
    RedisTokens("connector", "digest").put(token())

    assert RedisTokens("connector", "other").get() is None
    assert RedisTokens("other", "digest").get() is None


def test_a_token_is_forgotten_only_if_it_is_still_the_one_in_store(redis):
    tokens = RedisTokens("connector", "digest")
    old, new = token("old"), token("new")
    tokens.put(new)

    tokens.drop(old)
    kept = tokens.get()
    tokens.drop(new)

    assert kept == new
    assert tokens.get() is None


def test_a_token_past_its_time_is_not_kept(redis):
    RedisTokens("connector", "digest").put(Token("old", now() - timedelta(seconds=1)))

    assert redis.dbsize() == 0


def test_a_token_sealed_with_a_key_that_is_gone_is_as_good_as_none(redis, settings):
    RedisTokens("connector", "digest").put(token())
    settings.SEALING_KEYS = [new_key()]

    assert RedisTokens("connector", "digest").get() is None


def test_without_redis_the_run_is_put_off(settings):
    settings.REDIS_URL = "redis://:canary@127.0.0.1:1/0"
    pace._redis.cache_clear()

    with pytest.raises(TransientError) as problem:
        RedisPace("coupa:acme").wait()

    pace._redis.cache_clear()
    assert "canary" not in str(problem.value)
