"""The log: one line a record, which request or job it came from, and nothing secret in it."""

import copy
import logging
import re
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

from django.core.signals import request_finished, request_started
from pythonjsonlogger.core import LogData
from pythonjsonlogger.json import JsonFormatter

where: ContextVar[str] = ContextVar("where", default="")
"""The request or the job that is being worked on: `GET /people/`, `core.send_mail 2xYz`."""

_NAMES = (
    "password|passwd|pwd|secret|token|client_assertion|code_verifier|sealing_?keys|api_?key|private_?key"
    "|reeve_session|reeve_csrf"
)
"""Words in names of what is secret: `PGPASSWORD`, `new_password`, `METRICS_TOKEN`."""
_QUOTED = r"""b?(?:"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|["'][^\r\n]*)"""
"""A text with its escapes; one that does not end, to the end of its line."""
_VALUE = (
    rf"(?:[\[(]+\s*{_QUOTED}(?:\s*,\s*{_QUOTED})*|{_QUOTED}"
    r"""|\\["'](?:[^"'\\]|\\[^"'])*|[\[(]*(?:[^\s&"',;)}]|,(?=[^\s"']))+)"""
)
"""As forms, dictionaries, JSON within JSON and lines of settings are printed."""
_HIDDEN = "***"
_RULES = (
    # Words that say what follows; of the first kinds all that stands behind them in the line.
    (
        re.compile(r"(?i)((?:proxy-)?authorization[\"']?\s*[:=]\s*)(?:[\"'][^\"']*[\"']|[^\r\n,;}]+)"),
        r"\1" + _HIDDEN,
    ),
    (re.compile(r"(?i)((?:set-)?cookie[\"']?\s*[:=]\s*)(?:[\"'][^\"']*[\"']|[^\r\n}]+)"), r"\1" + _HIDDEN),
    (re.compile(r"(?i)\b(bearer|basic)\s+[a-z0-9._~+/-]{8,}=*"), r"\1 " + _HIDDEN),
    (
        re.compile(rf"(?i)((?:{_NAMES})[\w-]{{0,40}}\\?[\"']?\]?\s*[:=]\s*){_VALUE}"),
        r"\1" + _HIDDEN,
    ),
    (re.compile(r"([?&](?:code|state|next_token)=)[^\s&\"']+"), r"\1" + _HIDDEN),
    # Passwords in addresses: redis://:password@host.
    (re.compile(r"(?i)\b([a-z][a-z0-9+.-]*://[^\s/@:\"']*:)[^\s/\"']+@"), r"\1" + _HIDDEN + "@"),
    # Links that sign in.
    (re.compile(r"(/setup/)[^\s/\"'?]+"), r"\1" + _HIDDEN),
    (re.compile(r"(/(?:password|invitation)/[^\s/\"'?]+/)[^\s/\"'?]+"), r"\1" + _HIDDEN),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), _HIDDEN),  # a JSON Web Token
)


def blacked_out(text: str) -> str:
    """The text without what looks like a secret: it may say `password=***` where none was."""
    for pattern, instead in _RULES:
        text = pattern.sub(instead, text)
    return text


class BlackOut(logging.Filter):
    """For every handler: hands on a copy of the record from which secrets are gone, tracebacks included."""

    def filter(self, record: logging.LogRecord) -> logging.LogRecord:
        quiet = copy.copy(record)
        quiet.msg, quiet.args = blacked_out(_message(record)), ()
        trace = _formatter.formatException(record.exc_info) if record.exc_info else record.exc_text
        quiet.exc_info, quiet.exc_text = None, blacked_out(trace) if trace else None
        quiet.stack_info = blacked_out(record.stack_info) if record.stack_info else None
        quiet.where = blacked_out(where.get())
        return quiet


class OneLine(JsonFormatter):
    """A record as a line of JSON: time, level, logger, message, and where and exception if there are any."""

    def add_fields(self, log_data: LogData, record: logging.LogRecord, message_dict: dict[str, Any]) -> None:
        log_data["time"] = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        log_data["level"] = record.levelname
        log_data["logger"] = record.name
        log_data["message"] = record.getMessage()
        found = {"where": getattr(record, "where", ""), "exception": record.exc_text}
        log_data.update({name: value for name, value in found.items() if value})


def listen() -> None:
    """From here on records written while a request is answered say which."""
    request_started.connect(_begun, dispatch_uid="core.logs")
    request_finished.connect(_over, dispatch_uid="core.logs")


def _begun(environ: dict[str, Any] | None = None, **_: object) -> None:
    if environ:
        where.set(f"{environ['REQUEST_METHOD']} {environ.get('PATH_INFO', '')}")


def _over(**_: object) -> None:
    where.set("")


def _message(record: logging.LogRecord) -> str:
    """A record whose words and values do not fit together is told as it is: a log never stops the work."""
    try:
        return record.getMessage()
    except (TypeError, ValueError):
        return f"{record.msg} {record.args}"


_formatter = logging.Formatter()
