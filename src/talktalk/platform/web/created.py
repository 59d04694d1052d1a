"""The answer of a route that makes something under a key."""

from typing import TypeVar

from litestar import Response

from talktalk.platform.idempotency import REPLAY_HEADER
from talktalk.platform.once import Made

T = TypeVar("T")


def created(made: Made[T]) -> Response[T]:
    """201 with what was made; a replay is marked as one."""
    headers = {REPLAY_HEADER: "true"} if made.is_replay else {}
    return Response(made.value, status_code=201, headers=headers)
