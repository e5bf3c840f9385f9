"""The log: one line a record, told apart by request or job, and nothing secret in it."""

import io
import json
import logging
import subprocess
import sys

import pytest
from django.urls import URLPattern, URLResolver, get_resolver

from core import logs
from core.jobs.pulse import pulse
from tests.browser.instance import ROOT

CANARY = "canary7f3c1e9b5d"


@pytest.fixture
def written(settings):
    """What a handler of ours makes of a record; JSON unless told otherwise."""
    logs.where.set("")  # an earlier test may have left an answer of its client unread

    def write(message, *args, as_json=True, **options):
        formatter = logs.OneLine() if as_json else logging.Formatter("%(levelname)s %(name)s: %(message)s")
        lines = io.StringIO()
        handler = logging.StreamHandler(lines)
        handler.setFormatter(formatter)
        handler.addFilter(logs.BlackOut())
        logger = logging.Logger("reeve.test")
        logger.addHandler(handler)
        logger.warning(message, *args, **options)
        return lines.getvalue().removesuffix("\n")

    return write


@pytest.mark.parametrize("as_json", [True, False])
@pytest.mark.parametrize(
    "text",
    [
        f"Authorization: Bearer {CANARY}",
        f"{{'Authorization': 'Basic {CANARY}', 'Accept': '*/*'}}",
        f"Proxy-Authorization: Negotiate {CANARY}, and more",
        f"sent bearer {CANARY}",
        f"Cookie: reeve_session={CANARY}; theme=dark",
        f"__Host-reeve_session={CANARY}",
        f"redis://:{CANARY}@127.0.0.1:6379/0 does not answer",
        f"smtp+tls://user:{CANARY}@mail.example.com:587",
        f"postgres://reeve:p@{CANARY}@db:5432/reeve",
        f"client_id=reeve&client_secret={CANARY}&grant_type=client_credentials",
        f'{{"client_secret": "{CANARY} with blanks", "client_id": "reeve"}}',
        f"{{'password': '{CANARY}, and more'}}",
        f"{{b'password': b'{CANARY}'}}",
        f"password = {CANARY}",
        f"SEALING_KEYS={CANARY}=",
        f"SEALING_KEYS=first=,{CANARY}=",
        f"METRICS_TOKEN={CANARY}",
        f"PGPASSWORD={CANARY} pg_dump",
        f"new_password: {CANARY}",
        f"<QueryDict: {{'password': ['{CANARY}'], 'again': ['x']}}>",
        f"<QueryDict: {{'password': ['x', '{CANARY}']}}>",
        f"{{'client_secret': ('{CANARY} with blanks',)}}",
        f"{{'client_secret': [{CANARY}]}}",
        f'{{"password": "a\\"{CANARY}"}}',
        f"{{'password': 'a\\'{CANARY}'}}",
        f'{{"body": "{{\\"password\\": \\"{CANARY}\\"}}"}}',
        f"request.POST['password'] = '{CANARY}'",
        f'password="{CANARY} that was cut off',
        f"{{'HTTP_AUTHORIZATION': 'Digest {CANARY}'}}",
        f"{{'HTTP_COOKIE': 'reeve_session={CANARY}; x={CANARY}'}}",
        f"GET /callback/?code={CANARY}&state=1",
        f"GET /callback/?iss=x&state={CANARY}",
        f"GET /setup/{CANARY}/",
        f"GET /password/2xYz/{CANARY}/",
        f"https://reeve.example.com/invitation/2xYz/{CANARY}/?next=/",
        f"id token eyJhbGciOiJub25lIn0.{CANARY}.{CANARY}",
    ],
)
def test_secrets_are_blacked_out_wherever_they_stand(written, text, as_json):
    assert CANARY in text

    assert CANARY not in written(text, as_json=as_json)
    assert CANARY not in written("%s", text, as_json=as_json)


