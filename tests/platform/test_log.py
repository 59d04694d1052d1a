"""Logs are JSON lines with the request's id and without secrets."""

import io
import json
import logging
from typing import Any

from talktalk.platform import log
from talktalk.platform.context import RequestContext, current

TOKEN = "q7Jp0t3mR9sXw2Vb5Yk8Zn1Lc4Df6Gh0Aj3Ke5Mi7Po"


def logger_to(stream: io.StringIO) -> logging.Logger:
    """A logger of its own with our formatter."""
    handler = logging.StreamHandler(stream)
    handler.setFormatter(log.JsonFormatter())
    logger = logging.getLogger("talktalk.tests.log")
    logger.handlers = [handler]
    logger.propagate = False
    logger.setLevel("INFO")
    return logger


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    """What was logged."""
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def test_a_line_has_event_fields_and_request() -> None:
    stream = io.StringIO()
    token = current.set(RequestContext("req-12345678", "203.0.113.9"))
    try:
        logger_to(stream).info("session.revoked", extra={"session_id": "s1", "count": 2, "said": "한글\n둘"})
    finally:
        current.reset(token)
    [line] = lines(stream)
    assert line["event"] == "session.revoked"
    assert (line["request_id"], line["address"]) == ("req-12345678", "203.0.113.9")
    assert (line["session_id"], line["count"], line["said"]) == ("s1", 2, "한글\n둘")


def test_secrets_are_covered_wherever_they_stand() -> None:
    stream = io.StringIO()
    logger = logger_to(stream)
    logger.info(
        "told Bearer %s", TOKEN, extra={"token": "x", "server_secret": "y", "pin": "123456", "code": "123456"}
    )
    logger.info("cookie talktalk_session=%s; and +821012345678", "short")
    logger.info("at postgresql://me:hunter2@db/talk")
    try:
        int(TOKEN)
    except ValueError:
        logger.exception("failed")
    text = stream.getvalue()
    for secret in (TOKEN, "hunter2", "123456", "=short", "+8210123456"):
        assert secret not in text
    first = lines(stream)[0]
    assert {first[name] for name in ("token", "server_secret", "pin", "code")} == {log.HIDDEN}
    assert "ValueError" in lines(stream)[-1]["traceback"]
