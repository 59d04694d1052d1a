"""Logs: one JSON object a line, with the request's id, and without secrets.

A log call names an event and gives fields: `log.info("session.revoked", extra={"session_id": …})`.
Fields whose name says that they hold a secret are dropped, and whatever looks like a token, a code
or a phone number inside a text is covered, tracebacks included.
"""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

from talktalk.platform.context import current

HIDDEN = "[hidden]"
_SECRET_NAMES = re.compile(
    r"token|secret|password|passwd|authorization|cookie|\bpin\b|sealed|^code$|private|seed|mnemonic",
    re.IGNORECASE,
)
_SECRET_TEXTS = (
    (re.compile(r"(?i)(bearer|basic)\s+[A-Za-z0-9+/=._~-]{8,}"), r"\1 " + HIDDEN),
    (re.compile(r"(?i)(talktalk_session=)[^;\s]+"), r"\1" + HIDDEN),
    (re.compile(r"(://[^:/@\s]+:)[^@\s]+@"), r"\1" + HIDDEN + "@"),
    (re.compile(r"\b[A-Za-z0-9_-]{43}\b"), HIDDEN),
    (re.compile(r"\+\d{6,13}(\d{2})\b"), r"+…\1"),
)
_STANDARD = frozenset(logging.makeLogRecord({}).__dict__) | {"message", "asctime", "taskName"}

NOISY = ("httpx", "httpcore", "procrastinate", "websockets", "uvicorn")
"""Libraries that tell too much, addresses with secrets in them among it: heard from `WARNING` up."""


def redact(text: str) -> str:
    """Cover what looks like a secret or a phone number."""
    for pattern, cover in _SECRET_TEXTS:
        text = pattern.sub(cover, text)
    return text


class JsonFormatter(logging.Formatter):
    """One line of JSON a record."""

    def format(self, record: logging.LogRecord) -> str:
        """Render a record."""
        context = current.get()
        line: dict[str, Any] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "event": redact(record.getMessage()),
            "request_id": context.request_id,
        }
        if context.address:
            line["address"] = context.address
        for name, value in record.__dict__.items():
            if name not in _STANDARD:
                line[name] = HIDDEN if _SECRET_NAMES.search(name) else _plain(value)
        if record.exc_info:
            line["traceback"] = redact(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)


def _plain(value: object) -> object:
    if isinstance(value, str):
        return redact(value)
    if value is None or isinstance(value, bool | int | float):
        return value
    return redact(str(value))


def configure(level: str = "INFO", stream: TextIO | None = None) -> None:
    """Send all logs of this process to `stream` (default: standard error) as JSON."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonFormatter())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(level)
    for noisy in NOISY:
        logging.getLogger(noisy).setLevel("WARNING")
