"""The environment is read loudly."""

import re
import runpy
from pathlib import Path

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.env import Env
from core.databases import SQLITE
from core.sealing import new_key

PASSED_ON = re.compile(r"^    ([A-Z_]+): \$\{[A-Z_]+:-([^}]*)\}", re.MULTILINE)
"""What compose gives a setting that `.env` does not name."""
SETTINGS = Path(__file__).parents[2] / "config" / "settings.py"
KEY, OLDER_KEY = "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk=", f"{'A' * 43}="


@pytest.mark.parametrize("odd", ["10.0.0.0/8,caddy", "10.0.0.1/8", "10.0.0.256"])
def test_proxies_are_addresses_and_networks(odd):
    with pytest.raises(ImproperlyConfigured, match="TRUSTED_PROXIES"):
        Env({"TRUSTED_PROXIES": odd}).networks("TRUSTED_PROXIES")


def test_a_proxy_may_be_an_address_or_a_network():
    found = Env({"TRUSTED_PROXIES": "10.0.0.0/8, 2001:db8::1"}).networks("TRUSTED_PROXIES")

    assert [str(each) for each in found] == ["10.0.0.0/8", "2001:db8::1/128"]


def test_a_missing_value_is_named():
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY"):
        Env({}).secret("SECRET_KEY")


def test_a_short_signing_key_stops_the_start():
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY must have 50 random characters at least"):
        Env({"SECRET_KEY": "x" * 49}).signing_key("SECRET_KEY")

    assert Env({"SECRET_KEY": "x" * 50}).signing_key("SECRET_KEY") == "x" * 50


def test_a_secret_may_come_from_a_file(tmp_path):
    (tmp_path / "key").write_text("from a file\n")

    assert Env({"KEY_FILE": str(tmp_path / "key")}).secret("KEY") == "from a file"


def test_a_secret_file_that_is_missing_is_named(tmp_path):
    with pytest.raises(ImproperlyConfigured, match="KEY_FILE"):
        Env({"KEY_FILE": str(tmp_path / "nothing")}).secret("KEY")


@pytest.mark.parametrize("odd", ["yes", "1", ""])
def test_a_flag_is_true_or_false(odd):
    with pytest.raises(ImproperlyConfigured, match="DEBUG"):
        Env({"DEBUG": odd}).flag("DEBUG", default=False)


@pytest.mark.parametrize(
    "odd", ["reeve.example", "ftp://reeve.example", "https://reeve.example/path", "https://"]
)
def test_the_public_address_is_a_whole_one_without_path(odd):
    with pytest.raises(ImproperlyConfigured, match="PUBLIC_URL"):
        Env({"PUBLIC_URL": odd}).url("PUBLIC_URL")


@pytest.mark.parametrize(
    ("name", "odd"),
    [
        ("PUBLIC_URL", "https://reeve.example:many"),
        ("SEALING_KEYS", " , "),
        ("SEALING_KEYS", "c2hvcnQ="),
        ("SEALING_KEYS", f"{KEY},{KEY[:-1]}"),
        ("SEALING_KEYS", KEY.replace(KEY[5], "!")),
        ("MAIL_URL", "mail.example:25"),
        ("MAIL_URL", "http://mail.example"),
        ("MAIL_URL", "smtp://"),
        ("MAIL_URL", "smtps://grace:pass/word@mail.example"),
        ("MAIL_URL", "smtps://grace#secret@mail.example"),
        ("MAIL_URL", "smtps://mail.example is ours"),
        ("MAIL_URL", "smtps://grace:p%C3%A4ss@mail.example"),
        ("MAIL_URL", "smtp+tls://mail.example:submission"),
        ("MAIL_FROM", "Reeve"),
        ("MAIL_FROM", "Reeve <reeve@mail.example>\nBcc: all@mail.example"),
        ("REDIS_URL", ""),
        ("REDIS_URL", "127.0.0.1:6379"),
        ("REDIS_URL", "amqp://127.0.0.1"),
        ("REDIS_URL", "redis://:secret@/0"),
        ("REDIS_URL", "redis://127.0.0.1:6379/first"),
        ("REDIS_URL", "unix://"),
        ("LOG_LEVEL", "LOUD"),
        ("SYNC_DEFAULT_MINUTES", "29"),
        ("SYNC_DEFAULT_MINUTES", "1.5"),
        ("SYNC_DEFAULT_MINUTES", "9" * 12),
        ("CONNECTOR_HOSTS", "ok.example,https://coupa.example"),
        ("CONNECTOR_HOSTS", "coupa.example/path"),
        ("CONNECTOR_HOSTS", "*.coupa.example"),
        ("CONNECTOR_HOSTS", "grace@coupa.example"),
        ("CONNECTOR_HOSTS", "coupa.example:99999"),
        ("CONNECTOR_HOSTS", "http://coupa.example:8080"),
        ("CA_FILE", "/no/such/file.pem"),
    ],
)
def test_an_odd_value_stops_the_start_and_the_sentence_names_the_setting(name, odd, monkeypatch):
    monkeypatch.setenv(name, odd)

    with pytest.raises(ImproperlyConfigured, match=f"^{name} "):
        runpy.run_path(str(SETTINGS))


