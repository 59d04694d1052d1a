"""One gap-free sequence of events, and the sockets of this process that follow it.

`head` is the newest position that was handed to the followers; every follower has everything up to it.
`offer` brings new events:

    offered            | what happens
    -------------------|------------------------------------------------------------------
    all ≤ head         | a repeat: dropped
    from head + 1 on   | written to every follower, head moves (a repeated start is cut off)
    beyond head + 1    | a gap: `wanted` moves, the owner fetches from head + 1 on

So positions only move past finished work, whatever order, repetition or loss the way here brings.

A channel begins *opening*: it takes note of what is offered, and `open` gives it the head that was read
from the database after it had been entered where offers arrive. No event falls between.

A follower that joins at a position beyond the head (it read the database, our wake-up is still on its
way) is remembered in `_ahead` until the head has come there.
"""

from collections.abc import Callable, Sequence
from typing import Final, Protocol
from uuid import UUID

OPENING: Final = -1


class Follower(Protocol):
    """A socket, as far as a channel knows it."""

    def write(self, frames: bytes) -> None:
        """Send whole frames."""


class Channel:
    """The sequence of one room or of one user."""

    __slots__ = (
        "_ahead",
        "_followers",
        "_on_gap",
        "head",
        "holds",
        "is_fetching",
        "is_quiet",
        "key",
        "wanted",
    )

    def __init__(self, key: UUID, on_gap: Callable[["Channel"], None]) -> None:
        """`on_gap` is called when `wanted` lies beyond `head` and nobody fetches yet."""
        self.key = key
        self.head = OPENING
        self.wanted = OPENING
        """The newest position heard of."""
        self.holds = 0
        """Who needs the channel though they do not follow it yet."""
        self.is_fetching = False
        self.is_quiet = False
        """Nothing passing (typing, read receipts) goes through this room."""
        self._followers: dict[Follower, None] = {}
        self._ahead: dict[Follower, int] | None = None
        self._on_gap = on_gap

    @property
    def followers(self) -> list[Follower]:
        """Who follows, in the order they came."""
        return list(self._followers)

    @property
    def is_unused(self) -> bool:
        """Whether nobody follows or is about to."""
        return not self._followers and not self.holds

    def open(self, head: int) -> None:
        """Begin at `head`, which was read after this channel could be offered events."""
        assert self.head == OPENING, "a channel opens once"
        self.head = head
        self.hear(self.wanted)

    def hear(self, position: int) -> None:
        """The sequence has come to `position`; fetch what lies between, if anything does."""
        self.wanted = max(self.wanted, position)
        if self.head != OPENING and self.wanted > self.head and not self.is_fetching:
            self._on_gap(self)

    def offer(self, first: int, frames: Sequence[bytes]) -> None:
        """Bring the events from position `first` on, one frame each."""
        last = first + len(frames) - 1
        if self.head == OPENING or first > self.head + 1:
            self.hear(last)
            return
        if last <= self.head:
            return
        cut = self.head + 1 - first
        fresh = b"".join(frames[cut:] if cut else frames)
        behind = self._ahead
        self.head = last
        self.wanted = max(self.wanted, last)
        if behind is None:
            for follower in self._followers:
                follower.write(fresh)
            return
        for follower in self._followers:
            skip = behind.get(follower, 0) + 1 - first
            if skip <= cut:
                follower.write(fresh)
            elif skip < len(frames):
                follower.write(b"".join(frames[skip:]))
        still = {follower: position for follower, position in behind.items() if position > last}
        self._ahead = still or None

    def join(self, follower: Follower, position: int) -> None:
        """Follow from `position` + 1 on. The follower must have everything up to `position`, and that
        may not be before the head."""
        assert position >= self.head != OPENING, "replay first"
        self._followers[follower] = None
        if position > self.head:
            self._ahead = {**(self._ahead or {}), follower: position}
            self.hear(position)

    def leave(self, follower: Follower) -> None:
        """Stop following."""
        self._followers.pop(follower, None)
        if self._ahead is not None:
            self._ahead = {each: at for each, at in self._ahead.items() if each is not follower} or None