@pytest.mark.parametrize("as_json", [True, False])
def test_secrets_in_a_traceback_are_blacked_out(written, as_json):
    try:
        raise OSError(f"redis://:{CANARY}@host refused")
    except OSError:
        line = written("It failed.", exc_info=True, as_json=as_json)

    assert "OSError" in line
    assert "refused" in line
    assert CANARY not in line


@pytest.mark.parametrize(
    "text",
    [
        "Letter 2xYz was put off: The mail server answered 450: try later",
        "https://reeve.example.com/people/?q=ada@meridian.example",
        "sync 17 of Coupa: 50,000 records in 12 s",
        "celery ended (exit code 1); starting it again",
    ],
)
def test_what_is_not_secret_stays(written, text):
    assert json.loads(written(text))["message"] == text


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("{'password': 'a', 'email': 'ada@x.example'}", "{'password': ***, 'email': 'ada@x.example'}"),
        ("{'token': ['a', 'b'], 'page': ['2']}", "{'token': ***], 'page': ['2']}"),
        ("client_secret=a&client_id=reeve", "client_secret=***&client_id=reeve"),
    ],
)
def test_what_stands_beside_a_secret_stays(written, text, shown):
    assert json.loads(written(text))["message"] == shown


def test_every_address_with_a_token_is_blacked_out(written):
    routes = [route for route in _routes(get_resolver()) if "token>" in route]

    shown = [written("GET /%s", route.replace("<str:token>", CANARY)) for route in routes]

    assert routes
    assert [line for line in shown if CANARY in line] == []


def _routes(resolver, before=""):
    for entry in resolver.url_patterns:
        if isinstance(entry, URLResolver):
            yield from _routes(entry, before + str(entry.pattern))
        elif isinstance(entry, URLPattern):
            yield before + str(entry.pattern)


def test_a_record_in_json_is_one_line_with_its_time(written):
    try:
        raise ValueError("odd\nvalue")
    except ValueError:
        line = written("Two\nlines", exc_info=True, extra={"request": "<WSGIRequest>"})

    found = json.loads(line)
    assert "\n" not in line
    assert set(found) == {"time", "level", "logger", "message", "exception"}
    assert (found["level"], found["logger"], found["message"]) == ("WARNING", "reeve.test", "Two\nlines")
    assert found["time"].endswith("+00:00")


def test_the_record_itself_is_left_as_it_was(written):
    record = logging.LogRecord("n", logging.INFO, "f", 1, "password=%s", ("abc",), None)

    quiet = logs.BlackOut().filter(record)

    assert quiet.getMessage() == "password=***"
    assert record.getMessage() == "password=abc"


def test_words_and_values_that_do_not_fit_do_not_stop_the_work(written):
    assert "two words" in written("%s two words %s", "one")


def test_a_record_says_which_request_it_came_from(client, db, monkeypatch):
    seen = []

    def broker_answers():
        seen.append(logs.where.get())
        return True

    monkeypatch.setattr("core.views.health.broker_answers", broker_answers)

    client.get("/health/ready")

    assert seen == ["GET /health/ready"]
    assert logs.where.get() == ""


def test_a_record_says_which_job_it_came_from(db, monkeypatch):
    seen = []
    monkeypatch.setattr("core.actions.pulses.beat", lambda: seen.append(logs.where.get()))

    pulse.apply()

    assert seen == ["core.pulse"]
    assert logs.where.get() == ""


def test_every_handler_blacks_out():
    asks = (
        "import logging, granian.log; granian.log.configure_logging(granian.log.LogLevels.info);"
        "import django; django.setup();"
        "from celery import current_app; current_app.log.setup(loglevel='INFO');"
        "found = [logging.getLogger(), *map(logging.getLogger, logging.root.manager.loggerDict)];"
        "handlers = {h for each in found for h in each.handlers if type(h) is not logging.NullHandler};"
        "print(len(handlers), [h for h in handlers if 'BlackOut' not in str(h.filters)])"
    )

    done = subprocess.run([sys.executable, "-c", asks], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.stdout.strip() == "1 []", done.stderr
