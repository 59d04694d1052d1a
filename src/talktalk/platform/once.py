"""What is made once under a key that its own row keeps for ever."""

from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import msgspec
from sqlalchemy.ext.asyncio import AsyncSession

from talktalk.platform.database import Database

T = TypeVar("T")


class Made(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """What a key stands for."""

    value: T
    is_replay: bool
    """It was made before, not by this call."""


async def make_once(
    database: Database,
    known: Callable[[AsyncSession], Awaitable[T | None]],
    make: Callable[[], Awaitable[T | None]],
) -> Made[T]:
    """What the key made before, or what is made now.

    Args:
        database: Where `known` looks.
        known: What the key made; None if nothing. Raises if it was made from another input.
        make: Makes it, in transactions of its own; None if the same key made it at this very moment.
    """
    async with database.transaction() as db:
        found = await known(db)
    if found is None:
        made = await make()
        if made is not None:
            return Made(value=made, is_replay=False)
        async with database.transaction() as db:
            found = await known(db)
    assert found is not None, "who won the race has committed"
    return Made(value=found, is_replay=True)
