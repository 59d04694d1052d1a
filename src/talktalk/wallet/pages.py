"""Opaque cursors of lists that are ordered by id."""

import base64
import binascii
from uuid import UUID

from talktalk.wallet.errors import CursorMalformed


def write_cursor(last: UUID | None) -> str | None:
    """The cursor of the page after `last`; null at the end."""
    return None if last is None else base64.urlsafe_b64encode(last.bytes).rstrip(b"=").decode()


def read_cursor(cursor: str | None) -> UUID | None:
    """The id a page ended with.

    Raises:
        CursorMalformed: Not a cursor of ours.
    """
    if cursor is None:
        return None
    try:
        return UUID(bytes=base64.b64decode(cursor + "==", altchars=b"-_", validate=True))
    except (ValueError, binascii.Error) as error:
        raise CursorMalformed from error