@pytest.mark.parametrize(
    ("name", "good"),
    [
        ("SEALING_KEYS", [KEY, OLDER_KEY]),
        ("MAIL_URL", ""),
        ("MAIL_URL", "smtp://mail.example"),
        ("MAIL_URL", "smtps://grace%40mail.example:p%2Fw@mail.example:465"),
        ("MAIL_URL", "smtp+tls://grace:secret@[::1]:587"),
        ("MAIL_FROM", "reeve@localhost"),
        ("REDIS_URL", "redis://:secret@127.0.0.1:6379/0"),
        ("REDIS_URL", "rediss://redis.example"),
        ("REDIS_URL", "unix:///run/valkey.sock"),
        ("LOG_LEVEL", "DEBUG"),
        ("CONNECTOR_HOSTS", []),
        ("CONNECTOR_HOSTS", ["coupa.example", "coupa.example:8443", "[::1]:8443"]),
        ("CONNECTOR_HOSTS", ["http://127.0.0.1:8001", "http://localhost:8001", "http://[::1]:8001"]),
        ("CA_FILE", str(SETTINGS)),
    ],
)
def test_a_good_value_is_taken_as_it_is(name, good, monkeypatch):
    monkeypatch.setenv(name, good if isinstance(good, str) else ", ".join(good))

    assert runpy.run_path(str(SETTINGS))[name] == good


def test_an_empty_sender_is_the_one_of_the_public_address(monkeypatch):
    monkeypatch.setenv("PUBLIC_URL", "https://reeve.example.com")
    monkeypatch.setenv("MAIL_FROM", "")

    assert runpy.run_path(str(SETTINGS))["MAIL_FROM"] == "Reeve <reeve@reeve.example.com>"


def test_compose_names_no_mail_server_and_no_sender_of_its_own(monkeypatch):
    passed_on = dict(PASSED_ON.findall((SETTINGS.parent.parent / "docker-compose.yml").read_text()))
    for name in ("MAIL_URL", "MAIL_FROM"):
        monkeypatch.setenv(name, passed_on[name])

    found = runpy.run_path(str(SETTINGS))

    assert found["MAIL_URL"] == ""
    assert found["MAIL_FROM"].endswith(f"@{found['MAIL_DOMAIN']}>")


def test_a_fresh_key_is_one_that_the_start_takes(monkeypatch):
    key = new_key()
    monkeypatch.setenv("SEALING_KEYS", key)

    assert runpy.run_path(str(SETTINGS))["SEALING_KEYS"] == [key]


def test_a_refused_secret_is_not_told(monkeypatch):
    monkeypatch.setenv("MAIL_URL", "smtp://grace:canary@mail.example:submission")

    with pytest.raises(ImproperlyConfigured) as refused:
        runpy.run_path(str(SETTINGS))

    assert "canary" not in str(refused.value)


def test_the_broker_on_a_socket_has_the_name_that_celery_knows(monkeypatch):
    monkeypatch.setenv("REDIS_URL", "unix:///run/valkey.sock")

    assert runpy.run_path(str(SETTINGS))["CELERY_BROKER_URL"] == "redis+socket:///run/valkey.sock"


def test_half_an_hour_between_syncs_is_the_least():
    assert Env({"SYNC": "30"}).number("SYNC", default=60, least=30, most=90) == 30


def test_sqlite_takes_the_write_lock_at_the_start(tmp_path):
    database = Env({}).database("DATABASE_URL", tmp_path)

    assert database["NAME"] == str(tmp_path / "db.sqlite3")
    assert database["OPTIONS"] == SQLITE
    assert SQLITE["transaction_mode"] == "IMMEDIATE"


def test_sqlite_waits_longer_than_the_longest_step_of_a_sync_writes():
    assert SQLITE["timeout"] == 60  # seconds; a step of 20 was measured with 50,000 people


def test_another_kind_of_database_is_refused(tmp_path):
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL"):
        Env({"DATABASE_URL": "mysql://a/b"}).database("DATABASE_URL", tmp_path)


def test_what_an_address_asks_of_postgresql_beyond_the_rest_is_kept(tmp_path):
    address = "postgres://reeve:secret@db.example.com:5432/reeve?sslmode=verify-full"

    database = Env({"DATABASE_URL": address}).database("DATABASE_URL", tmp_path)

    assert database["OPTIONS"] == {"sslmode": "verify-full", "pool": False}


@pytest.mark.parametrize("token", ["short", "twenty characters and blanks", "twenty-characters-with-ü"])
def test_a_token_is_long_and_can_be_sent(token):
    with pytest.raises(ImproperlyConfigured, match="METRICS_TOKEN must have 20 characters"):
        Env({"METRICS_TOKEN": token}).token("METRICS_TOKEN")


def test_without_a_token_there_is_none():
    assert Env({}).token("METRICS_TOKEN") == ""
