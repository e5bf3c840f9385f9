"""The environment is read loudly."""

import pytest
from django.core.exceptions import ImproperlyConfigured

from config.env import SQLITE, Env


def test_a_missing_value_is_named():
    with pytest.raises(ImproperlyConfigured, match="SECRET_KEY"):
        Env({}).secret("SECRET_KEY")


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


def test_a_number_is_whole():
    with pytest.raises(ImproperlyConfigured, match="SYNC"):
        Env({"SYNC": "1.5"}).number("SYNC", default=1)


def test_sqlite_takes_the_write_lock_at_the_start(tmp_path):
    database = Env({}).database("DATABASE_URL", tmp_path)

    assert database["NAME"] == str(tmp_path / "db.sqlite3")
    assert database["OPTIONS"] == SQLITE
    assert SQLITE["transaction_mode"] == "IMMEDIATE"


def test_another_kind_of_database_is_refused(tmp_path):
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL"):
        Env({"DATABASE_URL": "mysql://a/b"}).database("DATABASE_URL", tmp_path)
