"""The thinking of social: what a pair's columns mean to each side. Pure functions over plain values."""

from datetime import datetime
from typing import Protocol
from uuid import UUID

import msgspec

from talktalk_wire.social import Relation


class PairColumns(Protocol):
    """The columns of a pair's row."""

    low_id: UUID
    high_id: UUID
    low_listed_at: datetime | None
    high_listed_at: datetime | None
    low_blocked_at: datetime | None
    high_blocked_at: datetime | None


class View(msgspec.Struct, frozen=True):
    """A pair as one of the two sees it."""

    listed_at: datetime | None
    """Since when I list them."""
    lists_me_at: datetime | None
    blocked_at: datetime | None
    """Since when I block them."""
    blocks_me_at: datetime | None

    @property
    def is_mutual(self) -> bool:
        """Whether both list the other: friends, who see each other's presence."""
        return self.listed_at is not None and self.lists_me_at is not None

    @property
    def is_blocked(self) -> bool:
        """Whether either blocks the other."""
        return self.blocked_at is not None or self.blocks_me_at is not None


STRANGERS = View(None, None, None, None)


def ordered(one: UUID, other: UUID) -> tuple[UUID, UUID]:
    """The two ids as a pair's row has them."""
    return (one, other) if one < other else (other, one)


def view(pair: PairColumns, mine: UUID) -> View:
    """The pair as `mine` sees it."""
    low = (pair.low_listed_at, pair.high_listed_at, pair.low_blocked_at, pair.high_blocked_at)
    if mine == pair.low_id:
        return View(*low)
    assert mine == pair.high_id, "only the two of a pair look at it"
    return View(low[1], low[0], low[3], low[2])


def relation(seen: View, open_sender: UUID | None, mine: UUID) -> Relation:
    """What the other is to me.

    Args:
        seen: The pair as I see it.
        open_sender: Who sent the request that is open between us, if there is one.
        mine: My id.
    """
    if seen.blocked_at is not None:
        return Relation.BLOCKED
    if seen.listed_at is not None:
        return Relation.FRIEND
    if open_sender is None:
        return Relation.STRANGER
    return Relation.REQUESTED if open_sender == mine else Relation.ASKED_ME
