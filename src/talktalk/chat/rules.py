"""The thinking of chat: pure functions."""

import re
from typing import Final
from uuid import UUID

from talktalk.chat.errors import BodyRefused

REQUEST_MESSAGES_MAX: Final = 5
"""Messages a stranger may send before the other accepts."""
REQUESTS_OPEN_MAX: Final = 50
"""Strangers whom one person may have written to, or be about to, without an answer."""
CURSORS_SHOWN_MAX: Final = 100
"""Above so many members cursors are not pushed one by one."""

_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def check_body(body: str) -> None:
    """Refuse what is not a text.

    Raises:
        BodyRefused: Blank, or with NUL or half a surrogate pair in it.
    """
    if not body.strip():
        raise BodyRefused("A message has at least one visible character")
    if _UNSTORABLE.search(body):
        raise BodyRefused("A character of this text cannot be stored")


def pair(a: UUID, b: UUID) -> tuple[UUID, UUID]:
    """The two people of a direct room in the order that makes the room unique."""
    return (a, b) if a < b else (b, a)
